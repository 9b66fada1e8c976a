// Fields for single values. Every field, here and in form.js, has the same four members:
//   node          the element for the page
//   read(faults)  returns the value or ABSENT; adds errors to `faults` as { message, focus }
//   write(value)  shows a value or ABSENT; throws `Misfit` if the field cannot show it
//   focus()       moves the cursor to the field

import { element, freshId, setAttribute, setText } from "./dom.js";
import { filePicker } from "./file_picker.js";
import { digits, faultIn, number, parse, pretty } from "./json_text.js";
import { brief } from "./visible.js";

/** The value of a field that is left empty. */
export const ABSENT = Symbol("absent");

/** The error for a value that a field cannot show. */
export class Misfit extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }

  /** Returns the same error with the path seen from the object or list that contains the field. */
  inside(step) {
    return new Misfit([step, ...this.path], this.message);
  }
}

/** Creates a field for a single value. */
export function singleField(shape, { name, required }) {
  if (shape.kind === "fixed") return fixedField(shape, name);
  const kinds = { text: textControl, number: numberControl, boolean: booleanControl, choice: choiceControl };
  const control = shape.kind === "text" && shape.contentEncoding === "base64" ? fileControl : (kinds[shape.kind] ?? jsonControl);
  return framed(shape, { name, required }, control(shape, required, name));
}

// Combines label, control, description and error message, and links them for screen readers.
function framed(shape, { name, required }, control) {
  const id = freshId("field");
  const hint = element("p", { class: "hint", id: `${id}-hint` }, shape.description ?? "");
  const message = element("p", { class: "fault", id: `${id}-fault`, hidden: true });
  setAttribute(control.input, "id", id);
  setAttribute(control.input, "aria-describedby", `${id}-hint ${id}-fault`);
  setAttribute(control.input, "aria-required", required ? "true" : null);
  // A checkbox always has a value.
  const need = control.input.type === "checkbox" ? "" : required ? "required" : "optional";
  const type = element("span", { class: "type" }, [control.type, need].filter(Boolean).join(", "));
  const label = element("label", { for: id, class: "name" }, name);
  const line = element("div", { class: "field-head" }, label, type);
  const node =
    control.input.type === "checkbox"
      ? element("div", { class: "field check" }, control.input, line, shape.description && hint, message)
      : element("div", { class: "field" }, line, control.input, control.beside, shape.description && hint, message);
  const focus = () => control.input.focus();
  const say = (text) => {
    setText(message, text ?? "");
    message.hidden = text === null;
    setAttribute(control.input, "aria-invalid", text === null ? null : "true");
  };
  control.input.addEventListener("input", () => say(null));
  return {
    node,
    focus,
    read(faults) {
      try {
        const value = control.read();
        say(null);
        return value;
      } catch (fault) {
        if (!(fault instanceof Misfit)) throw fault;
        say(fault.message);
        faults.push({ message: `${name}: ${fault.message}`, focus });
        return ABSENT;
      }
    },
    write(value) {
      say(null);
      control.write(value);
    },
  };
}

function textControl(shape, required) {
  const types = { date: "date", email: "email", uri: "url", password: "password" };
  const short = shape.format !== undefined || shape.pattern !== undefined || shape.maxLength <= 60;
  const input = short
    ? element("input", { type: types[shape.format] ?? "text", autocomplete: "off" })
    : growing(element("textarea", { rows: "1", spellcheck: "true" }));
  setAttribute(input, "placeholder", defaultOf(shape));
  return {
    input,
    type: { uri: "URL" }[shape.format] ?? shape.format ?? "",
    read() {
      const text = input.value;
      if (text === "" && !required) return ABSENT;
      if (text === "" && shape.nullable) return null;
      const length = [...text].length;
      const least = Number(shape.minLength ?? 0);
      if (length < least) refuse(least === 1 ? "is required" : `must have at least ${least} characters, but has ${length}`);
      if (length > Number(shape.maxLength ?? Infinity)) refuse(`can have at most ${shape.maxLength} characters, but has ${length}`);
      return text;
    },
    write(value) {
      if (!isNothing(value) && typeof value !== "string") refuse("expected text");
      input.value = isNothing(value) ? "" : value;
      input.dispatchEvent(new Event("grow"));
    },
  };
}

// An encoded file: the user enters a text, or chooses a file, which then takes the place of the text.
function fileControl(shape, required, name) {
  const control = textControl(shape, required);
  const changed = (isChosen) => {
    control.input.hidden = isChosen;
    control.input.dispatchEvent(new Event("input"));
  };
  const picker = filePicker({ name, accept: shape.contentMediaType, changed });
  return {
    ...control,
    type: "file or text",
    beside: picker.node,
    read: () => picker.content() ?? control.read(),
    write(value) {
      picker.clear();
      control.write(value);
    },
  };
}

function numberControl(shape, required) {
  const input = element("input", {
    type: "text",
    inputmode: shape.whole ? "numeric" : "decimal",
    autocomplete: "off",
    placeholder: defaultOf(shape),
  });
  const pattern = shape.whole ? /^-?(0|[1-9]\d*)$/ : /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
  return {
    input,
    type: (shape.whole ? "whole number" : "number") + range(shape),
    read() {
      const text = input.value.trim();
      if (text === "" && !required) return ABSENT;
      if (text === "" && shape.nullable) return null;
      if (text === "") refuse("is required");
      if (!pattern.test(text)) refuse(shape.whole ? "must be a whole number" : "must be a number, such as 0.5");
      const value = Number(text);
      const [least, most] = [limit(shape.minimum), limit(shape.maximum)];
      if (value < least) refuse(`must be at least ${least}`);
      if (value > most) refuse(`must be at most ${most}`);
      if (value <= limit(shape.exclusiveMinimum)) refuse(`must be more than ${limit(shape.exclusiveMinimum)}`);
      if (value >= limit(shape.exclusiveMaximum)) refuse(`must be less than ${limit(shape.exclusiveMaximum)}`);
      return number(text);
    },
    write(value) {
      if (!isNothing(value) && digits(value) === null) refuse("expected a number");
      input.value = isNothing(value) ? "" : digits(value);
    },
  };
}

function booleanControl(shape, required) {
  if (!required || shape.nullable) {
    return choiceControl({ ...shape, choices: [{ value: true }, { value: false }] }, required);
  }
  const input = element("input", { type: "checkbox", checked: shape.fallback === true });
  return {
    input,
    type: "",
    read: () => input.checked,
    write(value) {
      if (!isNothing(value) && typeof value !== "boolean") refuse("expected true or false");
      input.checked = value === ABSENT ? shape.fallback === true : value === true;
    },
  };
}

function choiceControl(shape, required) {
  const texts = shape.choices.map(({ value }) => JSON.stringify(value));
  const unset = !required || shape.nullable;
  const options = shape.choices.map(({ value, description }, index) => {
    const label = brief(typeof value === "string" ? value : texts[index], 80);
    return element("option", { value: String(index) }, description ? `${label} – ${brief(description, 80)}` : label);
  });
  const nothing = element("option", { value: "" }, defaultOf(shape) ?? "not set");
  const input = element("select", {}, unset && nothing, options);
  return {
    input,
    type: "",
    read() {
      if (input.value === "") return required ? null : ABSENT;
      return shape.choices[Number(input.value)].value;
    },
    write(value) {
      if (isNothing(value)) {
        input.selectedIndex = 0;
        return;
      }
      const index = texts.indexOf(JSON.stringify(value));
      if (index < 0) refuse(`is not one of ${brief(texts.join(", "), 120)}`);
      input.value = String(index);
    },
  };
}

function jsonControl(shape, required) {
  const input = growing(element("textarea", { rows: "2", class: "code", spellcheck: "false", autocapitalize: "off" }));
  if (shape.blank && required) input.value = JSON.stringify(shape.blank);
  setAttribute(input, "placeholder", defaultOf(shape));
  return {
    input,
    type: "JSON",
    read() {
      if (input.value.trim() === "" && !required) return ABSENT;
      const fault = faultIn(input.value);
      if (fault) refuse(`line ${fault.line}, column ${fault.column}: ${fault.message}`);
      return parse(input.value);
    },
    write(value) {
      const blank = required && shape.blank ? JSON.stringify(shape.blank) : "";
      input.value = value === ABSENT ? blank : pretty(value);
      input.dispatchEvent(new Event("grow"));
    },
  };
}

// If the schema prescribes the value, the user need not enter it. The field always sends it.
function fixedField({ value }, name) {
  const text = JSON.stringify(value);
  return {
    node: element("div", { class: "field fixed" }, element("span", { class: "name" }, name), element("code", {}, text)),
    focus() {},
    read: () => value,
    write(given) {
      if (given !== ABSENT && JSON.stringify(given) !== text) refuse(`must be ${brief(text, 60)}`);
    },
  };
}

/** Makes a text area grow with its text. */
export function growing(area) {
  const grow = () => {
    if (!area.isConnected) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 360)}px`;
  };
  area.addEventListener("input", grow);
  area.addEventListener("grow", () => requestAnimationFrame(grow));
  return area;
}

function refuse(message) {
  throw new Misfit([], message);
}

function isNothing(value) {
  return value === ABSENT || value === null;
}

function limit(value) {
  return value === undefined ? NaN : Number(digits(value));
}

function range({ minimum, maximum }) {
  const [least, most] = [limit(minimum), limit(maximum)];
  if (least === least && most === most) return `, ${least} to ${most}`;
  if (least === least) return `, from ${least}`;
  return most === most ? `, up to ${most}` : "";
}

function defaultOf(shape) {
  return shape.fallback === undefined || shape.fallback === null
    ? null
    : `default: ${brief(typeof shape.fallback === "string" ? shape.fallback : JSON.stringify(shape.fallback), 60)}`;
}
