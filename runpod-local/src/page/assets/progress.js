// Reads progress updates. Handlers can send anything, and the usual forms of "how far" become a bar.
// docs/how-to/report-progress.md describes the rule, and `cargo runpod invoke` follows it, too.

import { element, setText } from "./dom.js";
import { digits, isObject } from "./json_text.js";
import { written } from "./json_view.js";
import { brief } from "./visible.js";

const PERCENT = ["percent", "percentage", "pct"];
const SHARE = ["progress", "fraction", "ratio", "completion"];
const DONE = ["step", "current", "done", "completed", "processed", "epoch", "iteration", "index", "n", "i", "value"];
const TOTAL = ["of", "total", "steps", "total_steps", "totalSteps", "max", "count", "epochs", "iterations"];
// A pair of numbers, with or without fractions. It must not be part of a longer number, a path or a date.
const PAIR = /(?<![\d.,/-])(\d+(?:\.\d+)?)\s*(?:\/|of)\s*(\d+(?:\.\d+)?)(?![\d/-]|[.,]\d)/;
// How many characters of a text are searched.
const MOST_SEARCHED = 1000;
const NOTE = ["message", "status", "stage", "phase", "text", "description"];

/** Returns the share that an update reports, from 0 to 1, or `null` if it reports none. */
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

/** Returns the text of an update. */
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

/** Returns a bar with a percentage and a text. `update(value)` shows another progress update. */
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
      // Rounded down, so 100 % appears only when everything is done. In floating point, 0.29 * 100 is slightly less
      // than 29.
      setText(percent, `${Math.floor(part * 100 + 1e-9)} %`);
    },
  };
}

function share(number) {
  return inRange(number > 1 ? number / 100 : number);
}

function shareInText(whole) {
  // This counts characters. A character may take two units of a JavaScript string.
  const text = [...whole.slice(0, 2 * MOST_SEARCHED)].slice(0, MOST_SEARCHED).join("");
  const percent = text.match(/(\d+(?:\.\d+)?)\s*%/);
  if (percent) return inRange(Number(percent[1]) / 100);
  const pair = text.match(PAIR);
  return pair && Number(pair[2]) > 0 ? inRange(Number(pair[1]) / Number(pair[2])) : null;
}

function inRange(part) {
  return part >= 0 && part <= 1 ? part : null;
}
