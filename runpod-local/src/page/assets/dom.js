// The only place where elements are created. Text is inserted as text, and only the listed attributes can be set.
// Nothing from a job, a worker or an example can therefore become markup, an address or a script.

const ATTRIBUTES = new Set([
  "class", "id", "type", "name", "value", "for", "href", "title", "placeholder", "disabled", "hidden", "checked",
  "open", "rows", "min", "max", "step", "required", "tabindex", "role", "scope", "dir", "lang", "autocomplete",
  "spellcheck", "autocapitalize", "inputmode", "maxlength", "selected", "datetime", "alt", "colspan",
  "controls", "accept", "viewBox", "x", "y", "width", "height", "rx", "d", "preserveAspectRatio", "focusable",
]);

/**
 * Creates an element: `element("button", { type: "button", on: { click } }, "Cancel")`.
 * Children are elements or text. `null`, `undefined` and `false` are skipped.
 */
export function element(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** Creates an SVG element in the same way. */
export function drawing(tag, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Replaces the children of `parent` with `children`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(isThere));
  return parent;
}

/** Sets text only if it differs. A selection in unchanged text therefore remains. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute, or removes it if the value is `false`, `null` or `undefined`. */
export function setAttribute(node, name, value) {
  if (!ATTRIBUTES.has(name) && !/^(aria|data)-[a-z-]+$/.test(name)) throw new Error(`attribute ${name} is not allowed`);
  if (name === "href" && !value.startsWith("#")) throw new Error("links lead to places on this page only");
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

let ids = 0;

/** Returns an id that no other element has, to connect labels and messages with fields. */
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
