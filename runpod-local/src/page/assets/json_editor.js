// An editor for JSON that shows errors while the user types.

import { element, freshId, fill, setAttribute, setText } from "./dom.js";
import { faultIn, parse, pretty } from "./json_text.js";

// Longer texts are checked only when they are sent, so typing stays fast.
const LIVE = 100_000;

/** Returns an editor with `node`, `text()`, `setText(text)`, `fault()` and `focus()`. */
export function jsonEditor({ label, onInput = () => {} }) {
  const id = freshId("json");
  const area = element("textarea", {
    id,
    class: "code",
    rows: "8",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "aria-describedby": `${id}-fault`,
  });
  const gutter = element("div", { class: "gutter", "aria-hidden": "true" });
  const message = element("span", {});
  const there = element("button", { type: "button", class: "quiet", on: { click: () => goTo(faultIn(area.value)) } }, "Go to error");
  const fault = element("p", { class: "fault", id: `${id}-fault`, role: "status", hidden: true }, message, there);
  const tidy = element("button", { type: "button", class: "quiet", on: { click: tidyUp } }, "Format");

  let lines = 0;
  const show = (found) => {
    const now = area.value.split("\n").length;
    if (now !== lines) {
      lines = now;
      fill(gutter, ...Array.from({ length: Math.min(lines, 5000) }, (_, line) => element("span", {}, String(line + 1))));
      setAttribute(area, "rows", String(Math.min(Math.max(lines + 1, 8), 22)));
    }
    for (const mark of gutter.querySelectorAll(".wrong")) mark.classList.remove("wrong");
    if (found) gutter.children[found.line - 1]?.classList.add("wrong");
    fault.hidden = !found;
    setText(message, found ? `Line ${found.line}, column ${found.column}: ${found.message}. ` : "");
    setAttribute(area, "aria-invalid", found ? "true" : null);
    tidy.disabled = Boolean(found);
  };
  const look = () => show(area.value.trim() === "" || area.value.length > LIVE ? null : faultIn(area.value));
  const goTo = (found) => {
    area.focus();
    if (found) area.setSelectionRange(found.offset, Math.min(found.offset + 1, area.value.length));
  };
  function tidyUp() {
    if (faultIn(area.value)) return;
    area.value = pretty(parse(area.value));
    look();
    onInput();
  }
  area.addEventListener("input", () => {
    look();
    onInput();
  });
  area.addEventListener("scroll", () => {
    gutter.scrollTop = area.scrollTop;
  });
  look();

  return {
    node: element(
      "div",
      { class: "editor" },
      element("div", { class: "field-head" }, element("label", { for: id, class: "name" }, label), tidy),
      element("div", { class: "editor-box" }, gutter, area),
      fault,
    ),
    focus: () => area.focus(),
    text: () => area.value,
    setText(text) {
      area.value = text;
      look();
    },
    /** Returns the first error and puts the cursor on it, or returns `null` if the text is valid JSON. */
    fault() {
      const found = faultIn(area.value);
      show(found);
      if (found) goTo(found);
      return found;
    },
  };
}
