//! The life of a worker that serves HTTP: loading, full, abandoned by a client, draining.

use std::net::TcpListener;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::io::AsyncWriteExt as _;

use crate::http_server::{HttpServer, answer, read_until};
use crate::process::{Ended, example};

const REVIEW: &str = "Content-Type: application/json\r\nContent-Length: 7";

/// Starts a review, which runs until it is approved.
async fn review(server: &HttpServer) -> tokio::net::TcpStream {
    let mut review = server.raw_post("/review", REVIEW).await;
    review.write_all(b"\"draft\"").await.unwrap();
    server.until("/desk", |desk| desk.text == "1").await;
    review
}

/// Returns a port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_worker_that_loads_says_so_and_requests_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let greeting = folder.path().join("greeting");
    // Reading this file takes until somebody writes it.
    mknodat(CWD, &greeting, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let health_port = free_port();
    let server = HttpServer::start_with(|command| {
        command
            .env("GREETING_FILE", &greeting)
            .env("PORT_HEALTH", health_port.to_string())
            .env("HEALTH_CHECK_PATH", "/health/live");
    })
    .await;
    let health = format!("http://127.0.0.1:{health_port}");
    let client = reqwest::Client::new();
    let own_port = async |path: &str| answer(client.get(format!("{health}{path}"))).await;

    let loading = own_port("/health/live").await;
    assert_eq!((loading.status, loading.text.as_str()), (204, ""));
    assert_eq!(server.get("/health/live").await.status, 204);
    assert_eq!(own_port("/desk").await.status, 404);
    let waiting = tokio::spawn(answer(server.post("/greet", r#"{"name": "Ada"}"#)));
    let own_route = client.get(format!("http://{}/desk", server.address));
    let own_route = tokio::spawn(answer(own_route));

    // Meanwhile, the two requests are sent.
    for _ in 0..3 {
        assert_eq!(server.get("/health/live").await.status, 204);
    }
    std::fs::write(&greeting, "Good day\n").unwrap();
    assert_eq!(waiting.await.unwrap().json(), "Good day, Ada!");
    assert_eq!(own_route.await.unwrap().text, "0");
    assert_eq!(own_port("/health/live").await.status, 200);
}

#[tokio::test]
async fn requests_that_wait_for_a_main_that_fails_get_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let greeting = folder.path().join("greeting");
    mknodat(CWD, &greeting, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let server = HttpServer::start_with(|command| {
        command.env("GREETING_FILE", &greeting);
    })
    .await;
    let mut handler = server.raw_post("/review", REVIEW).await;
    handler.write_all(b"\"draft\"").await.unwrap();
    let mut own_route = server
        .raw("GET /desk HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    // These answers come after the requests above were read.
    for _ in 0..3 {
        assert_eq!(server.get("/ping").await.status, 204);
    }
    std::fs::write(&greeting, b"\xff").unwrap();
    for waiting in [&mut handler, &mut own_route] {
        let text = read_until(waiting, "send the request again later").await;
        assert!(text.starts_with("HTTP/1.1 503"), "{text}");
        assert!(text.contains("valid UTF-8"), "{text}");
    }
    assert_eq!(server.ends().await.0, Some(1));
}

#[tokio::test]
async fn a_request_that_gets_no_slot_in_time_is_answered_with_503() {
    let server = HttpServer::start_with(|command| {
        command.env("RUNPOD_HTTP_WAIT_S", "0");
    })
    .await;
    server.until("/ping", |ping| ping.status == 200).await;
    let mut first = server.raw_post("/review", REVIEW).await;
    first.write_all(b"\"draft\"").await.unwrap();
    server.until("/desk", |desk| desk.text == "1").await;
    let refused = answer(server.post("/greet", r#"{"name": "Ada"}"#)).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(refused.json()["error_type"], "Busy");
    assert_eq!(server.get("/ping").await.status, 200);
    answer(server.post("/approve", "")).await;
    read_until(&mut first, "draft: approved").await;
}

#[tokio::test]
async fn a_job_is_cancelled_when_its_client_disconnects() {
    let mut server = HttpServer::start().await;
    let abandoned = review(&server).await;
    drop(abandoned);
    server.until("/desk", |desk| desk.text == "0").await;
    server.line_with("Job stopped.").await;
    // The same, while events are sent.
    let live = format!("{REVIEW}\r\nAccept: text/event-stream");
    let mut live = server.raw_post("/review", &live).await;
    live.write_all(b"\"draft\"").await.unwrap();
    read_until(&mut live, "event: progress").await;
    drop(live);
    server.until("/desk", |desk| desk.text == "0").await;
    // The slot is free again.
    let next = answer(server.post("/greet", r#"{"name": "Ada"}"#)).await;
    assert_eq!(next.status, 200);
}

#[tokio::test]
async fn a_request_that_waits_is_forgotten_when_its_client_disconnects() {
    let server = HttpServer::start().await;
    let mut first = review(&server).await;
    let mut waiting = server.raw_post("/review", REVIEW).await;
    waiting.write_all(b"\"never\"").await.unwrap();
    drop(waiting);
    answer(server.post("/approve", "")).await;
    read_until(&mut first, "draft: approved").await;
    let next = answer(server.post("/greet", r#"{"name": "Ada"}"#)).await;
    assert_eq!(next.status, 200);
}

#[tokio::test]
async fn a_worker_that_drains_finishes_its_requests_and_takes_no_more() {
    let server = HttpServer::start().await;
    let mut running = review(&server).await;
    let waiting = tokio::spawn(answer(server.post("/greet", r#"{"name": "Ada"}"#)));
    server.terminate();
    server.until("/ping", |ping| ping.status == 503).await;
    assert_eq!(server.get("/ping").await.json()["status"], "draining");
    let waiting = waiting.await.unwrap();
    let retry = (waiting.status, waiting.header("retry-after"));
    assert_eq!(retry, (503, Some("1")));
    let late = answer(server.post("/greet", r#"{"name": "Ada"}"#)).await;
    assert_eq!(
        (late.status, late.header("connection")),
        (503, Some("close"))
    );

    assert_eq!(answer(server.post("/approve", "")).await.status, 200);
    read_until(&mut running, "draft: approved").await;
    let (code, log) = server.ends().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("SIGTERM received"), "{log}");
    // With `cargo run`, the age of the process includes the build.
    assert!(!log.contains("Ready after"), "{log}");
}

#[tokio::test]
async fn the_environment_of_a_load_balancing_endpoint_is_enough() {
    let port = free_port();
    let mut command = example("serve_http");
    command
        .env("PORT", port.to_string())
        .env("RUNPOD_ENDPOINT_ID", "ep");
    let mut child = command.spawn().unwrap();
    let client = reqwest::Client::new();
    let ping = || client.get(format!("http://127.0.0.1:{port}/ping"));
    let up = async {
        while ping().send().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::process::PATIENCE, up)
        .await
        .unwrap();

    // A second worker cannot have the port.
    let mut second = example("serve_http");
    second.env("PORT", port.to_string()).stdin(Stdio::null());
    let ended = Ended::from(second.output().await.unwrap());
    ended.assert_code(1);
    ended.assert_shows(&[&format!(
        "PORT: the worker cannot listen on 0.0.0.0, port {port}: the port is in use"
    )]);
    child.kill().await.unwrap();
}
