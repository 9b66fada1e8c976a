// Takes the screenshot of the local endpoint's page for the README: `cargo xtask pictures` runs it with the path of the
// picture.

import { launch, open, shows } from "./browser.js";
import { serving } from "./programs.js";

const INPUT = '{"text": "to be or not to be", "pause_ms": 300}';

const [file] = process.argv.slice(2);
const [served, browser] = await Promise.all([serving("picture", "RUNPOD_TEST_STREAM"), launch()]);
const page = await open(browser, served.url, { viewport: { width: 1200, height: 560 } });
await page.getByRole("textbox", { name: "Input", exact: true }).fill(INPUT);
await page.getByRole("button", { name: "Format" }).click();
await page.getByRole("button", { name: "Submit job" }).click();
await page.mouse.move(0, 0);
await shows(page.getByRole("region", { name: "Stream" }), "4 items");
await page.screenshot({ path: file });
await browser.close();
await served.end();
