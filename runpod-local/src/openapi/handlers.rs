//! What the handlers take and give, by the JSON Schemas of their types.
//!
//! A schema comes as a document of its own, and its references begin at its root. Here it is a part of a larger one, and
//! they begin at that one's root: they are made longer by the way to the schema.

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

    /// By their names among the document's schemas.
    pub(super) fn components(&self) -> &Map<String, Value> {
        &self.components
    }

    /// Of a job that is submitted.
    pub(super) fn input(&self) -> Value {
        let mut input = match &self.inputs[..] {
            [only] => only.clone(),
            [] => json!({}),
            several => json!({ "anyOf": several }),
        };
        if !input.is_object() {
            input = json!({});
        }
        input["description"] = "What the handler takes; anything but null. Input that does not fit the handler's type is \
            taken all the same, and the job fails."
            .into();
        // A handler's own schema may allow null, and the endpoint does not.
        input["type"] = json!(["array", "boolean", "number", "object", "string"]);
        input
    }

    /// Of a job that is reported.
    pub(super) fn output(&self) -> Value {
        self.given(
            "What the handler gave; of a stream, all items where the worker gathers them.",
            "A progress update while the job runs, or what a worker gave that is not described here.",
        )
    }

    /// Of a stream.
    pub(super) fn item(&self, most_bytes: usize) -> Value {
        let piece = format!(
            "A piece of an item that is larger than {}, or an item of a worker that is not described here.",
            bytes(most_bytes)
        );
        self.given("What the handler streamed.", &piece)
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

    /// Adds a schema under a name, and refers to it.
    fn component(&mut self, name: &str, schema: Option<&Value>) -> Option<Value> {
        let mut schema = schema.filter(|schema| schema.is_object())?.clone();
        if let Some(object) = schema.as_object_mut() {
            // The whole document has one dialect, which is this one.
            object.shift_remove("$schema");
            // With an id of its own, the references in it begin at it wherever it stands.
            if !object.contains_key("$id") {
                move_references(&mut schema, &format!("#/components/schemas/{name}"));
            }
        }
        self.components.insert(name.to_owned(), schema);
        Some(reference("schemas", name))
    }
}

/// Each keyword that holds schemas, and no other: what looks like a reference in an example is none.
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

/// `generate_image` as `GenerateImage`: component names are letters and digits, and become types in generated clients.
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

/// With a number behind it where another handler has it already.
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
