// The page of the load balancer of `cargo runpod dev --http`, with a worker that serves HTTP.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PHONE, fitsItsWidth, launch, open, screenshot, shows } from "./browser.js";
import { balanced } from "./programs.js";

let served;
let browser;

before(async () => {
  [served, browser] = await Promise.all([balanced("call"), launch()]);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

/** Opens the page and sends this input to a handler. */
async function sent(handler, input, options) {
  const page = await open(browser, served.url, options);
  await page.getByLabel("Handler").selectOption(handler);
  await page.getByLabel("Input").fill(input);
  await page.getByRole("button", { name: "Send" }).click();
  return page;
}

function part(page, kind) {
  return page.locator(`#parts [data-kind=${kind}]`);
}

test("the example fills the input, and the value that the handler returns is shown", async () => {
  const page = await open(browser, served.url);
  await page.getByLabel("Handler").selectOption("/greet");
  assert.deepEqual(JSON.parse(await page.getByLabel("Input").inputValue()), { name: "Ada" });
  await page.getByRole("button", { name: "Send" }).click();
  await shows(part(page, "result"), "Hello, Ada!");
  await shows(page.locator("#outcome"), "200 OK");
  await screenshot(page, "call");
  page.clean();
});

test("the items of a stream are shown, and the list is complete", async () => {
  const page = await sent("/count", "3");
  await shows(page.locator("#outcome[data-outcome=completed]"), "200 OK");
  assert.deepEqual(await part(page, "item").locator(".value").allInnerTexts(), ["1", "2", "3"]);
  page.clean();
});

test("an error has its status, also in the middle of a stream", async () => {
  const page = await sent("/greet", '{"name": ""}');
  await shows(page.locator("#outcome[data-outcome=failed]"), "500");
  await shows(part(page, "error"), "there is nobody to greet");
  const stream = await sent("/count", "13");
  await shows(part(stream, "error"), "13 brings bad luck");
  assert.equal(await part(stream, "item").count(), 12);
  await shows(stream.locator("#outcome[data-outcome=failed]"), "Failed");
  stream.clean();
  page.clean();
});

test("progress is shown while the request runs, and Cancel cancels the job", async () => {
  const page = await sent("/review", '"a text"', { viewport: PHONE });
  await shows(part(page, "progress"), "waiting for an approval");
  await shows(page.locator("#outcome"), "in progress");
  await fitsItsWidth(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await shows(page.locator("#outcome[data-outcome=failed]"), "Cancelled");
  // The worker counts the reviews that wait.
  while ((await (await fetch(`${served.url}/desk`)).text()) !== "0") await new Promise(setImmediate);
  assert.ok(await page.getByRole("button", { name: "Send" }).isEnabled());
  page.clean();
});

test("text that is not JSON is not sent", async () => {
  const page = await sent("/greet", "{nonsense");
  await shows(page.getByRole("status"), "Line 1, column 2");
  assert.ok(await page.locator("#nothing").isVisible());
  page.clean();
});
