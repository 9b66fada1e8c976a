// Copying to the clipboard.

import { say } from "./announce.js";
import { element, setText } from "./dom.js";

/** A button that copies what `text()` gives. */
export function copyButton(text, label) {
  const button = element("button", { type: "button", class: "quiet copy", "aria-label": label, title: label }, "Copy");
  button.addEventListener("click", async () => {
    const copied = await copy(text());
    setText(button, copied ? "Copied" : "Not allowed");
    say(copied ? "Copied to the clipboard" : "The browser did not allow copying");
    setTimeout(() => setText(button, "Copy"), 1600);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// The clipboard belongs to secure pages; one that is opened over http from another machine is not.
function copyBySelection(text) {
  const area = element("textarea", { class: "away", "aria-hidden": "true", tabindex: "-1" });
  const before = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return copied;
}
