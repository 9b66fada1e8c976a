// The page's chat with a worker that serves OpenAI clients.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PHONE, barriers, fitsItsWidth, launch, open, screenshot, shows } from "./browser.js";
import { endpoint, serving } from "./programs.js";

let served;
let browser;

before(async () => {
  [served, browser] = await Promise.all([serving("chat", "RUNPOD_TEST_CHAT"), launch()]);
});

after(async () => {
  await browser?.close();
  await served?.end();
});

async function chatting(options) {
  const page = await open(browser, served.url, options);
  await page.getByRole("link", { name: "Chat" }).click();
  const prompt = page.getByRole("textbox", { name: "Message", exact: true });
  return { page, prompt, answers: page.locator('.talk li[data-author="model"]') };
}

test("a message is sent, and its answer arrives with its numbers", async () => {
  const { page, prompt, answers } = await chatting();
  assert.equal(await page.getByRole("combobox", { name: "Model" }).inputValue(), "parrot-1");
  await prompt.fill("to be or not to be");
  await prompt.press("Enter");
  await shows(answers, "to be or not to be");
  await shows(answers, "6 tokens");
  // The second request contains the whole conversation, and this model repeats all of it.
  await prompt.fill("<b>that</b>");
  await page.getByRole("button", { name: "Send" }).click();
  await shows(answers.nth(1), "to be or not to be to be or not to be <b>that</b>");
  await shows(answers.nth(1), "tokens/s");
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, "chat");
  page.clean();
});

test("the system message comes first, and a new chat forgets the others", async () => {
  const { page, prompt, answers } = await chatting();
  await page.getByText("System message").first().click();
  await page.getByRole("textbox", { name: "System message" }).fill("Be brief.");
  await prompt.fill("one");
  await prompt.press("Enter");
  await shows(answers, "Be brief. one");
  await page.getByRole("button", { name: "New chat" }).click();
  assert.equal(await answers.count(), 0);
  await prompt.fill("two");
  await prompt.press("Enter");
  await shows(answers, "Be brief. two");
  page.clean();
});

test("an answer is stopped, and its job is cancelled", async () => {
  const { page, prompt, answers } = await chatting();
  await prompt.fill("word ".repeat(4000));
  await prompt.press("Enter");
  await shows(answers, "word");
  await page.getByRole("button", { name: "Stop" }).click();
  await shows(answers, "stopped");
  await page.getByRole("link", { name: "Jobs", exact: true }).click();
  await shows(page.locator("#jobs .status"), "Cancelled");
  page.clean();
});

test("a new chat while an answer arrives forgets both", async () => {
  const { page, prompt, answers } = await chatting();
  await prompt.fill("word ".repeat(4000));
  await prompt.press("Enter");
  await shows(answers, "word");
  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("button", { name: "Send" }).waitFor();
  await prompt.fill("two");
  await prompt.press("Enter");
  await shows(answers, "1 token");
  assert.equal(await page.locator(".talk .said").last().textContent(), "two");
  page.clean();
});

test("an answer whose job is cancelled by somebody else is not complete", async () => {
  const { page, prompt, answers } = await chatting();
  await prompt.fill("word ".repeat(4000));
  await prompt.press("Enter");
  await shows(answers, "word");
  const { jobs } = await (await fetch(`${served.url}/local/state`)).json();
  const { id } = jobs.find(({ status }) => status === "IN_PROGRESS");
  await fetch(`${served.url}/cancel/${id}`, { method: "POST" });
  await shows(answers.getByRole("alert"), "ended early");
  page.clean();
});

test("a refused message shows the error of the worker", async () => {
  const { page, prompt, answers } = await chatting({ viewport: PHONE });
  await prompt.fill("word ".repeat(4097));
  await prompt.press("Enter");
  await shows(answers.getByRole("alert"), "4096");
  await fitsItsWidth(page);
  page.clean();
});

test("without a model for chats, the page has no chat", async () => {
  const other = await endpoint("no-chat");
  const page = await open(browser, other.url);
  assert.equal(await page.getByRole("link", { name: "Chat" }).count(), 0);
  page.clean();
  await other.end();
});
