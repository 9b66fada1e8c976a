// A real Chromium, whose pages fail the test if they do anything that our page must not do.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { PATIENCE, artefacts } from "./programs.js";

export const WIDE = { width: 1440, height: 1000 };
export const PHONE = { width: 390, height: 844 };

/** Starts the browser with a new profile. */
export function launch({ args = [] } = {}) {
  return chromium.launch({
    executablePath: process.env.RUNPOD_TEST_CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}

/**
 * Opens a page at `url`. `faults` collects dialogs, script errors, violations of the content security policy, and
 * requests to other servers. At the end it must be empty (`clean`). `state` replaces parts of the endpoint's state,
 * such as the handlers or the examples of another worker. The rest of the state is the endpoint's own.
 */
export async function open(browser, url, { viewport = WIDE, colorScheme = "light", ready = true, state = null } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`);
  });
  if (state) {
    await page.route("**/local/state", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), ...state } });
    });
  }
  await page.goto(url);
  if (ready) await page.locator('#connection[data-connection="live"]').waitFor();
  return Object.assign(page, { faults, clean: () => assert.deepEqual(faults, []) });
}

/** Waits until `locator` has an element with this text. */
export async function shows(locator, text) {
  await locator.filter({ hasText: text }).first().waitFor();
}

/** Saves a screenshot among the artefacts. */
export function screenshot(page, name) {
  return page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true });
}

/** Checks that no content is wider than the window, which would make the page scroll sideways. */
export async function fitsItsWidth(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `the page is ${content} px wide in a window of ${window}`);
}

/** Returns the accessibility violations that axe finds. */
export async function barriers(page) {
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // Evaluated directly, because the content security policy does not apply to the test's own script.
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}
