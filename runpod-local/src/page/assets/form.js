// Builds a form for a value from the shape of its schema.

import { element, fill, freshId, setText } from "./dom.js";
import { ABSENT, Misfit, singleField } from "./form_field.js";
import { isObject } from "./json_text.js";

// At a greater depth, the form uses a small JSON editor. Schemas that people fill in by hand are not that deep.
const DEEPEST = 8;

/** Creates a field for any shape. `options` are `{ name, required, depth }`. */
export function fieldFor(shape, options) {
  const deep = options.depth ?? 0;
  if (deep > DEEPEST) return singleField({ ...shape, kind: "json" }, options);
  if (shape.kind === "group") return optional(shape, options, () => groupFields(shape, options));
  if (shape.kind === "list") return listField(shape, options);
  if (shape.kind === "variants") return optional(shape, options, () => variantField(shape, options));
  return singleField(shape, options);
}

/** Creates the fields of an object without a frame, for the form's top level. `hidden` is a key without a field. */
export function groupFields(shape, { depth = 0, hidden = null } = {}) {
  const entries = shape
    .fields()
    .filter(({ key }) => key !== hidden)
    .map(({ key, required, shape: inner }) => ({ key, required, field: fieldFor(inner, { name: key, required, depth: depth + 1 }) }));
  // Required fields come first. Otherwise the form and its JSON keep the order of the declaration.
  const shown = [...entries.filter(({ required }) => required), ...entries.filter(({ required }) => !required)];
  const keys = new Set(entries.map(({ key }) => key));
  const note = element("p", { class: "hint", hidden: true });
  let others = [];
  return {
    node: element("div", { class: "fields" }, shown.map(({ field }) => field.node), note),
    focus: () => shown[0]?.field.focus(),
    read(faults) {
      const values = entries.map(({ key, field }) => [key, field.read(faults)]);
      return Object.fromEntries([...values.filter(([, value]) => value !== ABSENT), ...others]);
    },
    write(value) {
      if (value !== ABSENT && !isObject(value)) throw new Misfit([], "expected an object");
      const given = value === ABSENT ? {} : value;
      for (const { key, field } of entries) {
        at(key, () => field.write(Object.hasOwn(given, key) ? given[key] : ABSENT));
      }
      others = Object.entries(given).filter(([key]) => !keys.has(key) && key !== hidden);
      note.hidden = others.length === 0;
      setText(note, `Also sent, although not in the schema: ${others.map(([key]) => key).join(", ")}`);
    },
  };
}

// A frame around the fields of an object. If the object is optional, a checkbox shows and creates its fields.
function optional(shape, { name, required }, make) {
  const holder = element("div", { class: "inside" });
  const box = element("input", { type: "checkbox", id: freshId("include") });
  const free = !required || shape.nullable;
  const legend = free
    ? element("legend", {}, box, element("label", { for: box.id, class: "name" }, name), element("span", { class: "type" }, required ? "may be null" : "optional"))
    : element("legend", {}, element("span", { class: "name" }, name), element("span", { class: "type" }, "required"));
  const hint = shape.description && element("p", { class: "hint" }, shape.description);
  let inner = null;
  const include = (wanted) => {
    box.checked = wanted;
    if (wanted) inner ??= make();
    fill(holder, wanted && inner.node);
    holder.hidden = !wanted;
  };
  box.addEventListener("change", () => include(box.checked));
  include(!free);
  return {
    node: element("fieldset", { class: "group" }, legend, hint, holder),
    focus: () => (free ? box.focus() : inner.focus()),
    read(faults) {
      if (!free || box.checked) return inner.read(faults);
      return required ? null : ABSENT;
    },
    write(value) {
      const nothing = value === ABSENT || value === null;
      if (nothing && free) return include(false);
      include(true);
      return inner.write(value);
    },
  };
}

function listField(shape, { name, required, depth = 0 }) {
  const items = [];
  const rows = element("ol", { class: "items" });
  const add = element("button", { type: "button", class: "quiet", on: { click: () => append().focus() } }, "Add item");
  const kind = element("span", { class: "type" }, required ? "list, required" : "list, optional");
  const message = element("p", { class: "fault", role: "alert", hidden: true });
  const append = () => {
    const field = fieldFor(shape.item(), { name: `${name} ${items.length + 1}`, required: true, depth: depth + 1 });
    const remove = element("button", { type: "button", class: "quiet remove", "aria-label": `Remove ${name} ${items.length + 1}` }, "×");
    const row = element("li", {}, field.node, remove);
    remove.addEventListener("click", () => {
      items.splice(items.indexOf(field), 1);
      row.remove();
      add.focus();
    });
    items.push(field);
    rows.append(row);
    return field;
  };
  const clear = () => {
    items.length = 0;
    fill(rows);
  };
  const focus = () => (items[0] ?? add).focus();
  return {
    node: element(
      "fieldset",
      { class: "group" },
      element("legend", {}, element("span", { class: "name" }, name), kind),
      shape.description && element("p", { class: "hint" }, shape.description),
      element("div", { class: "inside" }, rows, message, add),
    ),
    focus,
    read(faults) {
      message.hidden = true;
      if (items.length === 0 && !required) return ABSENT;
      if (items.length === 0 && shape.nullable) return null;
      const fault = count(items.length, shape);
      if (fault) {
        message.hidden = false;
        setText(message, fault);
        faults.push({ message: `${name}: ${fault}`, focus });
      }
      return items.map((item) => item.read(faults)).filter((value) => value !== ABSENT);
    },
    write(value) {
      clear();
      if (value === ABSENT || value === null) return;
      if (!Array.isArray(value)) throw new Misfit([], "expected a list");
      value.forEach((item, index) => at(index, () => append().write(item)));
    },
  };
}

function variantField(shape, { name, depth = 0 }) {
  const holder = element("div");
  const options = shape.variants.map((variant, index) => element("option", { value: String(index) }, variant.name));
  const select = element("select", { "aria-label": `Kind of ${name}` }, options);
  let field = null;
  const choose = (index) => {
    select.value = String(index);
    const inner = shape.variants[index].shape();
    field =
      inner.kind === "group"
        ? groupFields(inner, { depth: depth + 1 })
        : fieldFor(inner, { name: shape.variants[index].name, required: true, depth: depth + 1 });
    fill(holder, field.node);
  };
  select.addEventListener("change", () => choose(Number(select.value)));
  choose(0);
  return {
    node: element("div", { class: "fields" }, select, holder),
    focus: () => select.focus(),
    read: (faults) => field.read(faults),
    write(value) {
      if (value === ABSENT) return choose(0);
      for (let index = 0; index < shape.variants.length; index += 1) {
        choose(index);
        if (fits(field, value)) return undefined;
      }
      throw new Misfit([], "matches none of the alternatives");
    },
  };
}

// A variant fits only if it has exactly the keys of the value.
function fits(field, value) {
  try {
    field.write(value);
    const faults = [];
    const back = field.read(faults);
    return faults.length === 0 && sameKeys(back, value);
  } catch (fault) {
    if (fault instanceof Misfit) return false;
    throw fault;
  }
}

function sameKeys(one, other) {
  if (!isObject(one) || !isObject(other)) return true;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key));
}

function count(length, { minItems, maxItems }) {
  if (length < Number(minItems ?? 0)) return `must have at least ${minItems}`;
  return length > Number(maxItems ?? Infinity) ? `can have at most ${maxItems}` : null;
}

function at(step, act) {
  try {
    act();
  } catch (fault) {
    throw fault instanceof Misfit ? fault.inside(step) : fault;
  }
}
