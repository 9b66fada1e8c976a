// Values from jobs in a readable layout. Long values are shortened, with a button to show all.

import { element, fill } from "./dom.js";
import { foldInto, foldNumbersInto, shownOf, shownOfNumbers } from "./fold.js";
import { digits, isObject, pretty, unhidden } from "./json_text.js";
import { mediaWithin } from "./media.js";
import { brief, visible } from "./visible.js";

const MOST_PARTS = 4000;
const LONGEST_TEXT = 2000;
const LONGEST_BLOCK = 50_000;
const DEEPEST = 100;

/** Shows a value: text as text, pictures and sounds as media, and everything else as coloured JSON. */
export function valueView(value) {
  return element("div", { class: "value" }, mediaView(value), typeof value === "string" ? textBlock(value) : jsonBlock(value));
}

/** Returns a value in the form in which it is copied. */
export function plainText(value) {
  return typeof value === "string" ? value : written(value);
}

/** Shows text with its line breaks, in its own writing direction. */
export function textBlock(text) {
  const block = element("pre", { class: "text", dir: "auto", tabindex: "0" });
  return foldInto(block, text, LONGEST_BLOCK, visible);
}

/** Shows coloured JSON. */
export function jsonBlock(value) {
  const block = element("pre", { class: "json", tabindex: "0" });
  const painter = new Painter(block);
  painter.value(value, 0);
  if (!painter.full()) return block;
  const more = element("button", { type: "button", class: "quiet", on: { click: () => fill(block, unhidden(written(value))) } }, "Show all");
  block.append("\n… ", more);
  return block;
}

/** Shows coloured JSON on one line. */
export function jsonLine(value) {
  const line = element("code", { class: "json" });
  const painter = new Painter(line, { parts: 200, inline: true });
  painter.value(value, 0);
  if (painter.full()) line.append(" …");
  return line;
}

/** Returns JSON as text. With an `indent` of 0, it is on one line. */
export function written(value, indent = 2) {
  try {
    return indent ? pretty(value) : JSON.stringify(value);
  } catch {
    return "nested too deeply to be shown";
  }
}

/** Shows the pictures and sounds in a value. Returns `null` if there are none. */
export function mediaView(value) {
  const found = mediaWithin(value);
  return found.length === 0 ? null : element("div", { class: "pictures" }, found.map(figure));
}

function figure({ place, url, kind, sound, bytes }) {
  const where = brief(place, 80);
  const name = where === "" ? kind : `${where}: ${kind}`;
  const shown = sound
    ? element("audio", { controls: true, "aria-label": name })
    : element("img", { alt: name });
  const node = element("figure", {}, shown, element("figcaption", { dir: "auto" }, `${name}, ${size(bytes)}`));
  // If the browser cannot decode the media, the figure is removed. The value below still shows the text.
  shown.addEventListener("error", () => node.remove());
  // This is the only address from a job. The type of its data is a raster image or a sound, and its characters are
  // base64.
  shown.src = url;
  return node;
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Returns text as a JSON string. If the text was cut, the closing quote is missing. */
function quoted(text, isWhole) {
  const json = unhidden(JSON.stringify(text));
  return isWhole ? json : json.slice(0, -1);
}

function isSmall(value) {
  return (typeof value === "string" && value.length < 16) || digits(value) !== null || typeof value === "boolean" || value === null;
}

function isNumber(value) {
  return digits(value) !== null;
}

/** Returns the nodes of a list of numbers. If the list was cut, the closing bracket is missing. */
function numberList(items, isWhole) {
  // An element for each number would be too much for the browser.
  if (items.length > MOST_PARTS) return ["[", element("span", { class: "number" }, items.map(digits).join(", ")), isWhole ? "]" : ""];
  const nodes = items.flatMap((item, index) => [index > 0 ? ", " : "", element("span", { class: "number" }, digits(item))]);
  return ["[", ...nodes, isWhole ? "]" : ""];
}

class Painter {
  constructor(block, { parts = MOST_PARTS, inline = false } = {}) {
    this.block = block;
    this.left = parts;
    this.inline = inline;
  }

  full() {
    return this.left <= 0;
  }

  value(value, depth) {
    if (this.full()) return;
    if (depth > DEEPEST) this.part("plain", "…");
    else if (typeof value === "string") this.text("string", value);
    else if (digits(value) !== null) this.part("number", digits(value));
    else if (typeof value === "boolean" || value === null) this.part("word", String(value));
    else if (Array.isArray(value) && value.length > 0 && value.every(isNumber)) this.numbers(value);
    else if (Array.isArray(value) && value.every(isSmall)) this.line(value, depth);
    else if (Array.isArray(value)) this.many("[", "]", value, depth, (item) => this.value(item, depth + 1));
    else this.many("{", "}", Object.entries(value), depth, (entry) => this.entry(entry, depth));
  }

  entry([key, value], depth) {
    this.text("key", key);
    this.plain(": ");
    this.value(value, depth + 1);
  }

  // A vector or a tensor may have thousands of numbers, which would hide everything after it.
  numbers(items) {
    const shown = element("span", { class: "numbers" });
    foldNumbersInto(shown, items, numberList, () => written(items, 0));
    this.block.append(shown);
    this.left -= shownOfNumbers(items.length);
  }

  // Lists of small values are written on one line, because they would be long columns otherwise.
  line(items, depth) {
    this.plain("[");
    for (const [index, item] of items.entries()) {
      if (this.full()) return;
      if (index > 0) this.plain(", ");
      this.value(item, depth + 1);
    }
    this.plain("]");
  }

  many(open, close, items, depth, paint) {
    if (items.length === 0) return this.plain(open + close);
    this.plain(open);
    for (const [index, item] of items.entries()) {
      if (this.full()) return undefined;
      this.plain(`${index > 0 ? "," : ""}${this.inline ? " " : `\n${"  ".repeat(depth + 1)}`}`);
      paint(item);
    }
    return this.plain(`${this.inline ? " " : `\n${"  ".repeat(depth)}`}${close}`);
  }

  text(kind, value) {
    const shown = element("span", { class: kind });
    // Each text has its own element, so right-to-left letters do not reorder the JSON around them.
    foldInto(shown, value, LONGEST_TEXT, quoted);
    this.block.append(shown);
    this.left -= 1 + shownOf(value, LONGEST_TEXT) / LONGEST_TEXT;
  }

  part(kind, text) {
    this.block.append(element("span", { class: kind }, text));
    this.left -= 1;
  }

  plain(text) {
    this.block.append(text);
  }
}
