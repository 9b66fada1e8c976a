// The page is usable by keyboard and screen reader, on a phone, and in light and dark mode.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PHONE, WIDE, barriers, fitsItsWidth, launch, open, screenshot, shows } from "./browser.js";
import { endpoint, serving } from "./programs.js";
import { Worker } from "./worker.js";

const EXAMPLE = { input: { prompt: "A lighthouse in a storm, oil on canvas", size: { width: 1024, height: 768 } } };

let served;
let described;
let browser;
let worker;
const jobs = {};

before(async () => {
  [served, described, browser] = await Promise.all([
    endpoint("reach"),
    serving("reach-described", "RUNPOD_TEST_DESCRIBED", EXAMPLE),
    launch(),
  ]);
  worker = new Worker(served, "gpu-a100-7f3c");
  await populate();
});

after(async () => {
  await browser?.close();
  await described?.end();
  await served?.end();
});

async function started(name, input) {
  const headers = { "content-type": "application/json" };
  await fetch(`${served.url}/run`, { method: "POST", headers, body: JSON.stringify({ input }) });
  jobs[name] = await worker.take();
  return jobs[name];
}

// Creates one job in every state, with content in every part of its page.
async function populate() {
  const result = await started("result", { prompt: "A lighthouse in a storm, oil on canvas", steps: 30, seed: 4217 });
  await worker.done(result, { output: { image_url: "https://images.example/4217.png", width: 1024, height: 768, timings: [12, 840, 31] } });
  const failed = await started("failed", { prompt: "A fox", steps: 9000 });
  await worker.item(failed, { tile: 1 });
  await worker.done(failed, {
    error: JSON.stringify({
      error_type: "<class 'torch.OutOfMemoryError'>",
      error_message: "CUDA out of memory. Tried to allocate 20.00 MiB",
      error_traceback: 'Traceback (most recent call last):\n  File "/app/handler.py", line 41, in handler\n    images = pipe(prompt)\n',
      hostname: "gpu-a100-7f3c",
      worker_id: worker.id,
      runpod_version: "1.12.0",
    }),
  });
  const stream = await started("stream", { prompt: "Tell me a story" });
  for (const words of ["It was a bright cold day in April, ", "and the clocks ", "were striking thirteen."]) await worker.item(stream, words);
  await worker.done(stream, { output: [] });
  const running = await started("running", { prompt: "A night train through the Alps" });
  for (const [index, text] of ["A ", "night ", "train"].entries()) await worker.item(running, { index, text });
  await worker.progress(running, { step: 13, of: 30, message: "denoising" });
  await worker.live([running]);
  await fetch(`${served.url}/run`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"input": {"prompt": "waits"}}' });
}

for (const [name, options] of [
  ["light", { viewport: WIDE, colorScheme: "light" }],
  ["dark", { viewport: WIDE, colorScheme: "dark" }],
  ["phone", { viewport: PHONE, colorScheme: "light" }],
  ["phone-dark", { viewport: PHONE, colorScheme: "dark" }],
]) {
  test(`nothing bars the way, and nothing sticks out: ${name}`, async () => {
    const page = await open(browser, served.url, options);
    await page.locator(".jobs tbody tr").nth(4).waitFor();
    await screenshot(page, `overview-${name}`);
    assert.deepEqual(await barriers(page), []);
    await fitsItsWidth(page);
    for (const [state, { id }] of Object.entries(jobs)) {
      await page.evaluate((id) => (location.hash = `#/jobs/${id}`), id);
      await shows(page.getByRole("heading", { level: 2 }), id);
      await page.locator(".job-page[data-status]").waitFor();
      await screenshot(page, `${state}-${name}`);
      assert.deepEqual(await barriers(page), [], state);
      await fitsItsWidth(page);
    }
    page.clean();
    await page.context().close();
  });

  test(`the form bars nobody: ${name}`, async () => {
    const page = await open(browser, described.url, options);
    await page.getByRole("button", { name: /lighthouse/ }).click();
    await page.getByText("Options", { exact: true }).click();
    await page.getByLabel("width", { exact: true }).fill("9999");
    await page.getByRole("button", { name: "Submit job" }).click();
    await shows(page.getByRole("alert"), "width");
    await screenshot(page, `form-${name}`);
    assert.deepEqual(await barriers(page), []);
    await fitsItsWidth(page);
    page.clean();
    await page.context().close();
  });
}

/** Presses Tab until an element with this role and name has the focus, like a user who cannot see the page. */
async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true }).first();
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await wanted.count()) > 0 && (await wanted.evaluate((element) => element === document.activeElement))) {
      const ring = await wanted.evaluate((element) => {
        const label = element.type === "radio" ? element.nextElementSibling : element;
        return [label, label.closest(".editor-box")].some((part) => part && getComputedStyle(part).outlineStyle !== "none");
      });
      assert.ok(ring, `${role} ${name} must show that it has the focus`);
      return;
    }
  }
  assert.fail(`Tab never reached ${role} ${name}`);
}

test("a job is submitted, followed, cancelled and left by keyboard alone", async () => {
  const page = await open(browser, served.url);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the jobs");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Jobs");
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, "textbox", "Input");
  await page.keyboard.press("Control+A");
  await page.keyboard.type('{"prompt": "typed"}');
  await page.keyboard.press("Control+Enter");
  await page.locator(".job-page[data-status]").waitFor();
  // The focus is on the input, so the next job can be typed at once.
  assert.ok(await page.getByRole("textbox", { name: "Input", exact: true }).evaluate((area) => area === document.activeElement));
  await tabTo(page, "button", "Cancel");
  await page.keyboard.press("Enter");
  await page.locator('.job-page[data-status="CANCELLED"]').waitFor();
  assert.match(await page.evaluate(() => document.activeElement.id), /^job-title$/);
  await tabTo(page, "tab", "curl");
  await page.keyboard.press("ArrowRight");
  await shows(page.getByRole("tabpanel"), "import runpod");
  await page.goBack();
  await page.locator(".jobs tbody tr").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Jobs");
  await tabTo(page, "combobox", "Filter jobs");
  page.clean();
});

test("the form is filled, switched and sent by keyboard alone", async () => {
  const page = await open(browser, described.url);
  await tabTo(page, "button", "A lighthouse in a storm, oil on…");
  await page.keyboard.press("Space");
  await tabTo(page, "textbox", "width");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("100");
  await page.keyboard.press("Enter");
  await shows(page.getByRole("region", { name: "Result" }), '"pixels": 76800');
  await page.getByRole("link", { name: "All jobs" }).click();
  await page.evaluate(() => document.activeElement.blur());
  await page.reload();
  await tabTo(page, "radio", "Form");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("textbox", { name: "Input", exact: true }).waitFor();
  page.clean();
});
