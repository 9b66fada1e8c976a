// Text from jobs, workers and examples stays text: it never becomes markup or script, and is never wider than the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PHONE, fitsItsWidth, launch, open, screenshot, shows } from "./browser.js";
import { endpoint, serving } from "./programs.js";
import { Worker } from "./worker.js";

const MARKUP = "<img src=x onerror=\"alert('img')\"><b id=owned>bold</b>";
const HOSTILE = [
  MARKUP,
  "</script><script>alert('script')</script>",
  "<svg onload=alert('svg')><style>*{display:none}</style>",
  "javascript:alert('address')",
  "data:text/html,<script>alert('data')</script>",
  "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+",
  `long${"x".repeat(20_000)}`,
  "\u202e\u2066gnp.exe\u0000\u0007\u001b[31mred\u2028\ufeff",
  "שלום עולם مرحبا",
  "'; \" \\ ${alert('template')} {{alert('braces')}} -->",
];
const everything = Object.fromEntries([...HOSTILE.map((text, index) => [`k${index}`, text]), [MARKUP, MARKUP], ["__proto__", { owned: true }]]);

let served;
let browser;
let worker;

before(async () => {
  [served, browser] = await Promise.all([endpoint("hostile"), launch()]);
  worker = new Worker(served, `${MARKUP}\u202e"/../?#&x=1`);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

async function jobPage(id, options) {
  const page = await open(browser, `${served.url}`, options);
  await page.evaluate((id) => (location.hash = `#/jobs/${id}`), id);
  await page.locator(".job-page[data-status]").waitFor();
  return page;
}

async function submit(input) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${served.url}/run`, { method: "POST", headers, body: JSON.stringify({ input }) });
  return (await response.json()).id;
}

/** Checks that none of the text became an element and no script ran. */
async function harmless(page) {
  assert.equal(await page.locator("#owned, img[src=x], main script, main style, main iframe").count(), 0);
  assert.equal(await page.locator('a:not([href^="#"]), form[action], [onerror], [onload]').count(), 0);
  assert.equal(await page.evaluate(() => ({}).owned), undefined);
  await fitsItsWidth(page);
  page.clean();
}

for (const [size, viewport] of [["wide", undefined], ["phone", PHONE]]) {
  test(`input, output, stream, progress and worker id stay text (${size})`, async () => {
    const id = await submit(everything);
    const job = await worker.take();
    await worker.ping([job]);
    const page = await jobPage(id, { viewport });
    for (const text of HOSTILE) {
      await worker.progress(job, { message: text, percent: 5 });
      await worker.item(job, text);
    }
    await shows(page.getByRole("log", { name: "Stream" }), MARKUP);
    // Characters that are invisible or change the direction of the text are shown as codes.
    await shows(page.getByRole("log", { name: "Stream" }), "⟨U+202E⟩⟨U+2066⟩gnp.exe⟨U+0000⟩⟨U+0007⟩⟨U+001B⟩[31mred⟨U+2028⟩⟨U+FEFF⟩");
    await shows(page.getByRole("region", { name: "Stream" }), `${HOSTILE.length} items`);
    await harmless(page);
    await worker.item(job, everything);
    await worker.done(job, { output: everything });
    await shows(page.getByRole("region", { name: "Result" }), "</script>");
    await shows(page.getByRole("region", { name: "Result" }), "\\u202e");
    await shows(page.getByRole("region", { name: "Input" }), "onerror=");
    await harmless(page);
    await screenshot(page, `hostile-job-${size}`);
    await page.getByRole("link", { name: "All jobs" }).click();
    await shows(page.getByRole("region", { name: "Workers" }), "<img src=x");
    await harmless(page);
    await screenshot(page, `hostile-overview-${size}`);
  });

  test(`errors of every kind stay text (${size})`, async () => {
    for (const error of [
      MARKUP,
      everything,
      HOSTILE.join("\n"),
      JSON.stringify({ error_type: MARKUP, error_message: HOSTILE.join("\n"), error_traceback: MARKUP, [MARKUP]: everything }),
      '{"error_message": ',
    ]) {
      const id = await submit(1);
      const job = await worker.take();
      await worker.done(job, { error });
      const page = await jobPage(id, { viewport });
      await page.getByRole("region", { name: "Error" }).waitFor();
      await harmless(page);
      await page.getByRole("link", { name: "All jobs" }).click();
      await shows(page.locator(".jobs tbody tr"), "Failed");
      await harmless(page);
      await page.context().close();
    }
  });
}

test("very large and very deep results are cut until they are asked for", async () => {
  const id = await submit(1);
  const job = await worker.take();
  const deep = `${"[".repeat(3000)}${"]".repeat(3000)}`;
  const output = { words: Array.from({ length: 50_000 }, (_, index) => `w${index}`), deep: "#", text: "y".repeat(300_000) };
  const page = await jobPage(id);
  const response = await fetch(worker.webhooks.POST_OUTPUT.replaceAll("$RUNPOD_POD_ID", encodeURIComponent(worker.id)).replaceAll("$ID", id), {
    method: "POST",
    headers: worker.headers,
    body: JSON.stringify({ output }).replace('"#"', deep),
  });
  assert.equal(response.status, 200);
  const result = page.getByRole("region", { name: "Result" });
  await result.getByRole("button", { name: "Show all", exact: true }).waitFor();
  assert.ok((await result.locator("pre > *").count()) < 5000);
  await result.getByRole("button", { name: "Show all", exact: true }).click();
  await result.getByRole("button", { name: "Show all", exact: true }).waitFor({ state: "detached" });
  await harmless(page);
  assert.ok(job);
});

test("a picture in the output is shown, and only pictures are", async () => {
  const dot = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const id = await submit(1);
  const job = await worker.take();
  await worker.done(job, { output: { image: dot, other: "data:image/svg+xml;base64,PHN2Zy8+", far: "https://example.com/x.png" } });
  const page = await jobPage(id);
  const pictures = page.getByRole("region", { name: "Result" }).getByRole("img");
  await pictures.first().waitFor();
  assert.equal(await pictures.count(), 1);
  assert.equal(await pictures.first().getAttribute("src"), dot);
  await harmless(page);
});

test("examples, handlers and schemas stay text", async () => {
  const field = { type: "string", title: MARKUP, description: HOSTILE.join(" "), default: MARKUP };
  const schema = {
    type: "object",
    description: MARKUP,
    properties: Object.fromEntries([...HOSTILE.map((key) => [key, field]), ["choice", { enum: HOSTILE }]]),
  };
  const state = {
    endpoint: { id: MARKUP, url: served.url, apiKey: false },
    handlers: [{ name: MARKUP, input: schema }, { name: "other", input: true }],
    route: HOSTILE[1],
    examples: [...HOSTILE.map((text) => ({ input: { [HOSTILE[0]]: text } })), { input: MARKUP }, {}],
  };
  const page = await open(browser, served.url, { viewport: PHONE, state });
  for (const example of await page.getByRole("group", { name: "Examples" }).getByRole("button").all()) {
    await example.click();
    await harmless(page);
  }
  await screenshot(page, "hostile-form");
});

test("what a worker logs and reports about itself stays text", async () => {
  const routed = await serving("hostile-log", "RUNPOD_TEST_ROUTES", { input: { task: `${MARKUP}\u202e`, text: "" } });
  try {
    const page = await open(browser, routed.url, { viewport: PHONE });
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.locator('.job-page[data-status="FAILED"]').waitFor();
    await shows(page.getByRole("list", { name: "Log" }), "there is no handler");
    await shows(page.getByRole("list", { name: "Log" }), "<img src=x onerror=");
    await shows(page.getByRole("list", { name: "Log" }), "Finished.");
    await screenshot(page, "hostile-log");
    await harmless(page);
    await page.getByRole("link", { name: "All jobs" }).click();
    const event = page.getByRole("region", { name: "Workers" }).locator('[data-event="job_failed"]');
    // The text of an event has no data of the job.
    await shows(event, "Job failed");
    await harmless(page);
    await screenshot(page, "hostile-worker-events");
    await event.getByRole("link").click();
    await page.locator('.job-page[data-status="FAILED"]').waitFor();
  } finally {
    await routed.end();
  }
});

test("an example of a real worker stays text, from the file to the result", async () => {
  const example = { input: { prompt: MARKUP, size: { width: 64, height: 64 } } };
  const described = await serving("hostile-example", "RUNPOD_TEST_DESCRIBED", example);
  try {
    const page = await open(browser, described.url, { viewport: PHONE });
    await page.getByRole("button", { name: /<img src=x/ }).click();
    assert.equal(await page.getByLabel("prompt", { exact: true }).inputValue(), MARKUP);
    await harmless(page);
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
    await shows(page.getByRole("region", { name: "Result" }), "onerror=");
    await harmless(page);
  } finally {
    await described.end();
  }
});
