// Reads a JSON Schema as the shape of a form. Parts that a form cannot show well (free objects, tuples, alternatives
// next to properties) get the shape "json", a small JSON editor.

const MOST_REFERENCES = 32;
const MOST_ALTERNATIVES = 40;

/**
 * Returns the shape of a schema: `{ kind, title, description, nullable, fallback, … }`. `kind` is one of "text",
 * "number", "boolean", "choice", "fixed", "list", "group", "variants" and "json". `fallback` is the schema's default.
 * Shapes inside shapes are functions, because a schema may contain itself.
 */
export function shapeOf(schema, root) {
  const { schema: plain, nullable } = withoutNull(resolve(schema, root), root);
  const about = {
    title: text(plain.title),
    description: text(plain.description),
    nullable,
    fallback: "default" in plain ? plain.default : undefined,
  };
  return { ...about, ...particular(plain, root) };
}

/** Returns a schema with its `$ref` and `allOf` resolved. A reference that cannot be found accepts anything. */
export function resolve(schema, root, depth = 0) {
  let plain = isSchema(schema) ? schema : {};
  for (let step = 0; typeof plain.$ref === "string"; step += 1) {
    const { $ref, ...beside } = plain;
    const target = step < MOST_REFERENCES ? find($ref, root) : undefined;
    if (!isSchema(target)) return { description: beside.description };
    plain = { ...target, ...beside };
  }
  return Array.isArray(plain.allOf) && depth < MOST_REFERENCES ? merged(plain, root, depth + 1) : plain;
}

function particular(schema, root) {
  if ("const" in schema) return { kind: "fixed", value: schema.const };
  if (Array.isArray(schema.enum)) return choice(schema.enum.map((value) => ({ value })));
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(alternatives)) return oneOfSeveral(schema, alternatives, root);
  switch (typeOf(schema)) {
    case "string":
      return pick("text", schema, ["format", "minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"]);
    case "integer":
      return { ...number(schema), whole: true };
    case "number":
      return number(schema);
    case "boolean":
      return { kind: "boolean" };
    case "array":
      return list(schema, root);
    case "object":
      return group(schema, root);
    default:
      return { kind: "json" };
  }
}

function oneOfSeveral(schema, alternatives, root) {
  const resolved = alternatives.map((alternative) => resolve(alternative, root));
  const values = resolved.flatMap(valuesOf);
  if (!values.includes(undefined)) return choice(values);
  if (schema.properties || alternatives.length > MOST_ALTERNATIVES) return { kind: "json" };
  return {
    kind: "variants",
    variants: resolved.map((alternative, index) => ({
      name: nameOf(alternative, alternatives[index], index),
      shape: () => shapeOf(alternative, root),
    })),
  };
}

function valuesOf(schema) {
  const description = text(schema.description);
  if ("const" in schema) return [{ value: schema.const, description }];
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => ({ value, description }));
  return [undefined];
}

// Rust's enums have no titles. Their variants differ by a constant inside, or by their only key.
function nameOf(schema, reference, index) {
  const properties = Object.entries(isSchema(schema.properties) ? schema.properties : {});
  const tag = properties.find(([, property]) => isSchema(property) && typeof property.const === "string");
  if (text(schema.title)) return schema.title;
  if (tag) return tag[1].const;
  if (properties.length === 1) return properties[0][0];
  if (typeof reference?.$ref === "string") return reference.$ref.split("/").at(-1);
  return typeof schema.type === "string" ? schema.type : `option ${index + 1}`;
}

function group(schema, root) {
  const properties = Object.entries(isSchema(schema.properties) ? schema.properties : {});
  if (properties.length === 0) return { kind: "json", blank: {} };
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return {
    kind: "group",
    fields: () =>
      properties.map(([key, property]) => ({ key, required: required.has(key), shape: shapeOf(property, root) })),
  };
}

function list(schema, root) {
  if (schema.prefixItems || Array.isArray(schema.items)) return { kind: "json", blank: [] };
  return { ...pick("list", schema, ["minItems", "maxItems"]), item: () => shapeOf(schema.items ?? true, root) };
}

function number(schema) {
  return pick("number", schema, ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]);
}

function choice(choices) {
  return { kind: "choice", choices };
}

function pick(kind, schema, keys) {
  return { kind, ...Object.fromEntries(keys.filter((key) => key in schema).map((key) => [key, schema[key]])) };
}

// Schemas express "or null" in four ways. In the form, an empty field means null.
function withoutNull(schema, root) {
  if (Array.isArray(schema.type) && schema.type.includes("null") && schema.type.length > 1) {
    const types = schema.type.filter((type) => type !== "null");
    const rest = { ...schema, type: types.length === 1 ? types[0] : types };
    return { schema: rest.enum ? { ...rest, enum: rest.enum.filter((value) => value !== null) } : rest, nullable: true };
  }
  if (Array.isArray(schema.enum) && schema.enum.length > 1 && schema.enum.includes(null)) {
    return { schema: { ...schema, enum: schema.enum.filter((value) => value !== null) }, nullable: true };
  }
  const way = ["anyOf", "oneOf"].find((name) => Array.isArray(schema[name]));
  const rest = way && schema[way].filter((alternative) => !isNull(resolve(alternative, root)));
  if (rest && rest.length > 0 && rest.length < schema[way].length) {
    const { [way]: _, ...beside } = schema;
    const plain = rest.length === 1 ? { ...resolve(rest[0], root), ...beside } : { ...beside, [way]: rest };
    return { schema: plain, nullable: true };
  }
  return { schema, nullable: schema.nullable === true };
}

function isNull(schema) {
  return schema.type === "null" || ("const" in schema && schema.const === null);
}

function merged({ allOf, ...schema }, root, depth) {
  let whole = schema;
  for (const part of allOf.slice(0, MOST_ALTERNATIVES).map((each) => resolve(each, root, depth))) {
    whole = {
      ...part,
      ...whole,
      ...(part.properties || whole.properties ? { properties: { ...part.properties, ...whole.properties } } : {}),
      ...(part.required || whole.required ? { required: [...(part.required ?? []), ...(whole.required ?? [])] } : {}),
    };
  }
  return whole;
}

function typeOf(schema) {
  if (schema.type !== undefined) return schema.type;
  if (schema.properties) return "object";
  return schema.items ? "array" : undefined;
}

function find(reference, root) {
  if (!reference.startsWith("#")) return undefined;
  let place = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const key = unescaped(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, key)) return undefined;
    place = place[key];
  }
  return place;
}

function unescaped(step) {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function isSchema(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value) {
  return typeof value === "string" && value !== "" ? value : null;
}
