// Long texts and long lists of numbers: only their beginning is shown, with their length and a button to show all.

import { copyButton } from "./copy.js";
import { element, fill } from "./dom.js";

const BLOB = 300;
const SHOWN_OF_BLOB = 80;
const LONG_LIST = 32;
const SHOWN_OF_LIST = 8;

/**
 * Returns how many characters of a text to show: at most `most`. Of a long ASCII text without spaces, such as base64,
 * only a few are shown.
 */
export function shownOf(text, most) {
  if (text.length > BLOB && /^[\x21-\x7e]+$/.test(text.slice(0, BLOB))) return SHOWN_OF_BLOB;
  return Math.min(text.length, most);
}

/**
 * Fills `block` with `paint(text)`, or with a part of the text if it is long. `paint(text, isWhole)` returns the nodes
 * to show.
 */
export function foldInto(block, text, most, paint) {
  const length = shownOf(text, most);
  if (length === text.length) return fill(block, paint(text, true));
  const total = `${text.length.toLocaleString("en")} characters`;
  const whole = { total, paint: () => paint(text, true), copy: () => text, what: "text" };
  return folding(block, () => paint(text.slice(0, length), false), whole);
}

/** Returns how many numbers of a list to show. */
export function shownOfNumbers(length) {
  return length > LONG_LIST ? SHOWN_OF_LIST : length;
}

/**
 * Fills `block` with `paint(items, isWhole)`, or with the first numbers if the list is long. `copy` returns the whole
 * list as text.
 */
export function foldNumbersInto(block, items, paint, copy) {
  const length = shownOfNumbers(items.length);
  if (length === items.length) return fill(block, paint(items, true));
  const total = `${items.length.toLocaleString("en")} numbers`;
  return folding(block, () => paint(items.slice(0, length), false), { total, paint: () => paint(items, true), copy, what: "list" });
}

// Shows the part that `paintPart` returns, with buttons to show, fold and copy the whole.
function folding(block, paintPart, { total, paint, copy, what }) {
  const button = (label, click) => element("button", { type: "button", class: "quiet", "aria-label": `${label} of ${total}`, on: { click } }, label);
  const swap = (show) => {
    show();
    block.querySelector("button")?.focus();
  };
  const copier = () => copyButton(copy, `Copy the whole ${what}`);
  const fold = () => {
    const more = button("Show all", () => swap(unfold));
    const size = element("span", { class: "fold-size" }, ` … ${total} `);
    return fill(block, paintPart(), size, more, copier());
  };
  const unfold = () => fill(block, paint(), " ", button("Show less", () => swap(fold)), copier());
  return fold();
}
