// Reads a file that the user chooses, for a field whose text is an encoded file.

import { element, setText } from "./dom.js";

// An endpoint accepts 10 MB in `/run`, and base64 needs a third more space than the file.
const LARGEST = 7_500_000;

/**
 * Creates a file input. `changed(isChosen)` is called when the user has chosen or removed a file. `content()` returns
 * the file as a data URL, or `null` if no file is chosen.
 */
export function filePicker({ name, accept, changed }) {
  const input = element("input", { type: "file", "aria-label": `File for ${name}`, accept: accept ?? null });
  const remove = element("button", { type: "button", class: "quiet", hidden: true }, "Remove");
  const note = element("p", { class: "hint", role: "status" });
  let url = null;
  const clear = () => {
    url = null;
    input.value = "";
    remove.hidden = true;
    setText(note, "");
    changed(false);
  };
  const choose = async () => {
    const [file] = input.files;
    if (!file) return clear();
    if (file.size > LARGEST) {
      clear();
      return setText(note, `The file has ${(file.size / 1_000_000).toFixed(1)} MB, and a request can have 10 MB as base64. Give a URL instead.`);
    }
    const read = await asDataUrl(file).catch(() => null);
    // The user may have chosen another file in the meantime.
    if (input.files[0] !== file) return undefined;
    if (read === null) {
      clear();
      return setText(note, "The file cannot be read.");
    }
    url = read;
    remove.hidden = false;
    setText(note, "");
    return changed(true);
  };
  input.addEventListener("change", choose);
  remove.addEventListener("click", () => {
    clear();
    input.focus();
  });
  return { node: element("div", { class: "file-picker" }, input, remove, note), content: () => url, clear };
}

function asDataUrl(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result));
    reader.addEventListener("error", failed);
    reader.readAsDataURL(file);
  });
}
