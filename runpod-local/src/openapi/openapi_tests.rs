use std::time::Duration;

use serde_json::{Value, json};

use super::document;
use crate::context::{Description, HandlerInfo};
use crate::settings::{Limits, Timing};

fn description(handlers: Vec<HandlerInfo>, route: Option<&str>) -> Description {
    Description {
        id: "local".to_owned(),
        url: "http://127.0.0.1:8000".to_owned(),
        has_api_key: false,
        api_key_variable: "RUNPOD_LOCAL_API_KEY".to_owned(),
        rate_limits: false,
        handlers,
        route: route.map(str::to_owned),
        examples: vec![json!({ "input": { "text": "hello" } })],
    }
}

fn handler(name: &str, input: Option<Value>, output: Option<Value>) -> HandlerInfo {
    HandlerInfo {
        name: name.to_owned(),
        input,
        output,
        ..HandlerInfo::default()
    }
}

fn tree() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "root": { "$ref": "#/$defs/Node" },
            "$ref": { "type": "string" },
        },
        "examples": [{ "$ref": "#/$defs/Node" }],
        "$defs": {
            "Node": {
                "properties": { "children": { "type": "array", "items": { "$ref": "#/$defs/Node" } } },
                "anyOf": [{ "$ref": "#" }, { "$ref": "https://example.com/other" }],
            },
        },
    })
}

fn described(description: &Description) -> Value {
    document(description, &Limits::default(), &Timing::default())
}

/// Returns every `$ref` of the document whose target does not exist.
fn dangling(document: &Value) -> Vec<String> {
    fn visit(value: &Value, document: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(to)) = object.get("$ref")
                    && let Some(pointer) = to.strip_prefix('#')
                    && document.pointer(pointer).is_none()
                {
                    found.push(to.clone());
                }
                object.values().for_each(|it| visit(it, document, found));
            }
            Value::Array(array) => array.iter().for_each(|it| visit(it, document, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(document, document, &mut found);
    found
}

#[test]
fn every_reference_leads_somewhere() {
    let plain = described(&description(Vec::new(), None));
    assert_eq!(dangling(&plain), Vec::<String>::new());
    let mut with_handlers = described(&description(
        vec![handler("grow", Some(tree()), Some(tree()))],
        None,
    ));
    // References in examples are not moved, so they are removed before the check.
    with_handlers["components"]["schemas"]["GrowInput"]["examples"] = json!([]);
    with_handlers["components"]["schemas"]["GrowOutput"]["examples"] = json!([]);
    assert_eq!(dangling(&with_handlers), Vec::<String>::new());
}

#[test]
fn references_within_a_handlers_schema_are_moved_and_nothing_else_is() {
    let document = described(&description(
        vec![handler("grow", Some(tree()), None)],
        None,
    ));
    let input = &document["components"]["schemas"]["GrowInput"];
    assert_eq!(input.get("$schema"), None);
    let node = "#/components/schemas/GrowInput/$defs/Node";
    assert_eq!(input["properties"]["root"]["$ref"], node);
    assert_eq!(input["properties"]["$ref"], json!({ "type": "string" }));
    assert_eq!(input["examples"], json!([{ "$ref": "#/$defs/Node" }]));
    let definition = &input["$defs"]["Node"];
    assert_eq!(definition["properties"]["children"]["items"]["$ref"], node);
    assert_eq!(
        definition["anyOf"][0]["$ref"],
        "#/components/schemas/GrowInput"
    );
    assert_eq!(definition["anyOf"][1]["$ref"], "https://example.com/other");
    let submitted = &document["components"]["schemas"]["Submission"]["properties"]["input"];
    assert_eq!(submitted["$ref"], "#/components/schemas/GrowInput");
}

#[test]
fn a_schema_with_an_id_keeps_its_references() {
    let mut tree = tree();
    tree["$id"] = "https://example.com/tree".into();
    let document = described(&description(vec![handler("grow", Some(tree), None)], None));
    let input = &document["components"]["schemas"]["GrowInput"];
    assert_eq!(input["properties"]["root"]["$ref"], "#/$defs/Node");
}

#[test]
fn several_handlers_are_told_apart_by_the_route() {
    let handlers = vec![
        handler("make_image", Some(tree()), Some(json!(true))),
        handler("make-image", None, Some(tree())),
        handler("日本", Some(json!(true)), None),
    ];
    let document = described(&description(handlers, Some("task")));
    let schemas = &document["components"]["schemas"];
    assert!(schemas["MakeImageInput"].is_object());
    assert!(schemas["MakeImage2Output"].is_object());
    let inputs = &schemas["Submission"]["properties"]["input"]["anyOf"];
    let names: Vec<_> = inputs
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input.get("allOf").map_or(input, |all| &all[1]))
        .map(|input| &input["properties"]["task"]["const"])
        .collect();
    assert_eq!(names, ["make_image", "make-image", "日本"]);
}

#[test]
fn a_job_that_is_reported_may_have_any_output() {
    let document = described(&description(
        vec![handler("grow", None, Some(tree()))],
        None,
    ));
    let output = &document["components"]["schemas"]["Job"]["properties"]["output"];
    assert_eq!(
        output["anyOf"][0]["$ref"],
        "#/components/schemas/GrowOutput"
    );
    assert_eq!(output["anyOf"][1].get("type"), None);
}

#[test]
fn a_key_is_demanded_only_where_the_endpoint_has_one() {
    let mut description = description(Vec::new(), None);
    let open = described(&description);
    assert_eq!(open.get("security"), None);
    let responses = &open["paths"]["/health"]["get"]["responses"];
    assert_eq!(responses.get("401"), None);

    description.has_api_key = true;
    let closed = described(&description);
    assert_eq!(closed["security"], json!([{ "apiKey": [] }]));
    assert_eq!(
        closed["components"]["securitySchemes"]["apiKey"]["scheme"],
        "bearer"
    );
    let paths = closed["paths"].as_object().unwrap();
    for (path, item) in paths {
        for method in ["get", "post"] {
            if let Some(operation) = item.get(method) {
                assert!(
                    operation["responses"].get("401").is_some(),
                    "{method} {path}"
                );
            }
        }
    }
}

#[test]
fn examples_of_jobs_are_there_to_be_tried() {
    let document = described(&description(Vec::new(), None));
    let content = &document["paths"]["/run"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(
        content["examples"]["example-1"]["value"]["input"]["text"],
        "hello"
    );
}

#[test]
fn the_document_has_the_limits_that_are_in_force() {
    let mut description = description(Vec::new(), None);
    description.rate_limits = true;
    let limits = Limits {
        run_body: 3 * 1024 * 1024,
        runsync_body: 77,
        stream_item: 55,
        queued_jobs: 8,
        ..Limits::default()
    };
    let timing = Timing {
        sync_wait: Duration::from_millis(1_234),
        execution_timeout: Duration::from_secs(42),
        ttl: Duration::from_secs(4_321),
        run_retention: Duration::from_secs(31),
        stream_hold: Duration::from_millis(2_500),
        ..Timing::default()
    };
    let document = document(&description, &limits, &timing);
    let at = |pointer: &str| document.pointer(pointer).unwrap_or(&Value::Null).clone();
    assert_eq!(at("/components/parameters/wait/schema/default"), 1_234);
    let policy = "/components/schemas/Policy/properties";
    assert_eq!(at(&format!("{policy}/executionTimeout/default")), 42_000);
    assert_eq!(at(&format!("{policy}/ttl/default")), 4_321_000);
    for (pointer, words) in [
        ("/paths/~1run/post/requestBody/description", "(3 MiB)"),
        ("/paths/~1runsync/post/requestBody/description", "77 bytes"),
        ("/paths/~1run/post/responses/200/description", "31 s"),
        (
            "/paths/~1stream~1{id}/get/responses/200/description",
            "2.5 s",
        ),
        (
            "/components/responses/TooManyRequests/description",
            "8 jobs",
        ),
        (
            "/components/responses/TooManyRequests/description",
            "one of Runpod's rate limits was exceeded",
        ),
    ] {
        let text = at(pointer);
        assert!(
            text.as_str().is_some_and(|text| text.contains(words)),
            "{pointer}: {text}"
        );
    }
    // Without handlers, an item has no alternatives. With a handler, the piece of a split item is one of them.
    let mut with_handler = description.clone();
    with_handler.handlers = vec![handler("draw", None, Some(json!({ "type": "string" })))];
    let document = super::document(&with_handler, &limits, &timing);
    let item = &document["components"]["schemas"]["Streamed"]["properties"]["stream"]["items"]["properties"]
        ["output"];
    assert!(item.to_string().contains("55 bytes"), "{item}");
}

#[test]
fn operations_that_refuse_a_ttl_in_the_query_say_so() {
    let document = described(&description(Vec::new(), None));
    for (path, methods) in document["paths"].as_object().unwrap() {
        let refuses = [
            "/run",
            "/runsync",
            "/status/{id}",
            "/status-sync/{id}",
            "/stream/{id}",
        ]
        .contains(&path.as_str());
        for method in ["get", "post"] {
            let Some(operation) = methods.get(method) else {
                continue;
            };
            let answer = operation["responses"].get("501");
            assert_eq!(answer.is_some(), refuses, "{method} {path}");
        }
    }
    let answer = &document["components"]["responses"]["NotImplemented"];
    assert!(answer["description"].as_str().unwrap().contains("?ttl="));
}

#[test]
fn the_keys_of_a_schema_stay_in_the_order_of_their_declaration() {
    let schema = json!({
        "type": "object",
        "properties": { "zebra": {}, "prompt": {}, "apple": {} },
        "required": ["prompt"],
    });
    let document = described(&description(
        vec![handler("draw", Some(schema), None)],
        None,
    ));
    let properties = &document["components"]["schemas"]["DrawInput"]["properties"];
    let keys: Vec<_> = properties.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["zebra", "prompt", "apple"]);
}
