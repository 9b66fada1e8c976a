// A page of another origin cannot submit, read or take jobs. The page of an endpoint with an API key asks for the key.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { launch, open, screenshot, shows } from "./browser.js";
import { PATIENCE, endpoint } from "./programs.js";
import { Worker } from "./worker.js";

let served;
let browser;
let worker;

before(async () => {
  [served, browser] = await Promise.all([endpoint("origin"), launch()]);
  worker = new Worker(served);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

/** Starts another server on this machine that serves a page. */
async function stranger() {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>stranger</title><p>${request.url}</p>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  return { page, end: () => server.close() };
}

async function health() {
  return (await (await fetch(`${served.url}/health`)).json()).jobs;
}

test("a page of another origin cannot submit, read or take jobs", async () => {
  const { page, end } = await stranger();
  try {
    const before = await health();
    const waiting = await fetch(`${served.url}/run`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"input": {"secret": 1}}' });
    const { id } = await waiting.json();
    const tries = await page.evaluate(
      async ([url, id]) => {
        const attempt = async (path, options) => {
          try {
            const response = await fetch(url + path, options);
            return `${path}: read ${response.status} ${response.type} ${(await response.text()).slice(0, 80)}`;
          } catch {
            return null;
          }
        };
        const json = { "content-type": "application/json" };
        const body = '{"input": {"stolen": true}}';
        return Promise.all([
          attempt("/run", { method: "POST", headers: json, body }),
          attempt("/run", { method: "POST", body }),
          attempt("/runsync", { method: "POST", body }),
          attempt("/v2/local/run", { method: "POST", body }),
          attempt(`/cancel/${id}`, { method: "POST" }),
          attempt("/purge-queue", { method: "POST" }),
          attempt(`/status/${id}`),
          attempt("/health"),
          attempt("/local/state"),
          attempt(`/local/jobs/${id}`),
          attempt("/local/events"),
          attempt("/openapi.json"),
        ]);
      },
      [served.url, id],
    );
    assert.deepEqual(tries.filter(Boolean), []);
    // A request whose answer the page cannot read, such as a form or one with `no-cors`, has no effect either.
    await page.evaluate(
      async ([url, id, take]) => {
        const blind = { mode: "no-cors", credentials: "include" };
        const body = '{"input": {"stolen": true}}';
        await Promise.allSettled([
          fetch(`${url}/run`, { ...blind, method: "POST", body, headers: { "content-type": "text/plain" } }),
          fetch(`${url}/cancel/${id}`, { ...blind, method: "POST" }),
          fetch(`${url}/purge-queue`, { ...blind, method: "POST" }),
          fetch(take, blind),
          fetch(`${url}/ping/evil?job_id=${id}`, blind),
          fetch(`${url}/job-done/evil/${id}`, { ...blind, method: "POST", body: '{"output": 1}' }),
        ]);
      },
      [served.url, id, worker.webhooks.GET_JOB.replaceAll("$RUNPOD_POD_ID", "evil")],
    );
    const now = await health();
    assert.deepEqual(now, { ...before, inQueue: before.inQueue + 1 });
    const job = await worker.take();
    assert.equal(job.id, id);
    await worker.done(job, { output: 1 });
  } finally {
    end();
  }
});

test("a form of another origin cannot submit a job", async () => {
  const { page, end } = await stranger();
  try {
    const before = await health();
    await page.evaluate((url) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `${url}/run`, enctype: "text/plain" });
      const field = document.createElement("input");
      Object.assign(field, { name: '{"input": {"stolen": "', value: '"}}' });
      form.append(field);
      document.body.append(form);
      form.submit();
    }, served.url);
    await page.waitForURL(`${served.url}/run`);
    assert.match(await page.textContent("body"), /"error"/);
    assert.deepEqual(await health(), before);
  } finally {
    end();
  }
});

test("the page cannot be put into a frame of another origin", async () => {
  const { page, end } = await stranger();
  try {
    const [frame] = await Promise.all([
      page.waitForEvent("framenavigated", (frame) => frame !== page.mainFrame()),
      page.evaluate((url) => {
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.append(frame);
      }, served.url),
    ]);
    assert.equal(await frame.locator("#new-job").count(), 0);
  } finally {
    end();
  }
});

test("a link of another origin opens the page", async () => {
  const { page, end } = await stranger();
  try {
    await page.evaluate((url) => location.assign(url), served.url);
    await page.locator('#connection[data-connection="live"]').waitFor();
  } finally {
    end();
  }
});

test("a name that leads to this machine is not enough to be let in", async () => {
  const { port } = new URL(served.url);
  const rebound = await launch({ args: [`--host-resolver-rules=MAP rebound.example 127.0.0.1`] });
  try {
    const page = await rebound.newPage();
    const response = await page.goto(`http://rebound.example:${port}/`);
    assert.ok(response.status() >= 400, String(response.status()));
    assert.equal(await page.locator("#new-job").count(), 0);
  } finally {
    await rebound.close();
  }
});

test("an endpoint with an API key asks for it, and works with it", async () => {
  const closed = await endpoint("key", { args: ["--api-key-env", "KEY_OF_THE_TEST"], environment: { KEY_OF_THE_TEST: "s3cret" } });
  try {
    const page = await open(browser, closed.url, { ready: false });
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.getByLabel("Key").fill("wrong");
    await dialog.getByRole("button", { name: "Continue" }).click();
    await shows(dialog.getByRole("alert"), /./);
    await screenshot(page, "key");
    await page.keyboard.press("Escape");
    await page.locator('#connection[data-connection="locked"]').waitFor();
    await page.getByRole("button", { name: "Enter the key" }).click();
    await dialog.getByLabel("Key").fill("s3cret");
    await page.keyboard.press("Enter");
    await page.locator('#connection[data-connection="live"]').waitFor();
    await page.getByRole("textbox", { name: "Input", exact: true }).fill('{"a": 1}');
    await page.getByRole("button", { name: "Submit job" }).click();
    const worker = new Worker(closed, "with-key", { authorization: "s3cret" });
    const job = await worker.take();
    await worker.done(job, { output: "let in" });
    await shows(page.getByRole("region", { name: "Result" }), "let in");
    // The code on the page reads the key from the variable that the endpoint read it from.
    const request = page.getByRole("region", { name: "Request" });
    for (const [name, words] of [
      ["curl", 'Authorization: Bearer $KEY_OF_THE_TEST"'],
      ["Python", 'os.environ["KEY_OF_THE_TEST"]'],
      ["JavaScript", "process.env.KEY_OF_THE_TEST"],
      ["Rust", 'std::env::var("KEY_OF_THE_TEST")?'],
      ["cargo runpod", 'RUNPOD_LOCAL_API_KEY="$KEY_OF_THE_TEST" cargo runpod invoke'],
    ]) {
      await request.getByRole("tab", { name, exact: true }).click();
      await shows(request.getByRole("tabpanel"), words);
      await screenshot(page, `snippet-${name.replace(" ", "-")}`);
    }
    assert.ok(!(await page.content()).includes("s3cret"));
    page.clean();
    await page.reload();
    await dialog.waitFor();
  } finally {
    await closed.end();
  }
});
