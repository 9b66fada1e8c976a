// The page shows images and plays sounds in results, in whichever form the worker returned them. It folds long texts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open, screenshot, shows } from "./browser.js";
import { endpoint } from "./programs.js";
import { Worker } from "./worker.js";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const WEBP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";
const JPEG =
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";
const WAV = wav(4000);
const MP3 = mp3(30);

let served;
let browser;
let worker;

before(async () => {
  [served, browser] = await Promise.all([endpoint("media"), launch()]);
  worker = new Worker(served);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

// About a second of silence.
function wav(samples) {
  const bytes = Buffer.alloc(44 + samples);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + samples, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(8000, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(samples, 40);
  bytes.fill(128, 44);
  return bytes.toString("base64");
}

// Silent frames of 128 kbit/s at 44.1 kHz.
function mp3(frames) {
  const frame = Buffer.alloc(417);
  Buffer.from([0xff, 0xfb, 0x90, 0x64]).copy(frame);
  return Buffer.concat(Array.from({ length: frames }, () => frame)).toString("base64");
}

/** Opens the page of a job whose worker streams these items and returns this output. */
async function ended(output, items = []) {
  const headers = { "content-type": "application/json" };
  await fetch(`${served.url}/run`, { method: "POST", headers, body: '{"input": {"prompt": "a fox"}}' });
  const job = await worker.take();
  for (const item of items) await worker.item(job, item);
  await worker.done(job, { output });
  const page = await open(browser, served.url);
  await page.evaluate((id) => (location.hash = `#/jobs/${id}`), job.id);
  await page.locator('.job-page[data-status="COMPLETED"]').waitFor();
  return page;
}

/** Returns the kind of each image and sound, and whether the image has a width or the sound has a duration. */
async function media(region) {
  // The page removes media that cannot be decoded, so the test waits for each one.
  return region.locator("figure").evaluateAll((figures) =>
    Promise.all(
      figures.map(async (figure) => {
        const shown = figure.querySelector("img, audio");
        if (shown.tagName === "IMG") await shown.decode();
        else if (shown.readyState === 0) await new Promise((done) => shown.addEventListener("loadedmetadata", done, { once: true }));
        const works = shown.tagName === "IMG" ? shown.naturalWidth > 0 : shown.duration > 0;
        return `${figure.querySelector("figcaption").textContent.replace(/, [^,]*$/, "")} ${works}`;
      }),
    ),
  );
}

test("bare base64 is recognised by its first bytes, wherever it is in the output", async () => {
  const lines = PNG.replace(/.{40}/g, "$&\n");
  const page = await ended({ images: [PNG, { base64: JPEG }], gif: GIF, web: WEBP, lines, url: `data:image/png;base64,${PNG}`, named: `data:application/octet-stream;base64,${GIF}` });
  const result = page.getByRole("region", { name: "Result" });
  await result.locator("figure").nth(6).waitFor();
  assert.deepEqual(await media(result), [
    "images[0]: PNG true",
    "images[1].base64: JPEG true",
    "gif: GIF true",
    "web: WebP true",
    "lines: PNG true",
    "url: PNG true",
    "named: GIF true",
  ]);
  await screenshot(page, "media-pictures");
  page.clean();
});

test("an output that is nothing but a picture or a sound is shown as one", async () => {
  const photographed = await open(browser, served.url);
  const picture = (await photographed.screenshot()).toString("base64");
  for (const [output, expected] of [
    [picture, "PNG true"],
    [WAV, "WAV true"],
    [MP3, "MP3 true"],
    [{ audio: { data: WAV } }, "audio.data: WAV true"],
  ]) {
    const page = await ended(output);
    const result = page.getByRole("region", { name: "Result" });
    await result.locator("figure").first().waitFor();
    assert.deepEqual(await media(result), [expected]);
    await screenshot(page, `media-${expected.split(" ").at(-2)}`);
    page.clean();
    await page.context().close();
  }
});

test("pictures among the items of a stream are shown in their rows", async () => {
  const page = await ended([], [PNG, { preview: JPEG, step: 2 }, "done"]);
  const stream = page.getByRole("region", { name: "Stream" });
  await stream.locator("figure").nth(1).waitFor();
  assert.deepEqual(await media(stream), ["PNG true", "preview: JPEG true"]);
  await shows(stream.getByRole("listitem"), '"done"');
  await screenshot(page, "media-stream");
  page.clean();
});

test("what only looks like a picture or a sound stays text", async () => {
  const letters = "A".repeat(400);
  const page = await ended({
    letters,
    short: PNG.slice(0, 36),
    foreign: `${PNG.slice(0, 60)}<script>`,
    svg: `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>').toString("base64")}`,
    html: `data:text/html;base64,${Buffer.from("<script>alert(1)</script>, and more of it").toString("base64")}`,
    slashes: `//${letters}`,
    broken: PNG.slice(0, 48),
    hash: "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e",
  });
  const result = page.getByRole("region", { name: "Result" });
  await shows(result, "d41d8cd9");
  // This value begins like an image. The page removes it after the browser has failed to decode it.
  await result.locator("figure").waitFor({ state: "detached" });
  assert.equal(await result.locator("img, audio").count(), 0);
  page.clean();
});

test("prose in a language that is written without spaces is shown whole", async () => {
  const prose = "春眠不觉晓，".repeat(100);
  const page = await ended({ prose });
  const result = page.getByRole("region", { name: "Result" });
  await shows(result, prose);
  assert.equal(await result.getByRole("button", { name: /^Show all/ }).count(), 0);
  page.clean();
});

test("a long text is folded, unfolded and copied whole", async () => {
  const blob = Buffer.from("no picture at all, only bytes ".repeat(3000)).toString("base64");
  const prose = "It was a bright cold day in April. ".repeat(40);
  const page = await ended({ blob, prose, after: "the end" });
  const result = page.getByRole("region", { name: "Result" });
  await shows(result, "120,000 characters");
  assert.equal(blob.length, 120_000);
  // The reader sees what follows the folded text without scrolling past all of it. Readable prose is not folded.
  await shows(result, '"the end"');
  const length = async () => (await result.locator("pre").textContent()).length;
  assert.ok((await length()) < prose.length + 1000);
  await shows(result, prose.slice(-40).trim());
  await screenshot(page, "folded");
  await result.getByRole("button", { name: "Copy the whole text" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), blob);
  await result.getByRole("button", { name: "Show all of 120,000 characters" }).click();
  assert.ok((await length()) > 120_000);
  const less = result.getByRole("button", { name: "Show less of 120,000 characters" });
  assert.ok(await less.evaluate((button) => document.activeElement === button));
  await less.click();
  assert.ok((await length()) < prose.length + 1000);
  page.clean();
});

test("a long list of numbers is folded, unfolded and copied whole", async () => {
  const vector = Array.from({ length: 384 }, (_, index) => index / 1000);
  const page = await ended({ embedding: vector, box: [1, 2, 3, 4], batch: [vector, vector], after: "the end" });
  const result = page.getByRole("region", { name: "Result" });
  await shows(result, "384 numbers");
  await shows(result, '"the end"');
  await shows(result, "[1, 2, 3, 4]");
  const text = () => result.locator("pre").textContent();
  assert.ok((await text()).length < 700, await text());
  const more = result.getByRole("button", { name: "Show all of 384 numbers" });
  assert.equal(await more.count(), 3);
  await screenshot(page, "folded-numbers");
  await result.getByRole("button", { name: "Copy the whole list" }).first().click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), JSON.stringify(vector));
  await more.first().click();
  await shows(result, "0.382, 0.383]");
  await result.getByRole("button", { name: "Show less of 384 numbers" }).click();
  assert.equal(await more.count(), 3);
  page.clean();
});

test("a long list of numbers in a stream is folded in its row", async () => {
  const vector = Array.from({ length: 100 }, (_, index) => index);
  const page = await ended([], [{ vector, step: 1 }, { vector, step: 2 }]);
  const stream = page.getByRole("region", { name: "Stream" });
  await shows(stream.getByRole("listitem").nth(1), '"step": 2');
  assert.equal(await stream.getByRole("button", { name: "Show all of 100 numbers" }).count(), 2);
  page.clean();
});
