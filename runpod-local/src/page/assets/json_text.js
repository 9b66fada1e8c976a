// JSON as text: finds errors, and keeps every digit of numbers.

const DEEPEST = 512;

/** Returns the first error in `text` as `{ offset, line, column, message }`, or `null` if the text is valid JSON. */
export function faultIn(text) {
  const reader = new Reader(text);
  try {
    reader.document();
    return null;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    const before = text.slice(0, fault.offset).split("\n");
    return { offset: fault.offset, line: before.length, column: before.at(-1).length + 1, message: fault.message };
  }
}

/**
 * Parses JSON. If JavaScript would change a number (a 64-bit id, `1.0`), the number is kept as written and
 * `JSON.stringify` writes it unchanged. This needs a browser that supports it.
 */
export function parse(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  try {
    return JSON.parse(text, (_key, value, context) =>
      typeof value === "number" && String(value) !== context.source ? JSON.rawJSON(context.source) : value,
    );
  } catch (error) {
    // The text is nested too deeply to visit all values, but it can still be parsed.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

/** Returns the digits of a number from `parse`, or `null` for any other value. */
export function digits(value) {
  if (typeof value === "number") return String(value);
  return JSON.isRawJSON?.(value) ? value.rawJSON : null;
}

/** Returns whether a value from `parse` is a JSON object. */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && digits(value) === null;
}

/** Returns a number that keeps all its digits. */
export function number(text) {
  return String(Number(text)) !== text && JSON.rawJSON ? JSON.rawJSON(text) : Number(text);
}

/** Returns JSON with line breaks and indentation. */
export function pretty(value) {
  return JSON.stringify(value, null, 2);
}

/** Returns JSON text without invisible characters, which are written as `\u…`. */
export function unhidden(json) {
  return json.replace(
    /[\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`,
  );
}

class Fault extends Error {
  constructor(offset, message) {
    super(message);
    this.offset = offset;
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  document() {
    this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail(`expected the end of the text, found ${this.found()}`);
  }

  value(depth) {
    if (depth > DEEPEST) this.fail(`nested more than ${DEEPEST} levels deep`);
    this.space();
    const next = this.text[this.at];
    if (next === "{") this.object(depth);
    else if (next === "[") this.array(depth);
    else if (next === '"') this.string();
    else if (next === "-" || (next >= "0" && next <= "9")) this.match(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y, "a number");
    else if (next === "'") this.fail('text must be in double quotes: "…"');
    else if (!this.word("true") && !this.word("false") && !this.word("null")) {
      this.fail(`expected a value, found ${this.found()}`);
    }
  }

  object(depth) {
    this.at += 1;
    this.space();
    if (this.take("}")) return;
    for (;;) {
      this.space();
      if (this.text[this.at] === "}") this.fail("remove the comma before }");
      if (this.text[this.at] !== '"') this.fail(`expected a key in double quotes, found ${this.found()}`);
      this.string();
      this.space();
      if (!this.take(":")) this.fail(`expected : after the key, found ${this.found()}`);
      this.value(depth + 1);
      this.space();
      if (this.take("}")) return;
      if (!this.take(",")) this.fail(`expected , or } here, found ${this.found()}`);
    }
  }

  array(depth) {
    this.at += 1;
    this.space();
    if (this.take("]")) return;
    for (;;) {
      this.space();
      if (this.text[this.at] === "]") this.fail("remove the comma before ]");
      this.value(depth + 1);
      this.space();
      if (this.take("]")) return;
      if (!this.take(",")) this.fail(`expected , or ] here, found ${this.found()}`);
    }
  }

  string() {
    const start = this.at;
    this.at += 1;
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined) {
        this.at = start;
        this.fail("this text has no closing quote");
      }
      if (next === "\n") this.fail("write a line break inside text as \\n");
      if (next < " ") this.fail("write a control character inside text as \\u00…");
      if (next === "\\") this.match(/\\(["\\/bfnrt]|u[0-9a-fA-F]{4})/y, 'an escape such as \\n, \\" or \\u00e9');
      else this.at += 1;
      if (next === '"') return;
    }
  }

  match(pattern, what) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) this.fail(`expected ${what}`);
    this.at += match[0].length;
  }

  word(word) {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  take(character) {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  space() {
    while (" \t\r\n".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  found() {
    if (this.at >= this.text.length) return "the end";
    const [word] = this.text.slice(this.at, this.at + 24).match(/^([\w$.+-]+|.)/su);
    return word === "\n" ? "the end of the line" : word;
  }

  fail(message) {
    throw new Fault(this.at, message);
  }
}
