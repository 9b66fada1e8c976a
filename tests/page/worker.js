// A worker that a test controls over the real worker API. The test decides when an item, a progress update or a result
// arrives, so it never has to sleep.

import { PATIENCE } from "./programs.js";

export class Worker {
  constructor({ webhooks }, id = "driven-worker", headers = {}) {
    this.id = id;
    this.webhooks = webhooks;
    // The key that workers send to an endpoint without an API key. `headers` may replace it.
    this.headers = { authorization: "local", ...headers };
  }

  /** Waits for the next job. */
  async take() {
    for (;;) {
      const response = await this.#request("GET_JOB", "");
      if (response.status === 200) return response.json();
    }
  }

  /** Sends an item of the job's stream. */
  item(job, output) {
    return this.#post("POST_STREAM", job, { output });
  }

  progress(job, output) {
    return this.#post("POST_OUTPUT", job, { status: "IN_PROGRESS", output });
  }

  /** Posts the job's result: `{ output }` or `{ error }`. */
  done(job, result) {
    return this.#post("POST_OUTPUT", job, result);
  }

  /** Sends a heartbeat with the jobs that the worker runs. */
  async ping(jobs = []) {
    const query = jobs.length > 0 ? `?job_id=${jobs.map(({ id }) => id).join(",")}` : "";
    await this.#ok(await this.#request("PING", "", query));
  }

  /** Sends heartbeats until the test ends. A worker that stops sending them is taken for lost. */
  async live(jobs) {
    await this.ping(jobs);
    setInterval(() => this.ping(jobs).catch(() => {}), 2_000).unref();
  }

  /** Waits until the endpoint asks the worker to stop jobs, and returns their ids. */
  async stop() {
    for (;;) {
      const response = await this.#request("GET_JOB", "", "", "job-stop");
      if (response.status === 200) return (await response.json()).jobsToStop;
    }
  }

  async #post(webhook, job, body) {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await this.#ok(await this.#request(webhook, job.id, "", null, { method: "POST", body: JSON.stringify(body), headers }));
  }

  #request(webhook, job, query = "", instead = null, options = {}) {
    const worker = encodeURIComponent(this.id);
    const id = webhook === "GET_JOB" ? worker : encodeURIComponent(job);
    let address = this.webhooks[webhook].replaceAll("$RUNPOD_POD_ID", worker).replaceAll("$ID", id);
    if (instead) address = address.replace("job-take", instead);
    if (query) address += address.includes("?") ? `&${query.slice(1)}` : query;
    const headers = { ...this.headers, ...options.headers };
    return fetch(address, { ...options, headers, signal: AbortSignal.timeout(PATIENCE) });
  }

  async #ok(response) {
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  }
}
