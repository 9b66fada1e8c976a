// A real Chromium, and pages in it that fail the test when they do what no page of ours may do.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { PATIENCE, artefacts } from "./programs.js";

export const WIDE = { width: 1440, height: 1000 };
export const PHONE = { width: 390, height: 844 };

/** Starts the browser, with a fresh profile. */
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
 * A page at `url`. `faults` gathers dialogs, errors in scripts, what the content policy refused, and requests that left
 * the endpoint: it has to be empty at the end (`clean`). With `state` the page is told these parts of the endpoint's
 * state instead of its own, as a worker with other handlers or examples would have them; all else is the endpoint's.
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

/** Waits until there is an element of `locator` with this text. */
export async function shows(locator, text) {
  await locator.filter({ hasText: text }).first().waitFor();
}

/** Leaves a picture among the artefacts. */
export function screenshot(page, name) {
  return page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true });
}

/** Nothing sticks out to the right, which would have the whole page scroll sideways. */
export async function fitsItsWidth(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `the page is ${content} px wide in a window of ${window}`);
}

/** What axe finds wrong for people who use the page by other means than eyes and a mouse. */
export async function barriers(page) {
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // Past the content policy: it is the test's script, not the page's.
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}
