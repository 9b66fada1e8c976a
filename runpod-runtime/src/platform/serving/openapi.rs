//! The `OpenAPI` document of the handlers, for client generators.

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, HandlerEntry, path_of};

/// Returns the document. Schemas that are not known are left open.
pub(super) fn document(catalogue: &Catalogue) -> Value {
    let mut components = Map::new();
    components.insert("Error".to_owned(), error());
    let mut paths = Map::new();
    for (name, handler) in &catalogue.handlers {
        let operation = operation(name, handler, &mut components);
        paths.insert(path_of(name), json!({ "post": operation }));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Runpod worker", "version": crate::platform::VERSION },
        "paths": paths,
        "components": { "schemas": components },
    })
}

fn operation(name: &str, handler: &HandlerEntry, components: &mut Map<String, Value>) -> Value {
    let mut component = |part: &str, schema: Option<&Value>| {
        let Some(schema) = schema else {
            return json!(true);
        };
        let name = format!("{}{part}", type_name(name));
        // Two handlers such as `a-b` and `a_b` have the same type name.
        let mut name = name;
        while components.contains_key(&name) {
            name.push('_');
        }
        let place = format!("#/components/schemas/{name}");
        let mut schema = schema.clone();
        move_references(&mut schema, &place);
        if let Some(schema) = schema.as_object_mut() {
            schema.shift_remove("$schema");
        }
        components.insert(name, schema);
        json!({ "$ref": place })
    };
    let input = component("Input", handler.input.as_ref());
    let output = component(
        if handler.streams { "Item" } else { "Output" },
        handler.output.as_ref(),
    );
    let content = if handler.streams {
        json!({
            "application/json": { "schema": { "type": "array", "items": output } },
            "application/x-ndjson": {},
            "text/event-stream": {},
        })
    } else {
        json!({ "application/json": { "schema": output } })
    };
    let takes_input = input != json!(true);
    json!({
        "operationId": name,
        "requestBody": {
            "required": takes_input,
            "content": { "application/json": { "schema": input } },
        },
        "responses": {
            "200": { "description": "The output of the handler.", "content": content },
            "400": failed("The body is not valid JSON."),
            "413": failed("The body is too large."),
            "422": failed("The input does not match the handler's type, or is invalid."),
            "500": failed("The handler failed."),
            "503": failed("The worker is loading, busy or shutting down: send the request again."),
        },
    })
}

fn failed(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error_type", "error_message"],
        "properties": {
            "error_type": { "type": "string" },
            "error_message": { "type": "string" },
            "error_traceback": { "type": "string" },
            "hostname": { "type": "string" },
            "worker_id": { "type": "string" },
            "runpod_version": { "type": "string" },
        },
    })
}

/// Prefixes the references of a schema with its place in the document. References start at the document's root, and
/// schemars writes them as if the schema were the root.
fn move_references(value: &mut Value, place: &str) {
    match value {
        Value::Array(values) => {
            for value in values {
                move_references(value, place);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(target) if key == "$ref" && target.starts_with('#') => {
                        *target = format!("{place}{}", &target[1..]);
                    }
                    // These hold data, not schemas.
                    _ if matches!(key.as_str(), "default" | "examples" | "const" | "enum") => {}
                    _ => move_references(value, place),
                }
            }
        }
        _ => {}
    }
}

/// Turns `generate_image` into `GenerateImage`.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_reference_of_a_schema_leads_to_a_definition_in_the_document() {
        let input = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": { "root": { "$ref": "#/$defs/Node" } },
            "examples": [{ "$ref": "#/$defs/Node" }],
            "$defs": { "Node": { "items": { "$ref": "#/$defs/Node" } } },
        });
        let entry = |streams, input| HandlerEntry {
            streams,
            input,
            output: Some(json!({ "type": "string" })),
        };
        let document = document(&Catalogue {
            #[cfg(feature = "openai")]
            has_openai: false,
            has_root: false,
            handlers: BTreeMap::from([
                ("grow_tree".into(), entry(false, Some(input))),
                ("grow-tree".into(), entry(true, None)),
            ]),
        });
        let schemas = &document["components"]["schemas"];
        let moved = "#/components/schemas/GrowTreeInput/$defs/Node";
        let grown = &schemas["GrowTreeInput"];
        assert_eq!(grown["properties"]["root"]["$ref"], moved);
        assert_eq!(grown["$defs"]["Node"]["items"]["$ref"], moved);
        assert_eq!(grown["examples"][0]["$ref"], "#/$defs/Node");
        assert!(grown.get("$schema").is_none());
        assert_eq!(schemas["GrowTreeItem"], schemas["GrowTreeOutput"]);
        let streamed = &document["paths"]["/grow-tree"]["post"]["responses"]["200"]["content"];
        assert_eq!(streamed["application/json"]["schema"]["type"], "array");
        assert!(streamed["text/event-stream"].is_object());
    }
}
