//! The answers of a worker that serves HTTP: their status, their form, and their limits.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::http_server::{HttpServer, answer, read_until};

#[tokio::test]
async fn every_outcome_has_its_status_and_the_same_form_of_error() {
    let server = HttpServer::start().await;
    for (path, body, status, part) in [
        ("/greet", r#"{"name": "Ada"}"#, 200, r#""Hello, Ada!""#),
        (
            "/",
            r#"{"task": "greet", "name": "Ada"}"#,
            200,
            "Hello, Ada!",
        ),
        ("/", r#"{"task": "leave"}"#, 422, "there is no handler"),
        ("/greet", r#"{"name": "#, 400, "not valid JSON: EOF"),
        ("/greet", "", 422, "input"),
        ("/greet", r#"{"name": 7}"#, 422, "input.name: invalid type"),
        ("/greet", r#"{"name": ""}"#, 500, "there is nobody to greet"),
        ("/greeting", "{}", 404, "/count, /greet, /review"),
    ] {
        let answer = answer(server.post(path, body)).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert!(answer.text.contains(part), "{path} {body}: {answer:?}");
        if status != 200 {
            for field in ["error_type", "error_message"] {
                assert!(answer.json()[field].is_string(), "{answer:?}");
            }
        }
    }
    let failed = answer(server.post("/greet", r#"{"name": ""}"#))
        .await
        .json();
    assert_eq!(failed["error_type"], "NoName");
    assert!(
        failed["error_traceback"]
            .as_str()
            .unwrap()
            .contains("`greet`")
    );
    assert_eq!(failed["worker_id"], "unknown");

    let form = server.post("/greet", "name=Ada");
    let form = answer(form.header("content-type", "application/x-www-form-urlencoded")).await;
    // The client sends both types, and the first one counts.
    assert!([200, 400, 415].contains(&form.status), "{form:?}");
    let read = server.get("/greet").await;
    assert_eq!((read.status, read.header("allow")), (405, Some("POST")));
    let document = server.get("/openapi.json").await.json();
    assert!(
        document["paths"]["/count"]["post"].is_object(),
        "{document}"
    );
}

#[tokio::test]
async fn a_request_id_becomes_the_job_id_unless_it_is_unsafe_to_log() {
    let mut server = HttpServer::start().await;
    let sent = |id: &'static str| {
        server
            .post("/greet", r#"{"name": "Ada"}"#)
            .header("x-request-id", id)
    };
    let first = answer(sent("order-7")).await;
    assert_eq!(first.header("x-request-id"), Some("order-7"));
    // A client that sends its request again gets an answer again.
    let again = answer(sent("order-7")).await;
    assert_eq!(
        (again.status, again.header("x-request-id")),
        (200, Some("order-7"))
    );
    let unsafe_id = answer(sent("a b")).await;
    assert_ne!(unsafe_id.header("x-request-id"), Some("a b"));
    server.line_with("order-7 | Finished.").await;
}

#[tokio::test]
async fn a_stream_has_the_form_that_the_client_accepts() {
    let server = HttpServer::start().await;
    let in_form = async |to: u32, accept: &'static str| {
        answer(
            server
                .post("/count", to.to_string())
                .header("accept", accept),
        )
        .await
    };
    let list = in_form(3, "application/json").await;
    assert_eq!(list.json(), json!([1, 2, 3]));
    assert_eq!(in_form(0, "*/*").await.json(), json!([]));
    let lines = in_form(2, "application/x-ndjson").await;
    assert_eq!(lines.text, "{\"output\":1}\n{\"output\":2}\n");
    let events = in_form(2, "text/event-stream").await;
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert_eq!(
        events.text,
        "data: 1\n\ndata: 2\n\nevent: end\ndata: {}\n\n"
    );
    let value = server.post("/greet", r#"{"name": "Ada"}"#);
    let value = answer(value.header("accept", "text/event-stream")).await;
    assert_eq!(value.text, "event: result\ndata: \"Hello, Ada!\"\n\n");
}

#[tokio::test]
async fn a_failed_stream_ends_with_an_error_and_a_list_has_the_true_status() {
    let server = HttpServer::start().await;
    let list = answer(server.post("/count", "13")).await;
    assert_eq!(list.status, 500);
    assert_eq!(list.json()["error_message"], "13 brings bad luck");
    let events = server
        .post("/count", "13")
        .header("accept", "text/event-stream");
    let events = answer(events).await;
    assert_eq!(events.status, 200);
    let (items, error) = events.text.split_once("event: error\ndata: ").unwrap();
    assert!(items.ends_with("data: 12\n\n"), "{items}");
    assert!(error.contains("13 brings bad luck"), "{error}");
    // Nothing was sent before this failure.
    let early = server
        .post("/count", "-1")
        .header("accept", "text/event-stream");
    assert_eq!(answer(early).await.status, 422);
}

#[tokio::test]
async fn progress_is_an_event_and_the_worker_s_own_routes_share_the_state() {
    let server = HttpServer::start().await;
    let body = "Content-Type: application/json\r\nAccept: text/event-stream\r\nX-Request-Id: r1\r\nContent-Length: 7";
    let mut review = server.raw_post("/review", body).await;
    review.write_all(b"\"draft\"").await.unwrap();
    read_until(
        &mut review,
        "event: progress\ndata: \"waiting for an approval\"\n\n",
    )
    .await;
    assert_eq!(server.get("/desk").await.text, "1");
    assert_eq!(answer(server.post("/approve", "")).await.status, 200);
    read_until(
        &mut review,
        "event: result\ndata: \"draft: approved as r1\"\n\n",
    )
    .await;
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_and_the_client_sees_the_answer() {
    let server = HttpServer::start().await;
    let large = format!("\"{}\"", "x".repeat(31 << 20));
    let refused = answer(server.post("/review", large.clone())).await;
    assert_eq!(refused.status, 413, "{refused:?}");
    assert!(refused.text.contains("31457280 bytes"), "{refused:?}");
    // Without a length, the server notices while it reads.
    let mut chunked = server
        .raw_post(
            "/review",
            "Content-Type: application/json\r\nTransfer-Encoding: chunked",
        )
        .await;
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    chunked.write_all(chunk.as_bytes()).await.unwrap();
    read_until(&mut chunked, "HTTP/1.1 413 ").await;
    // A client that asks first sends nothing in vain.
    let asks = "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 40000000";
    let mut asking = server.raw_post("/review", asks).await;
    let text = read_until(&mut asking, "\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    // Just below the limit, a body is read.
    let fits = format!("{{\"name\": \"{}\"}}", "x".repeat(29 << 20));
    assert_eq!(answer(server.post("/greet", fits)).await.status, 200);
}

#[tokio::test]
async fn a_client_that_sends_half_a_body_holds_no_slot() {
    let server = HttpServer::start().await;
    let head = "Content-Type: application/json\r\nContent-Length: 100";
    let mut half = server.raw_post("/greet", head).await;
    half.write_all(b"{\"name\": ").await.unwrap();
    // The worker has one slot.
    let other = answer(server.post("/greet", r#"{"name": "Ada"}"#)).await;
    assert_eq!(other.status, 200);
    half.shutdown().await.unwrap();
    let mut nonsense = server.raw("GARBAGE\r\n\r\n").await;
    read_until(&mut nonsense, "HTTP/1.1 400 ").await;
    assert_eq!(server.get("/ping").await.status, 200);
}
