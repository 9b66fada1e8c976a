// Copying to the clipboard.

import { say } from "./announce.js";
import { element, setText } from "./dom.js";

/** Returns a button that copies the result of `text()`. */
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

// Only secure pages may use the clipboard API. A page opened over HTTP from another machine is not secure.
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
