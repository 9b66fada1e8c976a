//! `cargo runpod dev --http`: a load balancer in front of workers that serve HTTP.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

use reqwest::{Response, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::{Client, eventually};
use crate::command::{Dev, without_our_variables};
use crate::crate_under_edit::{Crate, built};

const MAIN: &str = r#"
use runpod::prelude::*;
use std::path::Path;
use std::time::Duration;

const EDITION: &str = "first";

async fn exists(file: &str) {
    while !Path::new(file).exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[runpod::main(concurrency = 10)]
async fn main() -> Result<(), String> {
    // main
    Ok(())
}

#[runpod::handler]
async fn tell(_anything: Value) -> Value {
    json!({ "edition": EDITION, "process": std::process::id() })
}

/// Sends an item when the next file exists.
#[runpod::handler(stream)]
async fn follow(files: Vec<String>) -> impl Stream<Item = Result<String, String>> {
    try_stream! {
        for file in files {
            exists(&file).await;
            yield EDITION.to_owned();
        }
    }
}

struct Note(String);

impl Drop for Note {
    fn drop(&mut self) {
        std::fs::write(&self.0, "").unwrap();
    }
}

/// Never returns. Writes the first file when it begins, and the second one when it is cancelled.
#[runpod::handler]
async fn wait(files: (String, String)) {
    std::fs::write(&files.0, "").unwrap();
    let _note = Note(files.1);
    std::future::pending().await
}

#[runpod::handler]
async fn crash(_anything: Value) {
    std::process::abort();
}
"#;

const EVENTS: &str = "text/event-stream";

fn worker(name: &str) -> Crate {
    static COMPILED: Once = Once::new();
    let worker = Crate::with(name, r#""http""#, MAIN);
    // No other test uses these features, so the first build takes long. It may take longer than a test waits.
    COMPILED.call_once(|| build(&worker));
    worker
}

/// Builds the crate without a time limit.
fn build(worker: &Crate) {
    let mut command = Command::new(env!("CARGO"));
    without_our_variables(&mut command);
    let status = command
        .arg("build")
        .current_dir(worker.folder())
        .env("CARGO_TARGET_DIR", built())
        .env("CARGO_BUILD_JOBS", "2")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "{status}");
}

fn edition(name: &str) -> String {
    MAIN.replace("\"first\"", &format!("{name:?}"))
}

/// Returns the code of a worker whose `main` begins with this code.
fn beginning(code: &str) -> String {
    MAIN.replace("// main", code)
}

fn touch(path: &Path) {
    fs::write(path, "").expect("the file can be written");
}

async fn json_of(response: Response) -> Value {
    let text = response.text().await.expect("the body can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

async fn tell(client: &Client) -> Value {
    let response = client.call("/tell", "*/*", json!(1)).await;
    assert_eq!(response.status(), StatusCode::OK);
    json_of(response).await
}

/// Reads the response until it contains this text.
async fn reads(response: &mut Response, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let chunk = response.chunk().await.expect("the body can be read");
        let chunk = chunk.unwrap_or_else(|| panic!("{text:?} is missing in {read:?}"));
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    read
}

#[tokio::test]
async fn a_stream_finishes_on_the_old_worker_while_requests_get_the_new_code() {
    let edited = worker("http-edit");
    edited.write("test_input.json", r#"{"input": ["an example"]}"#);
    let dev = Dev::start(&edited, &["--http"]);
    let client = dev.client().await;
    dev.says("worker-1-1 serves requests").await;
    assert_eq!(tell(&client).await["edition"], "first");

    let files = ["one", "two"].map(|name| edited.path(name));
    let mut stream = client.call("/follow", EVENTS, json!(files)).await;
    touch(&files[0]);
    // The second item does not exist yet, so the first one arrives alone.
    assert_eq!(reads(&mut stream, "\n\n").await, "data: \"first\"\n\n");
    edited.replace("src/main.rs", &edition("second"));
    // No request fails meanwhile.
    eventually("the new code answers", async || {
        tell(&client).await["edition"] == "second"
    })
    .await;
    dev.says("worker-1-2 has taken over; worker-1-1 finishes its open requests")
        .await;
    touch(&files[1]);
    let rest = reads(&mut stream, "event: end").await;
    assert!(rest.starts_with("data: \"first\"\n\n"), "{rest}");
    assert_eq!(stream.chunk().await.expect("the stream is complete"), None);

    edited.replace("src/main.rs", &edition("third").replace("json!", "jsn!"));
    dev.says("the worker does not build; the workers of the last successful build continue")
        .await;
    assert_eq!(tell(&client).await["edition"], "second");
    edited.replace("src/main.rs", &edition("fourth"));
    dev.says("worker-1-3 has taken over").await;
    assert_eq!(tell(&client).await["edition"], "fourth");

    // The worker has no page of its own at `/`.
    let page = client.open("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.headers().contains_key("content-security-policy"));
    let page = page.text().await.expect("the body can be read");
    assert!(page.contains("/local/page/call.js"), "{page}");
    let handlers = client.get("/openapi.json").await;
    assert!(handlers["paths"]["/follow"].is_object(), "{handlers}");
    let mut events = client.open("/local/events").await;
    let state = reads(&mut events, "\n\n").await;
    assert!(state.contains("an example"), "{state}");
    assert!(state.contains("worker-1-3"), "{state}");
    drop(events);
    dev.end().await;
}

#[tokio::test]
async fn requests_wait_for_a_slow_start_and_a_crash_is_told_to_the_client() {
    let edited = worker("http-slow");
    let gate = edited.path("gate");
    let slow = beginning(&format!("exists({:?}).await;", gate.display().to_string()));
    edited.write("src/main.rs", &slow);
    let dev = Dev::start(&edited, &["--http"]);
    let client = dev.client().await;
    // A request does not wait as long as the first build may take.
    dev.says("Finished `dev` profile").await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { tell(&client).await }
    });
    let mut events = client.open("/local/events").await;
    reads(&mut events, "worker-1-1 is still starting").await;
    // The page does not wait.
    assert_eq!(client.open("/").await.status(), StatusCode::OK);
    assert!(!waiting.is_finished());
    touch(&gate);
    reads(&mut events, "\"ready\":[\"worker-1-1\"]").await;
    let first = waiting.await.expect("the request is answered");

    let files = ["begun", "cancelled"].map(|name| edited.path(name));
    let request = tokio::spawn({
        let (client, files) = (client.clone(), files.clone());
        async move { client.call("/wait", "*/*", json!(files)).await }
    });
    eventually("the handler runs", async || files[0].exists()).await;
    request.abort();
    eventually("the job is cancelled", async || files[1].exists()).await;

    let crashed = client.call("/crash", "*/*", json!(1)).await;
    assert_eq!(crashed.status(), StatusCode::BAD_GATEWAY);
    let error = json_of(crashed).await["error"].to_string();
    assert!(
        error.contains("worker-1-1 ended before it answered"),
        "{error}"
    );
    dev.says("worker-1-1 stopped: signal 6; restarting in 1 s")
        .await;
    assert_ne!(tell(&client).await["process"], first["process"]);
    dev.end().await;
}

#[tokio::test]
async fn a_main_that_fails_is_the_reason_that_clients_see() {
    let edited = worker("http-fails");
    let failing = beginning("return Err(\"no model here\".to_owned());");
    let failing = failing.replace("    Ok(())\n", "");
    edited.write("src/main.rs", &failing);
    let dev = Dev::start(&edited, &["--http"]);
    let client = dev.client().await;
    dev.says("worker-1-1 stopped before it was ready: exit code 1; restarting in 1 s")
        .await;
    let mut events = client.open("/local/events").await;
    let state = reads(&mut events, "no model here").await;
    assert!(state.contains("no worker is ready: worker-1-"), "{state}");
    edited.replace("src/main.rs", MAIN);
    dev.says("serves requests").await;
    assert_eq!(tell(&client).await["edition"], "first");
    dev.end().await;
}

#[tokio::test]
async fn workers_take_turns_and_ctrl_c_waits_for_open_requests() {
    let edited = worker("http-two");
    let mut dev = Dev::start(&edited, &["--http", "--workers", "2"]);
    let client = dev.client().await;
    dev.says("worker-1-1 serves requests").await;
    dev.says("worker-2-1 serves requests").await;
    let processes = [tell(&client).await, tell(&client).await];
    assert_ne!(processes[0]["process"], processes[1]["process"]);

    let file = edited.path("gate");
    let mut stream = client.call("/follow", EVENTS, json!([&file, &file])).await;
    dev.signal(Signal::INT);
    dev.says("waiting for 1 request to finish; press Ctrl-C again to stop at once")
        .await;
    let refused = client.call("/tell", "*/*", json!(1)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    touch(&file);
    reads(&mut stream, "event: end").await;
    let status = dev.ended().await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_worker_without_the_feature_says_what_it_lacks() {
    let edited = Crate::new("http-off");
    let dev = Dev::start(&edited, &["--http"]);
    dev.says("--serve-http: this program was built without the feature `http`")
        .await;
    dev.end().await;
}
