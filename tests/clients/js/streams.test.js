// Streams read by the official client from a worker that streams.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import runpodSdk from "runpod-sdk";

import { ATTACHED, Endpoint, eventually } from "./processes.js";

const items = (...items) => items.map((item) => ({ item }));
// The handler waits here until the suite lets it continue.
const HELD = { progress: "held" };

for (const attached of ATTACHED) {
  describe(`streams, ${attached}`, () => {
    let endpoint;
    let client;

    before(async () => {
      endpoint = await Endpoint.start(attached, "stream", "streams");
      client = runpodSdk("any", { baseUrl: endpoint.baseUrl }).endpoint("local");
    });
    after(() => endpoint?.end());

    async function all(id) {
      const outputs = [];
      for await (const { output } of client.stream(id)) outputs.push(output);
      return outputs;
    }

    test("an item arrives while the next one is not yet made", async () => {
      const { id } = await client.run({ input: { steps: [...items("first"), HELD, ...items("second")] } });
      const stream = client.stream(id);
      assert.deepEqual((await stream.next()).value, { output: "first" });
      assert.equal((await client.status(id)).status, "IN_PROGRESS");
      endpoint.worker.line();
      assert.deepEqual((await stream.next()).value, { output: "second" });
      assert.equal((await stream.next()).done, true);
      assert.equal((await client.status(id)).status, "COMPLETED");
    });

    test("many items arrive whole and in order", async () => {
      const expected = Array.from({ length: 500 }, (_, index) => ({ index, text: "ü".repeat(index % 50) }));
      const { id } = await client.run({ input: { steps: items(...expected) } });
      assert.deepEqual(await all(id), expected);
    });

    test("a stream that has ended is read to its last item", async () => {
      const { id } = await client.run({ input: { steps: items(1, 2, 3) } });
      await eventually(async () => (await client.status(id)).status === "COMPLETED");
      assert.deepEqual(await all(id), [1, 2, 3]);
    });

    test("a stream that fails keeps its items", async () => {
      const { id } = await client.run({ input: { steps: [...items(1, 2), { raise: "torn" }] } });
      assert.deepEqual(await all(id), [1, 2]);
      const ended = await client.status(id);
      assert.equal(ended.status, "FAILED");
      assert.match(ended.error, /torn/);
    });

    test("the stream of a job that is cancelled ends", async () => {
      const { id } = await client.run({ input: { steps: [...items("first"), HELD, ...items("second")] } });
      const stream = client.stream(id);
      assert.deepEqual((await stream.next()).value, { output: "first" });
      await client.cancel(id);
      assert.equal((await stream.next()).done, true);
      // The cancelled handler may still be waiting for its line, which the next handler must not read.
      endpoint.worker.line();
    });
  });
}
