use runpod_local::{Endpoint, HandlerInfo};
use serde_json::{Value, json};

use crate::wire::{ask, get, served};

#[tokio::test]
async fn every_operation_of_the_document_is_there_under_both_of_its_bases() {
    let endpoint = served(Endpoint::new()).await;
    let document = get(&endpoint, "/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let servers = document["servers"].as_array().unwrap();
    let bases: Vec<_> = servers
        .iter()
        .map(|it| it["url"].as_str().unwrap().trim_end_matches('/'))
        .collect();
    assert_eq!(bases, ["/v2/local", ""]);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 9);
    for base in bases {
        for (path, item) in paths {
            for method in ["get", "post", "put", "delete"] {
                let answer = ask(
                    &endpoint,
                    &method.to_uppercase(),
                    &format!("{base}{}", path.replace("{id}", "none")),
                    &[],
                    "",
                )
                .await;
                let is_there = item.get(method).is_some();
                assert_eq!(
                    answer.status != 405,
                    is_there,
                    "{method} {base}{path}: {answer:?}"
                );
                if let Some(operation) = item.get(method) {
                    let documented = operation["responses"].get(answer.status.to_string());
                    assert!(documented.is_some(), "{method} {base}{path}: {answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_has_an_answer_that_is_documented() {
    let endpoint = served(Endpoint::new()).await;
    let document = get(&endpoint, "/openapi.json").await.json();
    let run = "{\"input\": 1}";
    for (method, path, of, headers, body) in [
        ("POST", "/run", "/run", &[][..], "not json"),
        ("POST", "/run", "/run", &[], "[]"),
        ("POST", "/run", "/run", &[], "{}"),
        (
            "POST",
            "/run",
            "/run",
            &[],
            "{\"input\": 1, \"policy\": {\"ttl\": 1}}",
        ),
        (
            "POST",
            "/run",
            "/run",
            &[("Content-Type", "text/plain")],
            run,
        ),
        ("POST", "/run", "/run", &[("Host", "evil.example")], run),
        ("POST", "/run", "/run", &[("Origin", "null")], run),
        ("POST", "/runsync?wait=1", "/runsync", &[], run),
        ("POST", "/runsync?wait=", "/runsync", &[], run),
        ("POST", "/runsync?wait=-1", "/runsync", &[], run),
        (
            "POST",
            "/runsync?wait=99999999999999999999",
            "/runsync",
            &[],
            run,
        ),
        ("POST", "/runsync?wait=%31000x", "/runsync", &[], run),
        ("GET", "/status/%FF", "/status/{id}", &[], ""),
        ("GET", "/status/none", "/status/{id}", &[], ""),
        (
            "GET",
            "/status-sync/none?wait=x",
            "/status-sync/{id}",
            &[],
            "",
        ),
        ("GET", "/stream/none", "/stream/{id}", &[], ""),
        ("POST", "/cancel/%00", "/cancel/{id}", &[], ""),
        ("POST", "/retry/none", "/retry/{id}", &[], ""),
    ] {
        let answer = ask(&endpoint, method, path, headers, body).await;
        assert!(!answer.error().is_empty());
        let operation = &document["paths"][of][method.to_lowercase()];
        let documented = operation["responses"].get(answer.status.to_string());
        assert!(documented.is_some(), "{method} {path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn the_workers_own_schemas_are_in_it() {
    let handler = HandlerInfo {
        name: "greet".to_owned(),
        input: Some(json!({
            "type": "object",
            "properties": { "name": { "$ref": "#/$defs/Name" } },
            "$defs": { "Name": { "type": "string" } },
        })),
        output: Some(json!({ "type": "string" })),
        ..HandlerInfo::default()
    };
    let endpoint = served(Endpoint::new().id("hello").handlers(vec![handler])).await;
    let document = get(&endpoint, "/openapi.json").await.json();
    assert_eq!(document["servers"][0]["url"], "/v2/hello");
    let follow = |reference: &Value| -> Value {
        let pointer = reference["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(pointer).unwrap().clone()
    };
    let schemas = &document["components"]["schemas"];
    let input = follow(&schemas["Submission"]["properties"]["input"]);
    assert_eq!(
        follow(&input["properties"]["name"]),
        json!({ "type": "string" })
    );
    let output = follow(&schemas["Job"]["properties"]["output"]["anyOf"][0]);
    assert_eq!(output, json!({ "type": "string" }));
}
