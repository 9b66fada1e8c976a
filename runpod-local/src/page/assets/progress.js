// What a progress update says. Handlers send what they like; the usual ways to say "how far" become a bar. The rule is
// written down in docs/how-to/report-progress.md, and `cargo runpod invoke` follows it too.

import { element, setText } from "./dom.js";
import { digits, isObject } from "./json_text.js";
import { written } from "./json_view.js";
import { brief } from "./visible.js";

const PERCENT = ["percent", "percentage", "pct"];
const SHARE = ["progress", "fraction", "ratio", "completion"];
const DONE = ["step", "current", "done", "completed", "processed", "epoch", "iteration", "index", "n", "i", "value"];
const TOTAL = ["of", "total", "steps", "total_steps", "totalSteps", "max", "count", "epochs", "iterations"];
// A number with a fraction or without; not the end of a longer number, a path or a date.
const PAIR = /(?<![\d.,/-])(\d+(?:\.\d+)?)\s*(?:\/|of)\s*(\d+(?:\.\d+)?)(?![\d/-]|[.,]\d)/;
// How much of a text is searched.
const MOST_SEARCHED = 1000;
const NOTE = ["message", "status", "stage", "phase", "text", "description"];

/** How far an update says the job is, from 0 to 1, or `null` where it does not say. */
export function shareOf(update) {
  if (digits(update) !== null) return share(Number(digits(update)));
  if (typeof update === "string") return shareInText(update);
  if (!isObject(update)) return null;
  const of = (keys) => keys.map((key) => Object.hasOwn(update, key) && digits(update[key])).find(Boolean);
  const percent = of(PERCENT);
  if (percent) return inRange(Number(percent) / 100);
  const [done, total] = [of([...DONE, ...SHARE]), of(TOTAL)];
  if (done && Number(total) > 0) return inRange(Number(done) / Number(total));
  return of(SHARE) ? share(Number(of(SHARE))) : null;
}

/** What an update says in words. */
export function noteOf(update) {
  if (update === null || update === undefined) return "";
  if (typeof update === "string") return brief(update, 300);
  if (digits(update) !== null) return "";
  if (isObject(update)) {
    const note = NOTE.map((key) => Object.hasOwn(update, key) && update[key]).find((text) => typeof text === "string");
    if (note) return brief(note, 300);
  }
  return brief(written(update, 0), 300);
}

/** A bar with its number and words; `update(value)` shows another progress. */
export function progressBar(label) {
  const bar = element("progress", { max: "1", "aria-label": label });
  const percent = element("span", { class: "percent" });
  const note = element("span", { class: "note", dir: "auto" });
  const node = element("div", { class: "progress" }, bar, percent, note);
  return {
    node,
    update(value) {
      const part = shareOf(value);
      setText(note, noteOf(value));
      bar.hidden = percent.hidden = part === null;
      bar.value = part ?? 0;
      // Rounded down, so that 100 % is said of what is done only; 0.29 * 100 is a little less than 29.
      setText(percent, `${Math.floor(part * 100 + 1e-9)} %`);
    },
  };
}

function share(number) {
  return inRange(number > 1 ? number / 100 : number);
}

function shareInText(whole) {
  // In characters, of which one may be two units of the string.
  const text = [...whole.slice(0, 2 * MOST_SEARCHED)].slice(0, MOST_SEARCHED).join("");
  const percent = text.match(/(\d+(?:\.\d+)?)\s*%/);
  if (percent) return inRange(Number(percent[1]) / 100);
  const pair = text.match(PAIR);
  return pair && Number(pair[2]) > 0 ? inRange(Number(pair[1]) / Number(pair[2])) : null;
}

function inRange(part) {
  return part >= 0 && part <= 1 ? part : null;
}
