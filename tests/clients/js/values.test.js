// The official client with a worker that returns one value per job.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import runpodSdk from "runpod-sdk";

import { ATTACHED, Endpoint, PATIENCE, eventually } from "./processes.js";

const HANG = { input: { do: "hang" } };
const value = (value) => ({ input: { do: "return", value } });

for (const attached of ATTACHED) {
  describe(`values, ${attached}`, () => {
    let endpoint;
    let client;

    before(async () => {
      endpoint = await Endpoint.start(attached, "async", "values");
      client = runpodSdk("any", { baseUrl: endpoint.baseUrl }).endpoint("local");
    });
    after(() => endpoint?.end());

    /**
     * Starts a job that occupies the worker until it is cancelled, and waits until its handler has started. The state
     * IN_PROGRESS is not enough, because a job is in progress as soon as it is taken. If the SDK's worker is told to
     * stop a job before its handler has started, it never runs another job: asyncio does not run `finally` in a task
     * that is cancelled before its first step.
     */
    async function busy() {
      const { id } = await client.run(HANG);
      await eventually(async () => (await client.status(id)).output === "hanging");
      return id;
    }

    test("a job that was run ends with its output and its times", async () => {
      const output = { text: "Grüße, 世界 🌍", number: 0.1, nested: [{ a: null }, []] };
      const queued = await client.run(value(output));
      assert.equal(queued.status, "IN_QUEUE");
      assert.ok(queued.id);
      const ended = await client.statusSync(queued.id, PATIENCE);
      assert.equal(ended.id, queued.id);
      assert.equal(ended.status, "COMPLETED");
      assert.deepEqual(ended.output, output);
      assert.equal(typeof ended.delayTime, "number");
      assert.equal(typeof ended.executionTime, "number");
      assert.deepEqual([ended.started, ended.completed, ended.succeeded], [true, true, true]);
      assert.deepEqual((await client.status(queued.id)).output, output);
    });

    test("runSync waits for the output", async () => {
      const ended = await client.runSync(value([1, 2]), PATIENCE);
      assert.deepEqual(ended.output, [1, 2]);
      assert.deepEqual([ended.status, ended.succeeded], ["COMPLETED", true]);
    });

    test("runSync goes on to wait where its first wait ends too early", async () => {
      const id = await busy();
      // The client waits this long in its first request, and then again this long for the result.
      const wait = 3000;
      const waiting = client.runSync(value("late"), wait);
      await eventually(async () => (await client.health()).jobs.inQueue === 1);
      // This wait is as long as the client's first one, and starts later.
      await client.statusSync(id, wait);
      await client.cancel(id);
      const ended = await waiting;
      assert.deepEqual([ended.status, ended.output], ["COMPLETED", "late"]);
    });

    test("statusSync of a job that does not end in time gives its present state", async () => {
      const id = await busy();
      const present = await client.statusSync(id, 1000);
      assert.deepEqual([present.status, present.completed], ["IN_PROGRESS", false]);
      await client.cancel(id);
    });

    test("a handler that raises is a failed job with its message", async () => {
      const ended = await client.runSync({ input: { do: "raise", message: "no such model" } }, PATIENCE);
      assert.deepEqual([ended.status, ended.succeeded], ["FAILED", false]);
      assert.match(ended.error, /no such model/);
    });

    test("progress is the output of a job in progress", async () => {
      const { id } = await client.run({ input: { progress: [{ percent: 50 }], do: "return", value: "all" } });
      const progress = await eventually(async () => (await client.status(id)).output);
      assert.deepEqual(progress, { percent: 50 });
      endpoint.worker.line();
      assert.equal((await client.statusSync(id, PATIENCE)).output, "all");
    });

    test("a running job that is cancelled frees its worker", async () => {
      const id = await busy();
      const cancelled = await client.cancel(id);
      assert.deepEqual([cancelled.id, cancelled.status], [id, "CANCELLED"]);
      assert.equal((await client.status(id)).status, "CANCELLED");
      // The same worker runs the next job, so it was told to stop the first one.
      assert.equal((await client.runSync(value("next"), PATIENCE)).output, "next");
    });

    test("purging cancels what is queued and leaves what runs", async () => {
      const id = await busy();
      const queued = [await client.run(value(1)), await client.run(value(2))];
      assert.deepEqual(await client.purgeQueue(), { removed: 2, status: "completed" });
      for (const job of queued) assert.equal((await client.status(job.id)).status, "CANCELLED");
      assert.equal((await client.status(id)).status, "IN_PROGRESS");
      await client.cancel(id);
    });

    test("health counts jobs and workers", async () => {
      const id = await busy();
      const running = await client.health();
      assert.deepEqual([running.jobs.inProgress, running.workers.running], [1, 1]);
      await client.cancel(id);

      const before = (await client.health()).jobs;
      await client.runSync(value(1), PATIENCE);
      const after = (await client.health()).jobs;
      assert.equal(after.completed, before.completed + 1);
      for (const count of ["completed", "failed", "inProgress", "inQueue", "retried"]) {
        assert.ok(Number.isInteger(after[count]), count);
      }
      const { workers } = await eventually(async () => {
        const health = await client.health();
        return health.workers.idle === 1 && health;
      });
      for (const count of ["idle", "initializing", "ready", "running", "throttled"]) {
        assert.ok(Number.isInteger(workers[count]), count);
      }
    });

    test("a job that is not known is not found", async () => {
      await assert.rejects(client.status("no-such-job"), (error) => {
        assert.equal(error.response.status, 404);
        assert.match(error.response.data.error, /no-such-job/);
        return true;
      });
    });
  });
}
