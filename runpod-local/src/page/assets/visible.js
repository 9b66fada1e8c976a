// Text as it is shown. Control characters would be invisible, and the ones that turn the direction of writing could make
// the text read as something else, so both are shown by their numbers.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** `text` with every hidden character shown by its number; line breaks and tabs are kept. */
export function visible(text) {
  return text.replace(/\r\n/g, "\n").replace(HIDDEN, (character) => {
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `\u27e8U+${code}\u27e9`;
  });
}

/** `text` on one line and with at most `most` characters, for places that have little room. */
export function brief(text, most) {
  const line = visible(text.slice(0, most * 2).replace(/\s+/g, " ").trim());
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
