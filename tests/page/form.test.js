// The form that the page builds from a handler's JSON Schema.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open, screenshot, shows } from "./browser.js";
import { endpoint, serving } from "./programs.js";
import { Worker } from "./worker.js";

let described;
let bare;
let browser;
let worker;

before(async () => {
  const example = { input: { prompt: "a crow", size: { width: 64, height: 64 } } };
  [described, bare, browser] = await Promise.all([
    serving("form", "RUNPOD_TEST_DESCRIBED", example),
    endpoint("form-bare"),
    launch(),
  ]);
  worker = new Worker(bare);
});

after(async () => {
  await browser?.close();
  await described?.end();
  await bare?.end();
});

/** Opens the page of an endpoint without handlers, and adds a handler with this schema to its state. */
async function formFor(input) {
  return open(browser, bare.url, { state: { handlers: [{ name: "draw", input, output: null }] } });
}

/** Submits the form and returns the input that the worker receives. */
async function submitted(page) {
  await page.getByRole("button", { name: "Submit job" }).click();
  const job = await worker.take();
  await worker.done(job, { output: 1 });
  return job.input;
}

test("a worker's own schema becomes a form, and its result is seen", async () => {
  const page = await open(browser, described.url);
  await page.getByLabel("prompt", { exact: true }).fill("a fox in the snow");
  await page.getByLabel("width", { exact: true }).fill("640");
  await page.getByLabel("height", { exact: true }).fill("480");
  await shows(page.locator(".hint"), "What the image shows.");
  await screenshot(page, "form");
  await page.getByRole("button", { name: "Submit job" }).click();
  await shows(page.getByRole("region", { name: "Result" }), '"pixels": 307200');
  page.clean();
});

test("the example fills the form, and does so again with one click", async () => {
  const page = await open(browser, described.url);
  const prompt = page.getByLabel("prompt", { exact: true });
  assert.equal(await prompt.inputValue(), "a crow");
  await prompt.fill("something else");
  await page.getByRole("button", { name: "a crow" }).click();
  assert.equal(await prompt.inputValue(), "a crow");
  assert.equal(await page.getByLabel("width", { exact: true }).inputValue(), "64");
  await page.getByRole("button", { name: "Submit job" }).click();
  await shows(page.getByRole("region", { name: "Result" }), '"caption": "a crow"');
  page.clean();
});

test("what the schema forbids is said at the field, and nothing is sent", async () => {
  const page = await open(browser, described.url);
  await page.getByLabel("prompt", { exact: true }).fill("a fox");
  await page.getByLabel("width", { exact: true }).fill("9999");
  await page.getByLabel("height", { exact: true }).fill("a lot");
  await page.getByRole("button", { name: "Submit job" }).click();
  await screenshot(page, "form-faults");
  await shows(page.locator(".field", { hasText: "width" }), "must be at most 2048");
  await shows(page.locator(".field", { hasText: "height" }), "must be a whole number");
  await shows(page.getByRole("alert"), "2 fields have errors");
  const invalid = page.locator("#new-job [aria-invalid=true]");
  assert.equal(await invalid.count(), 2);
  assert.ok(await invalid.first().evaluate((field) => document.activeElement === field));
  assert.match(page.url(), /\/(#\/)?$/);
  page.clean();
});

test("what is in the form is in the JSON, and back, and what does not fit stays JSON", async () => {
  const page = await open(browser, described.url);
  await page.getByLabel("prompt", { exact: true }).fill("a fox");
  await page.getByLabel("width", { exact: true }).fill("640");
  await page.getByText("JSON", { exact: true }).click();
  const editor = page.getByRole("textbox", { name: "Input", exact: true });
  assert.deepEqual(JSON.parse(await editor.inputValue()), { prompt: "a fox", size: { width: 640, height: 64 } });
  await editor.fill('{"prompt": "two foxes", "size": {"width": 1, "height": 2}, "unknown": [1.0]}');
  await page.getByText("Form", { exact: true }).click();
  assert.equal(await page.getByLabel("prompt", { exact: true }).inputValue(), "two foxes");
  await shows(page.locator(".hint"), "Also sent, although not in the schema: unknown");
  await page.getByText("JSON", { exact: true }).click();
  assert.match(await editor.inputValue(), /"unknown": \[\s*1\.0\s*\]/);
  await editor.fill('{"prompt": 5, "size": {}}');
  await page.getByText("Form", { exact: true }).click();
  await shows(page.getByRole("alert"), "input.prompt: expected text");
  assert.ok(await editor.isVisible());
  page.clean();
});

const SCHEMA = {
  type: "object",
  required: ["text", "whole", "real", "flag", "mode", "size", "shape", "version"],
  properties: {
    text: { type: "string" },
    secret: { type: ["string", "null"], maxLength: 10 },
    whole: { type: "integer", minimum: 0 },
    real: { type: "number" },
    flag: { type: "boolean" },
    maybe: { type: "boolean", default: true },
    mode: { oneOf: [{ const: "fast", description: "Quick" }, { const: "good" }] },
    count: { enum: [1, 2, null] },
    size: { $ref: "#/$defs/Size", description: "How large." },
    mask: { anyOf: [{ $ref: "#/$defs/Size" }, { type: "null" }] },
    tags: { type: "array", items: { type: "string" }, maxItems: 2 },
    boxes: { type: "array", items: { $ref: "#/$defs/Size" } },
    shape: {
      oneOf: [
        { type: "object", properties: { Circle: { type: "number" } }, required: ["Circle"] },
        { type: "object", properties: { Square: { $ref: "#/$defs/Size" } }, required: ["Square"] },
      ],
    },
    version: { const: 2 },
    tree: { $ref: "#/$defs/Tree" },
    anything: true,
    all: { allOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { properties: { b: { type: "integer" } } }] },
  },
  $defs: {
    Size: { type: "object", properties: { w: { type: "integer" }, h: { type: "integer" } }, required: ["w", "h"] },
    Tree: { type: "object", properties: { leaf: { type: "string" }, next: { $ref: "#/$defs/Tree" } } },
  },
};

test("a worker that was built anew gets its form, and what was written stays", async () => {
  const schema = (name) => ({ type: "object", properties: { [name]: { type: "string" } } });
  const state = { handlers: [{ name: "draw", input: schema("wings"), output: null }] };
  const page = await open(browser, bare.url, { state });
  await page.getByLabel("wings", { exact: true }).waitFor();
  const told = async (name, place) => {
    state.handlers = [{ name: "draw", input: schema(name), output: null }];
    // The page fetches the state again when it navigates.
    await page.evaluate((hash) => (location.hash = hash), place);
  };
  await told("beak", "#/jobs/none");
  await page.getByLabel("beak", { exact: true }).fill("curved");
  assert.equal(await page.getByLabel("wings", { exact: true }).count(), 0);

  await told("claws", "#/");
  await page.getByLabel("claws", { exact: true }).waitFor();
  await screenshot(page, "form-built-anew");
  assert.deepEqual(await submitted(page), { beak: "curved" });
  page.clean();
});

test("every kind of schema has its field", async () => {
  const page = await formFor(SCHEMA);
  const field = (name) => page.getByLabel(name, { exact: true });
  const group = (name) => page.getByRole("group", { name });
  await field("text").fill("two\nlines");
  await field("whole").fill("18446744073709551615");
  await field("real").fill("2.50");
  await field("flag").check();
  await field("maybe").selectOption("false");
  await field("mode").selectOption({ label: "good" });
  await field("count").selectOption("2");
  await group("size").getByLabel("w").fill("1");
  await group("size").getByLabel("h").fill("2");
  await field("mask").check();
  await group("mask").getByLabel("w").fill("3");
  await group("mask").getByLabel("h").fill("4");
  await group("tags").getByRole("button", { name: "Add item" }).click();
  await field("tags 1").fill("fox");
  await group("tags").getByRole("button", { name: "Add item" }).click();
  await group("tags").getByRole("button", { name: "Remove tags 1" }).click();
  await field("tags 2").fill("crow");
  await group("boxes").getByRole("button", { name: "Add item" }).click();
  await group("boxes").getByLabel("w").fill("5");
  await group("boxes").getByLabel("h").fill("6");
  await page.getByLabel("Kind of shape").selectOption("Square");
  await group("Square").getByLabel("w").fill("7");
  await group("Square").getByLabel("h").fill("8");
  await field("tree").check();
  await group("tree").getByLabel("leaf").fill("deep");
  await field("anything").fill('{"free": true}');
  await field("all").check();
  await group("all").getByLabel("a", { exact: true }).fill("x");
  await screenshot(page, "form-every-kind");
  let sent;
  page.on("request", (request) => (sent = request.url().endsWith("/run") ? request.postData() : sent));
  const input = await submitted(page);
  // The worker is written in JavaScript and would round this number, so the request itself is checked.
  assert.match(sent, /"whole":18446744073709551615,"real":2\.50/);
  assert.deepEqual(
    { ...input, whole: 0 },
    {
      text: "two\nlines",
      whole: 0,
      real: 2.5,
      flag: true,
      maybe: false,
      mode: "good",
      count: 2,
      size: { w: 1, h: 2 },
      mask: { w: 3, h: 4 },
      tags: ["crow"],
      boxes: [{ w: 5, h: 6 }],
      shape: { Square: { w: 7, h: 8 } },
      version: 2,
      tree: { leaf: "deep" },
      anything: { free: true },
      all: { a: "x" },
    },
  );
  page.clean();
});

test("what is needed comes first and is marked, and all else is in the order of its declaration", async () => {
  const properties = Object.fromEntries(["zoom", "prompt", "style", "seed", "mask", "tags"].map((key) => [key, { type: "string" }]));
  const page = await formFor({ type: "object", properties, required: ["prompt", "mask"] });
  await page.getByLabel("prompt", { exact: true }).waitFor();
  const marks = await page.locator("#new-job .field-head").allTextContents();
  // The headings of the editor and of the options follow.
  assert.deepEqual(marks.slice(0, 6), ["promptrequired", "maskrequired", "zoomoptional", "styleoptional", "seedoptional", "tagsoptional"]);
  await screenshot(page, "form-order");
  for (const key of Object.keys(properties)) await page.getByLabel(key, { exact: true }).fill(key);
  let sent;
  page.on("request", (request) => (sent = request.url().endsWith("/run") ? request.postData() : sent));
  await submitted(page);
  assert.deepEqual(Object.keys(JSON.parse(sent).input), Object.keys(properties));
  page.clean();
});

test("a worker's own schema keeps the order in which its fields were declared", async () => {
  const page = await open(browser, described.url);
  await page.getByLabel("width", { exact: true }).waitFor();
  const names = await page.locator("#new-job").getByRole("textbox").evaluateAll((fields) => fields.map((field) => field.labels[0].textContent));
  assert.deepEqual(names, ["prompt", "width", "height"]);
  for (const path of ["/local/state", "/openapi.json"]) {
    const text = await (await fetch(described.url + path)).text();
    const [width, height] = ['"width":{', '"height":{'].map((key) => text.indexOf(key));
    assert.ok(width > 0 && width < height, path);
  }
  page.clean();
});

test("what may be left out is left out", async () => {
  const page = await formFor(SCHEMA);
  await page.getByLabel("whole", { exact: true }).fill("1");
  await page.getByLabel("real", { exact: true }).fill("1");
  await page.getByRole("group", { name: "size" }).getByLabel("w").fill("1");
  await page.getByRole("group", { name: "size" }).getByLabel("h").fill("1");
  await page.getByLabel("Circle", { exact: true }).fill("1");
  assert.deepEqual(await submitted(page), {
    text: "",
    whole: 1,
    real: 1,
    flag: false,
    mode: "fast",
    size: { w: 1, h: 1 },
    shape: { Circle: 1 },
    version: 2,
  });
  page.clean();
});

test("schemas that make no sense become a JSON editor, not a broken page", async () => {
  for (const schema of [
    { $ref: "#/$defs/missing" },
    { $ref: "#" },
    { allOf: [{ $ref: "#" }] },
    { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
    { type: "object", properties: 5, required: 7 },
    { oneOf: "x", enum: {} },
    { type: ["string", "integer"] },
    true,
    false,
  ]) {
    const page = await formFor(schema);
    await page.getByRole("button", { name: "Submit job" }).waitFor();
    page.clean();
    await page.context().close();
  }
});

test("limits, priority and webhook are sent beside the input", async () => {
  const page = await formFor({ type: "object", properties: { a: { type: "string" } } });
  await page.getByText("Options", { exact: true }).click();
  await page.getByLabel("Execution timeout").fill("30.5");
  await page.getByLabel("Time to live").fill("60");
  await page.getByLabel("Low priority").check();
  await page.getByLabel("Webhook").fill("http://127.0.0.1:9/hook");
  const [request] = await Promise.all([page.waitForRequest("**/run"), page.getByRole("button", { name: "Submit job" }).click()]);
  assert.deepEqual(request.postDataJSON(), {
    input: {},
    policy: { executionTimeout: 30500, ttl: 60000, lowPriority: true },
    webhook: "http://127.0.0.1:9/hook",
  });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator('.job-page[data-status="CANCELLED"]').waitFor();
  page.clean();
});

test("where there are several handlers, one is chosen", async () => {
  const routed = await serving("form-routes", "RUNPOD_TEST_ROUTES", { input: { task: "count", text: "to be or not to be" } });
  try {
    const page = await open(browser, routed.url);
    const handler = page.getByLabel("Handler", { exact: true });
    const editor = page.getByRole("textbox", { name: "Input", exact: true });
    assert.equal(await handler.inputValue(), "count");
    await handler.selectOption("echo-thrice");
    assert.deepEqual(JSON.parse(await editor.inputValue()), { task: "echo-thrice", text: "to be or not to be" });
    await page.getByRole("button", { name: /to be or not/ }).click();
    assert.equal(await handler.inputValue(), "count");
    await page.getByRole("button", { name: "Submit job" }).click();
    await shows(page.getByRole("region", { name: "Result" }), "6 words");
    await editor.fill('{"task": "echo-thrice", "text": "again "}');
    assert.equal(await handler.inputValue(), "echo-thrice");
    await page.getByRole("button", { name: "Submit job" }).click();
    await shows(page.getByRole("log", { name: "Stream" }), /^again again again $/);
    page.clean();
  } finally {
    await routed.end();
  }
});

const IMAGE = {
  type: "object",
  required: ["image"],
  properties: { image: { type: "string", contentEncoding: "base64", contentMediaType: "image/*", description: "At most 1000 bytes." } },
};

test("a file that is chosen is sent as a data URL", async () => {
  const page = await formFor(IMAGE);
  const file = page.getByLabel("File for image");
  assert.equal(await file.getAttribute("accept"), "image/*");
  await file.setInputFiles({ name: "cat.gif", mimeType: "image/gif", buffer: Buffer.from("GIF89a") });
  await page.getByRole("button", { name: "Remove" }).waitFor();
  await screenshot(page, "form-file");
  assert.deepEqual(await submitted(page), { image: "data:image/gif;base64,R0lGODlh" });
  page.clean();
});

test("a text can take the place of a file, and a file that is too large is refused", async () => {
  const page = await formFor(IMAGE);
  const file = page.getByLabel("File for image");
  await file.setInputFiles({ name: "cat.gif", mimeType: "image/gif", buffer: Buffer.from("GIF89a") });
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByLabel("image", { exact: true }).fill("https://example.com/cat.gif");
  assert.deepEqual(await submitted(page), { image: "https://example.com/cat.gif" });
  await file.setInputFiles({ name: "large.gif", mimeType: "image/gif", buffer: Buffer.alloc(8_000_000) });
  await shows(page.locator(".file-picker"), "The file has 8.0 MB");
  page.clean();
});
