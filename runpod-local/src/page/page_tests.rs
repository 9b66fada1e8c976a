use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;

use super::assets::{ASSETS, CALL_PAGE, PAGE, POLICY};
use super::router;
use crate::context::{Context, CurrentDescription, Description, HandlerInfo};
use crate::queue::Queue;
use crate::settings::{Limits, Timing};

fn page() -> Router {
    let (limits, timing) = (Limits::default(), Timing::default());
    router().with_state(Context {
        queue: Queue::new(limits.clone(), timing.clone()),
        description: CurrentDescription::of(Description {
            id: "local".to_owned(),
            url: "http://127.0.0.1:1".to_owned(),
            has_api_key: false,
            api_key_variable: "MY_KEY".to_owned(),
            rate_limits: false,
            handlers: vec![HandlerInfo {
                name: "draw".to_owned(),
                input: Some(json!({"type": "object"})),
                ..HandlerInfo::default()
            }],
            route: Some("task".to_owned()),
            examples: vec![json!({"input": {"prompt": "</script>"}})],
        }),
        limits: Arc::new(limits),
        timing: Arc::new(timing),
    })
}

async fn get(path: &str) -> Response<Body> {
    let request = Request::get(path)
        .body(Body::empty())
        .expect("the request is valid");
    page().call(request).await.expect("the router answers")
}

async fn json(response: Response<Body>) -> Value {
    let body = response
        .into_body()
        .collect()
        .await
        .expect("the body can be read")
        .to_bytes();
    serde_json::from_slice(&body).expect("the body is JSON")
}

/// Returns the texts between `before` and the next quote, for every occurrence of `before`.
fn quoted<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let after = text.split(before).skip(1);
    after.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_file_that_the_page_names_is_there_and_every_file_is_named() {
    let mut named = quoted(PAGE, "\"/local/page/");
    named.extend(quoted(CALL_PAGE, "\"/local/page/"));
    for (_, _, text) in ASSETS {
        named.extend(quoted(text, "from \"./"));
    }
    let there: BTreeSet<_> = ASSETS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(named, there);
}

#[test]
fn nothing_in_the_page_makes_markup_of_text_or_is_inline() {
    let ways = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "srcdoc",
        "DOMParser",
        "createContextualFragment",
        "localStorage",
        "http-equiv",
    ];
    let pages = [("index.html", "", PAGE), ("call.html", "", CALL_PAGE)];
    for (name, _, text) in ASSETS.iter().chain(&pages) {
        for way in ways {
            assert!(!text.contains(way), "{name} has {way}");
        }
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("://"), "{name} names an address");
    }
    for (page, script) in [(PAGE, "start.js"), (CALL_PAGE, "call.js")] {
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" on"));
        assert_eq!(page.matches("<script").count(), 1);
        assert!(page.contains(&format!("{script}\"></script>")));
    }
}

#[tokio::test]
async fn the_page_and_its_files_come_with_the_policy() {
    for path in ["/", "/local/page/start.js", "/local/page/page.css"] {
        let response = get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    }
    let start = get("/local/page/start.js").await;
    assert_eq!(
        start.headers()[header::CONTENT_TYPE],
        "text/javascript; charset=utf-8"
    );
}

#[tokio::test]
async fn a_file_or_a_job_that_is_not_there_is_a_clear_404() {
    for path in [
        "/local/page/mod.rs",
        "/local/page/..%2Fmod.rs",
        "/local/jobs/x",
        "/local/jobs/%FF",
    ] {
        let response = get(path).await;
        assert!(
            response.status().is_client_error(),
            "{path}: {}",
            response.status()
        );
    }
    let answer = json(get("/local/jobs/00000000-0000-4000-8000-000000000000-l1").await).await;
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|text| text.contains("no such job"))
    );
}

#[tokio::test]
async fn the_state_tells_of_the_endpoint_its_handlers_and_its_examples() {
    let state = json(get("/local/state").await).await;
    assert_eq!(
        state["endpoint"],
        json!({"id": "local", "url": "http://127.0.0.1:1", "apiKey": false, "apiKeyVariable": "MY_KEY"})
    );
    assert_eq!(
        state["handlers"],
        json!([{"name": "draw", "input": {"type": "object"}, "output": null, "chatModel": null}])
    );
    assert_eq!(state["route"], "task");
    assert_eq!(
        state["examples"],
        json!([{"input": {"prompt": "</script>"}}])
    );
    assert_eq!(state["jobs"], json!([]));
    assert_eq!(
        state["stats"]["throughput"].as_array().map(Vec::len),
        Some(60)
    );
}

#[tokio::test]
async fn events_begin_with_the_stats() {
    let mut response = get("/local/events?job=nonsense").await;
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let frame = response
        .body_mut()
        .frame()
        .await
        .expect("the stream has an event")
        .expect("the stream has no error");
    let text = frame.into_data().expect("the frame has data");
    assert!(text.starts_with(b"event: stats\ndata: {"), "{text:?}");
}
