// Long texts: only their beginning is shown, with their length and a button to show all.

import { copyButton } from "./copy.js";
import { element, fill } from "./dom.js";

const BLOB = 300;
const SHOWN_OF_BLOB = 80;

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
  const button = (label, click) => element("button", { type: "button", class: "quiet", "aria-label": `${label} of ${total}`, on: { click } }, label);
  const swap = (show) => {
    show();
    block.querySelector("button")?.focus();
  };
  const fold = () => {
    const more = button("Show all", () => swap(unfold));
    const size = element("span", { class: "fold-size" }, ` … ${total} `);
    return fill(block, paint(text.slice(0, length), false), size, more, copyButton(() => text, "Copy the whole text"));
  };
  const unfold = () => fill(block, paint(text, true), " ", button("Show less", () => swap(fold)), copyButton(() => text, "Copy the whole text"));
  return fold();
}
