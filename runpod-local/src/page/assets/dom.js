// Elements are made here and nowhere else. Text goes in as text, and only attributes on this list can be set, so that
// nothing a job, a worker or an example says can become markup, an address or a script.

const ATTRIBUTES = new Set([
  "class", "id", "type", "name", "value", "for", "href", "title", "placeholder", "disabled", "hidden", "checked",
  "open", "rows", "min", "max", "step", "required", "tabindex", "role", "scope", "dir", "lang", "autocomplete",
  "spellcheck", "autocapitalize", "inputmode", "maxlength", "selected", "datetime", "alt", "colspan",
  "controls", "viewBox", "x", "y", "width", "height", "rx", "d", "preserveAspectRatio", "focusable",
]);

/**
 * Makes an element: `element("button", { type: "button", on: { click } }, "Cancel")`.
 * Children are elements or text; `null`, `undefined` and `false` are left out.
 */
export function element(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
export function drawing(tag, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Puts `children` in place of what is there. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(isThere));
  return parent;
}

/** Sets text only where it differs, so that a selection in unchanged text is not lost. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute, or takes it away for `false`, `null` and `undefined`. */
export function setAttribute(node, name, value) {
  if (!ATTRIBUTES.has(name) && !/^(aria|data)-[a-z-]+$/.test(name)) throw new Error(`attribute ${name} is not allowed`);
  if (name === "href" && !value.startsWith("#")) throw new Error("links lead to places on this page only");
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

let ids = 0;

/** An id that no other element has, to tie labels and messages to fields. */
export function freshId(what) {
  ids += 1;
  return `${what}-${ids}`;
}

function dress(node, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children.flat().filter(isThere));
  return node;
}

function isThere(child) {
  return child !== null && child !== undefined && child !== false;
}
