// Text for display. Control characters would be invisible. Characters that change the writing direction could make text
// look like something else. Both are shown by their numbers.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Returns `text` with every hidden character shown by its number. Line breaks and tabs are kept. */
export function visible(text) {
  return text.replace(/\r\n/g, "\n").replace(HIDDEN, (character) => {
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `\u27e8U+${code}\u27e9`;
  });
}

/** Returns `text` on one line with at most `most` characters, for small places. */
export function brief(text, most) {
  const line = visible(text.slice(0, most * 2).replace(/\s+/g, " ").trim());
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
