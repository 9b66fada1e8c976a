// Asks for the API key.

import { element, fill, setText } from "./dom.js";

const dialog = document.getElementById("key-dialog");

/** Asks for the key. The promise resolves to the key, or to `null` if the user declines. */
export function askForKey(why) {
  const input = element("input", { id: "key", type: "password", autocomplete: "off", required: true });
  const fault = element("p", { class: "fault", role: "alert" });
  setText(fault, why);
  const later = element("button", { type: "button", class: "quiet", on: { click: () => dialog.close() } }, "Not now");
  let key = null;
  const take = (event) => {
    event.preventDefault();
    key = input.value.trim();
    dialog.close();
  };
  fill(
    dialog,
    element(
      "form",
      { on: { submit: take } },
      element("h2", { id: "key-title" }, "API key"),
      element("p", { class: "hint" }, "This endpoint requires an API key. The page keeps the key only in this tab, until you close it."),
      element("label", { for: "key", class: "name" }, "Key"),
      input,
      fault,
      element("div", { class: "actions" }, later, element("button", { type: "submit", class: "primary" }, "Continue")),
    ),
  );
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(key === "" ? null : key), { once: true });
  });
}
