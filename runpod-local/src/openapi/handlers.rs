//! The inputs and outputs of the handlers, described by JSON Schemas.
//!
//! Each schema arrives as a separate document whose references start at its own root. In the larger document,
//! references start at that document's root. Therefore the schema's path in the larger document is inserted at the
//! start of each reference (after the `#`), except in a schema with an `$id`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::reference::reference;
use crate::context::{Description, HandlerInfo};
use crate::text::bytes;

#[derive(Debug)]
pub(super) struct HandlerSchemas {
    components: Map<String, Value>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

impl HandlerSchemas {
    pub(super) fn of(description: &Description) -> Self {
        let mut handlers = Self {
            components: Map::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        let mut names = BTreeSet::new();
        for handler in &description.handlers {
            let name = unused(&type_name(&handler.name), &mut names);
            handlers.add(&name, handler, description.route.as_deref());
        }
        handlers
    }

    /// Returns the schemas by their names in the document.
    pub(super) fn components(&self) -> &Map<String, Value> {
        &self.components
    }

    /// Returns the schema of a submitted job's input.
    pub(super) fn input(&self) -> Value {
        let mut input = match &self.inputs[..] {
            [only] => only.clone(),
            [] => json!({}),
            several => json!({ "anyOf": several }),
        };
        if !input.is_object() {
            input = json!({});
        }
        input["description"] = "The handler's input; anything but null. Input that does not match the handler's type is accepted, \
            but the job fails."
            .into();
        // The endpoint rejects null, even if the handler's own schema allows it.
        input["type"] = json!(["array", "boolean", "number", "object", "string"]);
        input
    }

    /// Returns the schema of a job's output.
    pub(super) fn output(&self) -> Value {
        self.given(
            "The handler's output. For a stream, this is the list of all items, if the worker collects them.",
            "A progress update while the job runs, or the output of a worker that this document does not describe.",
        )
    }

    /// Returns the schema of a stream item.
    pub(super) fn item(&self, most_bytes: usize) -> Value {
        let piece = format!(
            "A piece of an item that is larger than {}, or an item from a worker that this document does not describe.",
            bytes(most_bytes)
        );
        self.given("An item that the handler streamed.", &piece)
    }

    fn given(&self, meaning: &str, otherwise: &str) -> Value {
        let outputs = &self.outputs;
        if outputs.is_empty() {
            return json!({ "description": meaning });
        }
        let mut any = outputs.clone();
        any.push(json!({ "description": otherwise }));
        json!({ "description": meaning, "anyOf": any })
    }

    fn add(&mut self, name: &str, handler: &HandlerInfo, route: Option<&str>) {
        let mut of_input = Vec::new();
        if let Some(schema) = self.component(&format!("{name}Input"), handler.input.as_ref()) {
            of_input.push(schema);
        }
        if let Some(key) = route {
            of_input.push(json!({
                "type": "object",
                "required": [key],
                "properties": { key: { "const": handler.name } },
            }));
        }
        self.inputs.push(match of_input.len() {
            0 => json!({}),
            1 => of_input.remove(0),
            _ => json!({ "allOf": of_input }),
        });
        if let Some(schema) = self.component(&format!("{name}Output"), handler.output.as_ref()) {
            self.outputs.push(schema);
        }
    }

    /// Adds a schema under a name and returns a reference to it.
    fn component(&mut self, name: &str, schema: Option<&Value>) -> Option<Value> {
        let mut schema = schema.filter(|schema| schema.is_object())?.clone();
        if let Some(object) = schema.as_object_mut() {
            // The whole document uses this dialect, so the key is redundant.
            object.shift_remove("$schema");
            // If a schema has an `$id`, its references start at the schema itself, wherever the schema is.
            if !object.contains_key("$id") {
                move_references(&mut schema, &format!("#/components/schemas/{name}"));
            }
        }
        self.components.insert(name.to_owned(), schema);
        Some(reference("schemas", name))
    }
}

/// Moves the references below every keyword that holds schemas. Other values stay unchanged: a `$ref` in an example is
/// not a reference.
fn move_references(schema: &mut Value, way: &str) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    for (keyword, value) in schema {
        match keyword.as_str() {
            "$ref" | "$dynamicRef" => {
                if let Some(rest) = value.as_str().and_then(|it| it.strip_prefix('#'))
                    && (rest.is_empty() || rest.starts_with('/'))
                {
                    *value = format!("{way}{rest}").into();
                }
            }
            "$defs" | "definitions" | "dependentSchemas" | "patternProperties" | "properties" => {
                for schema in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    move_references(schema, way);
                }
            }
            "additionalItems"
            | "additionalProperties"
            | "allOf"
            | "anyOf"
            | "contains"
            | "contentSchema"
            | "else"
            | "if"
            | "items"
            | "not"
            | "oneOf"
            | "prefixItems"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties" => match value {
                Value::Array(schemas) => {
                    for schema in schemas {
                        move_references(schema, way);
                    }
                }
                schema => move_references(schema, way),
            },
            _ => {}
        }
    }
}

/// Turns `generate_image` into `GenerateImage`. Component names have letters and digits only, and become types in
/// generated clients.
fn type_name(handler: &str) -> String {
    let name: String = handler
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter_map(|word| {
            let (first, rest) = word.split_at_checked(1)?;
            Some(first.to_ascii_uppercase() + rest)
        })
        .collect();
    if name.is_empty() {
        "Handler".to_owned()
    } else {
        name
    }
}

/// Returns the name, with a number after it if another handler uses it.
fn unused(name: &str, used: &mut BTreeSet<String>) -> String {
    let mut unused = name.to_owned();
    for number in 2_u32.. {
        if used.insert(unused.clone()) {
            break;
        }
        unused = format!("{name}{number}");
    }
    unused
}
