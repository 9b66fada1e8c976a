// The official `openai` package with only its base URL changed, against our worker on the local endpoint and over HTTP.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";

import { Worker } from "./processes.js";

const MESSAGES = [{ role: "user", content: "to be or not" }];
const KINDS = {
  queue: { flags: ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", "0"], base: "/v2/local/openai/v1" },
  http: { flags: ["--serve-http", "--http-port", "0"], base: "/v1" },
};

for (const [kind, { flags, base }] of Object.entries(KINDS)) {
  describe(`the openai package, ${kind}`, () => {
    let worker;
    let client;

    before(async () => {
      worker = await Worker.start("RUNPOD_TEST_CHAT", flags, `openai-${kind}`);
      client = new OpenAI({ baseURL: worker.url + base, apiKey: "any", maxRetries: 0 });
    });
    after(() => worker?.end());

    const chat = (more) => client.chat.completions.create({ model: "parrot-1", messages: MESSAGES, ...more });

    test("the models are listed", async () => {
      const models = await client.models.list();
      assert.deepEqual(models.data.map((model) => model.id), ["lengths-1", "parrot-1"]);
    });

    test("an answer is one object", async () => {
      const answer = await chat({ max_tokens: 3 });
      assert.equal(answer.choices[0].message.content, "to be or ");
      assert.equal(answer.choices[0].finish_reason, "length");
      assert.equal(answer.usage.total_tokens, 7);
    });

    test("a stream has the pieces and the usage", async () => {
      const chunks = [];
      for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) {
        chunks.push(chunk);
      }
      const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
      assert.equal(text, "to be or not");
      assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
      assert.equal(chunks.at(-1).usage.total_tokens, 8);
    });

    test("a prompt is completed, and texts become vectors", async () => {
      const { choices } = await client.completions.create({ model: "parrot-1", prompt: "a b c", max_tokens: 2 });
      assert.equal(choices[0].text, "a b ");
      const { data } = await client.embeddings.create({ model: "lengths-1", input: ["a", "b c d"] });
      assert.deepEqual(data.map((vector) => vector.embedding), [[1], [5]]);
    });

    test("a bad request is an error with its parameter", async () => {
      const read = async () => {
        for await (const _ of await chat({ stream: true, temperature: -1 })) assert.fail("no chunk is expected");
      };
      await assert.rejects(read, { param: "temperature" });
      if (kind === "http") {
        await assert.rejects(chat({ temperature: -1 }), { status: 400, param: "temperature" });
        await assert.rejects(chat({ model: "gpt-4" }), { status: 404, code: "model_not_found" });
      } else {
        // As on the platform, the error is an object with the status 200.
        const answer = await chat({ temperature: -1 });
        assert.deepEqual([answer.object, answer.code, answer.param], ["error", 400, "temperature"]);
      }
    });

    test("a stream that is closed stops the job", async () => {
      const many = [{ role: "user", content: "word ".repeat(4000) }];
      for await (const chunk of await chat({ messages: many, stream: true })) {
        assert.equal(chunk.choices[0].delta.role, "assistant");
        break;
      }
      // Over HTTP, the job may also fail at an item that its client does not read any more.
      const stopped = (line) => ["CANCELLED", "Job stopped.", "disconnected"].some((end) => line.includes(end));
      await worker.waitFor((lines) => (lines.some(stopped) ? true : undefined));
    });
  });
}
