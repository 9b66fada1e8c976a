// The page shows what happens to jobs while it happens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open, screenshot, shows } from "./browser.js";
import { endpoint, serving } from "./programs.js";
import { Worker } from "./worker.js";

let served;
let browser;
let worker;

before(async () => {
  [served, browser] = await Promise.all([endpoint("jobs"), launch()]);
  worker = new Worker(served);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

async function submit(input, more = {}) {
  const response = await fetch(`${served.url}/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input, ...more }),
  });
  assert.equal(response.status, 200);
  return (await response.json()).id;
}

/** Submits and takes a job, and opens its page. Returns both. */
async function running(input) {
  const id = await submit(input);
  const job = await worker.take();
  assert.equal(job.id, id);
  const page = await open(browser, served.url);
  await page.getByRole("link", { name: id.slice(0, 13) }).first().click();
  await page.locator('.job-page[data-status="IN_PROGRESS"]').waitFor();
  return { page, job };
}

test("a job is submitted as JSON, and its result is seen", async () => {
  const page = await open(browser, served.url);
  await page.getByRole("textbox", { name: "Input", exact: true }).fill('{ "prompt": "a fox", "seed": 12345678901234567890, "scale": 1.0 }');
  await page.getByRole("button", { name: "Submit job" }).click();
  await page.locator('.job-page[data-status="IN_QUEUE"]').waitFor();
  const job = await worker.take();
  assert.deepEqual(job.input.prompt, "a fox");
  await shows(page.locator(".job-head .status"), "Running");
  await worker.done(job, { output: { caption: "A fox, asleep", size: [1024, 768] } });
  const result = page.getByRole("region", { name: "Result" });
  await shows(result, '"caption": "A fox, asleep"');
  await shows(result, '"size": [1024, 768]');
  // Numbers are sent and shown with all their digits.
  await shows(page.getByRole("region", { name: "Input" }), '"seed": 12345678901234567890');
  await shows(page.getByRole("region", { name: "Input" }), '"scale": 1.0');
  await shows(page.locator("#announcements"), "Completed");
  assert.match(await page.title(), /^Completed/);
  page.clean();
});

test("JSON that is wrong is not sent, and the place is shown", async () => {
  const page = await open(browser, served.url);
  let sent = 0;
  page.on("request", (request) => (sent += request.url().endsWith("/run") ? 1 : 0));
  const editor = page.getByRole("textbox", { name: "Input", exact: true });
  await editor.fill('{\n  "prompt": "a fox",\n  seed: 1\n}');
  await page.getByRole("button", { name: "Submit job" }).click();
  await shows(page.getByRole("status"), "Line 3, column 3: expected a key in double quotes, found seed.");
  assert.equal(await editor.getAttribute("aria-invalid"), "true");
  assert.deepEqual(await editor.evaluate((area) => [document.activeElement === area, area.value.slice(area.selectionStart, area.selectionEnd)]), [true, "s"]);
  await screenshot(page, "json-fault");
  await editor.fill("null");
  await page.getByRole("button", { name: "Submit job" }).click();
  // This is JSON but not a valid job. The page shows the endpoint's error.
  await shows(page.getByRole("alert"), "input");
  assert.equal(sent, 1);
  page.clean();
});

test("a stream of text appears item by item and flows on", async () => {
  const { page, job } = await running({ prompt: "stream" });
  const flow = page.getByRole("log", { name: "Stream" });
  await worker.item(job, "It was a bright ");
  await shows(flow, /^It was a bright $/);
  await worker.item(job, "cold day in April,\nand the clocks");
  await shows(flow, /^It was a bright cold day in April,\nand the clocks$/);
  await shows(page.getByRole("region", { name: "Stream" }), "2 items");
  await worker.item(job, " were striking thirteen.");
  await shows(flow, /thirteen\.$/);
  await worker.done(job, { output: [] });
  await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
  await shows(flow, "It was a bright cold day in April,");
  assert.equal(await page.getByRole("region", { name: "Result" }).count(), 0);
  await screenshot(page, "stream-text");
  page.clean();
});

test("the streaming example streams into the page, and logs there", async () => {
  const example = await serving("stream", "RUNPOD_TEST_STREAM", { input: { text: "to be or not to be" } });
  try {
    const page = await open(browser, example.url);
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
    const items = page.getByRole("list", { name: "Stream" }).getByRole("listitem");
    await items.nth(5).waitFor();
    assert.deepEqual(await items.locator(".string").allTextContents(), ["TO", "BE", "OR", "NOT", "TO", "BE"].map((word) => `"${word}"`));
    await shows(page.getByRole("list", { name: "Log" }), "Finished.");
    await screenshot(page, "stream-example");
    page.clean();
  } finally {
    await example.end();
  }
});

test("a stream of other values is a list, also for those who come late", async () => {
  const { page, job } = await running({ prompt: "stream" });
  const items = page.getByRole("list", { name: "Stream" }).getByRole("listitem");
  for (let index = 0; index < 3; index += 1) {
    await worker.item(job, { index, text: "TO" });
    await items.nth(index).waitFor();
  }
  assert.match(await items.nth(2).textContent(), /^2\{ "index": 2, "text": "TO" \}$/);
  await page.reload();
  await items.nth(2).waitFor();
  await worker.item(job, { index: 3, text: "BE" });
  await shows(items.nth(3), "BE");
  await worker.done(job, { output: [] });
  await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
  assert.equal(await items.count(), 4);
  page.clean();
});

test("a long stream is cut to its end, and says so", async () => {
  const { page, job } = await running({ prompt: "long" });
  await Promise.all(Array.from({ length: 1200 }, (_, index) => worker.item(job, { index })));
  await worker.done(job, { output: [] });
  await shows(page.getByRole("region", { name: "Stream" }), "1,200 items");
  await shows(page.getByRole("region", { name: "Stream" }), "The first 200 items are not shown.");
  assert.equal(await page.getByRole("list", { name: "Stream" }).getByRole("listitem").count(), 1000);
  page.clean();
});

test("progress moves a bar, or is shown as it is", async () => {
  const { page, job } = await running({ prompt: "progress" });
  const card = page.getByRole("region", { name: "Progress" });
  const bar = card.getByRole("progressbar");
  for (const [update, percent, words] of [
    [0.25, "25 %", ""],
    [62.5, "62 %", ""],
    [{ step: 7, of: 10 }, "70 %", "step"],
    [{ percent: 80, message: "decoding" }, "80 %", "decoding"],
    ["9 of 10 tiles", "90 %", "9 of 10 tiles"],
    [{ current: 3, total: 10 }, "30 %", '{"current":3,"total":10}'],
    [{ current: 4, total: 10, message: "tile 4" }, "40 %", "tile 4"],
    ["12.5 of 50 MB", "25 %", "12.5 of 50 MB"],
  ]) {
    await worker.progress(job, update);
    await shows(card, percent);
    await shows(card, words);
    assert.equal(`${Math.floor((await bar.evaluate((it) => it.value)) * 100 + 1e-9)} %`, percent);
  }
  await screenshot(page, "progress");
  await worker.progress(job, { loading: "weights" });
  await shows(card, '{"loading":"weights"}');
  await bar.waitFor({ state: "hidden" });
  // A text with a date, a fraction above one, and numbers in strings produce no bar.
  for (const update of ["as of 11/27/2026", { done: 5, total: 4 }, { step: "3", of: "10" }]) {
    await worker.progress(job, 0.5);
    await shows(card, "50 %");
    await worker.progress(job, update);
    await bar.waitFor({ state: "hidden" });
  }
  await worker.done(job, { output: "done" });
  await shows(page.getByRole("region", { name: "Result" }), "done");
  page.clean();
});

test("a job that runs is cancelled by its button, and the worker is told", async () => {
  const { page, job } = await running({ prompt: "endless" });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator('.job-page[data-status="CANCELLED"]').waitFor();
  assert.deepEqual(await worker.stop(), [job.id]);
  await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "hidden" });
  await shows(page.locator("#announcements"), "Cancelled");
  page.clean();
});

test("a failed job shows its error, and is retried by its button", async () => {
  const { page, job } = await running({ prompt: "fails once" });
  await worker.item(job, "half of ");
  await worker.done(job, {
    error: JSON.stringify({
      error_type: "<class 'ValueError'>",
      error_message: "the model has no weights",
      error_traceback: 'Traceback (most recent call last):\n  File "handler.py", line 3, in handler\n',
      hostname: "gpu-7",
      worker_id: "driven-worker",
      runpod_version: "1.12.0",
    }),
  });
  const error = page.getByRole("region", { name: "Error" });
  await shows(error, "ValueError");
  await shows(error, "the model has no weights");
  await shows(error.locator("pre"), 'File "handler.py", line 3');
  await shows(error.locator("dd"), "gpu-7");
  await screenshot(page, "failed");
  await page.getByRole("button", { name: "Retry" }).click();
  await page.locator('.job-page:is([data-status="IN_QUEUE"], [data-status="IN_PROGRESS"])').waitFor();
  await error.waitFor({ state: "detached" });
  const again = await worker.take();
  assert.equal(again.id, job.id);
  await worker.item(again, "all of it");
  await shows(page.getByRole("log", { name: "Stream" }), /^all of it$/);
  await worker.done(again, { output: [] });
  await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
  page.clean();
});

test("the list follows jobs that are submitted elsewhere", async () => {
  const page = await open(browser, served.url);
  const id = await submit({ prompt: "elsewhere" });
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: id.slice(0, 13) }) });
  await shows(row, "Queued");
  const job = await worker.take();
  await shows(row, "Running");
  await worker.progress(job, 0.5);
  await row.getByRole("progressbar").waitFor();
  await worker.item(job, "one");
  await worker.done(job, { error: "no memory left on the device" });
  await shows(row, "Failed");
  await shows(row, "no memory left on the device");
  await page.getByLabel("Filter jobs").selectOption("Completed");
  await row.waitFor({ state: "detached" });
  await page.getByLabel("Filter jobs").selectOption("Failed");
  await row.waitFor();
  await shows(page.locator('[data-total="failed"] dd'), /^[1-9]/);
  page.clean();
});

test("workers are listed with the jobs that they run", async () => {
  const other = new Worker(served, "gpu-a100");
  const page = await open(browser, served.url);
  const id = await submit({ prompt: "work" });
  const job = await other.take();
  await other.ping([job]);
  const row = page.getByRole("region", { name: "Workers" }).getByRole("listitem").filter({ hasText: "gpu-a100" });
  await shows(row, "running");
  await shows(row, "pinged");
  await row.getByRole("link").click();
  await shows(page.getByRole("heading", { level: 2, name: id }), id);
  await other.done(job, { output: 1 });
  await page.getByRole("link", { name: "All jobs" }).click();
  await shows(row, "idle");
  page.clean();
});

test("a page that lost the endpoint says so, and a job that is not there is told apart", async () => {
  const page = await open(browser, `${served.url}/#/jobs/00000000-0000-4000-8000-000000000000-l1`, { ready: false });
  await shows(page.locator(".empty"), "There is no such job");
  await page.context().setOffline(true);
  await page.evaluate(() => (location.hash = "#/"));
  await page.locator('#connection[data-connection="offline"]').waitFor();
  await page.context().setOffline(false);
  await page.locator('#connection[data-connection="live"]').waitFor();
});

test("the request is copied as curl, and as curl it gives the same job", async () => {
  const { page, job } = await running({ prompt: "it's \"quoted\" $HOME \u202e", list: [1, true, null] });
  await worker.done(job, { output: 1 });
  const request = page.getByRole("region", { name: "Request" });
  await request.getByRole("button", { name: "Copy request" }).click();
  await shows(request.getByRole("button", { name: "Copy request" }), "Copied");
  const curl = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(curl, /^curl http/);
  const { execFile } = await import("node:child_process");
  const sent = new Promise((resolve) => execFile("sh", ["-c", curl.replace(/^curl/, "curl -s --noproxy '*'")], (_error, text) => resolve(text)));
  const again = await worker.take();
  assert.deepEqual(again.input, job.input);
  await worker.done(again, { output: "same" });
  assert.equal(JSON.parse(await sent).output, "same");
  for (const [name, words] of [
    ["Python", /runpod\.Endpoint\("local"\)[\s\S]*\[\n\s+1,\n\s+True,\n\s+None,\n/],
    ["JavaScript", /runpodSdk\("local"/],
    ["Rust", /with_api_key\("local"\)[\s\S]*from_str\(r#"\{[\s\S]*\}"#\)/],
    ["cargo runpod", /^cargo runpod invoke --url http:\S+ '\{/],
  ]) {
    await request.getByRole("tab", { name }).click();
    await shows(request.getByRole("tabpanel"), words);
  }
  page.clean();
});

test("an input is used again", async () => {
  const { page, job } = await running({ prompt: "once more" });
  await worker.done(job, { output: 1 });
  await page.getByRole("button", { name: "Use this input" }).click();
  assert.deepEqual(JSON.parse(await page.getByRole("textbox", { name: "Input", exact: true }).inputValue()), { prompt: "once more" });
  page.clean();
});
