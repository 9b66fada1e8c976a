//! Tests the Prometheus endpoint of a worker that runs jobs.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::process::{PATIENCE, example};
use crate::session::Session;

/// The metrics of one scrape.
struct Scrape(String);

impl Scrape {
    async fn of(port: u16) -> Option<Self> {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await;
        Some(Self(answer.ok()?.text().await.ok()?))
    }

    /// Returns the value of this series as text, or 0 if it does not exist.
    fn value(&self, series: &str) -> &str {
        let value = |line| -> Option<&str> { str::strip_prefix(line, series)?.strip_prefix(' ') };
        self.0.lines().find_map(value).unwrap_or("0")
    }
}

/// Scrapes the worker until a series has this value. The worker records some events after the test has seen their
/// requests.
async fn scraped(port: u16, series: &str, value: &str) -> Scrape {
    let mut last = None;
    let scraping = async {
        loop {
            last = Scrape::of(port).await.or(last.take());
            if let Some(scrape) = &last
                && scrape.value(series) == value
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, scraping).await.is_ok();
    let scrape = last.expect("the worker serves metrics");
    assert!(in_time, "{series} is not {value}:\n{}", scrape.0);
    scrape
}

async fn with_metrics(name: &str, jobs: impl IntoIterator<Item = Value>) -> (Session, u16) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = free.local_addr().expect("it has an address").port();
    drop(free);
    let mut command = example(name);
    command.env("RUNPOD_METRICS_PORT", port.to_string());
    (Session::of(command, jobs).await, port)
}

#[tokio::test]
async fn the_metrics_are_equal_to_what_the_platform_sees() {
    let jobs = [
        json!({ "id": "a", "input": { "name": "Ada" } }),
        json!({ "id": "b", "input": { "name": "Bob" } }),
        json!({ "id": "c", "input": { "nobody": true } }),
    ];
    let (mut session, port) = with_metrics("hello", jobs).await;
    assert_eq!(session.posts(3).await.len(), 3);
    let posts = "runpod_post_duration_seconds_count{kind=\"result\"}";
    let scrape = scraped(port, posts, "3").await;
    for (series, value) in [
        (posts, "3"),
        ("runpod_jobs_taken_total", "3"),
        (
            "runpod_jobs_total{handler=\"greet\",outcome=\"completed\"}",
            "2",
        ),
        (
            "runpod_jobs_total{handler=\"greet\",outcome=\"failed\"}",
            "1",
        ),
        ("runpod_job_duration_seconds_count{handler=\"greet\"}", "3"),
        ("runpod_job_wait_seconds_count", "3"),
        ("runpod_take_duration_seconds_count{answer=\"jobs\"}", "3"),
        ("runpod_post_retries_total{kind=\"result\"}", "0"),
        ("runpod_slots", "1"),
        ("runpod_slots_used", "0"),
    ] {
        assert_eq!(scrape.value(series), value, "{series} in\n{}", scrape.0);
    }
    assert_ne!(
        scrape.value("runpod_start_phase_seconds{phase=\"total\"}"),
        "0"
    );
    session.stop().await.assert_code(0);
}

#[tokio::test]
async fn a_streams_items_are_counted() {
    let job = json!({ "id": "a", "input": { "text": "to be or not" } });
    let (mut session, port) = with_metrics("stream", [job]).await;
    let posts = session.posts(1).await;
    let items = posts["a"].len() - 1;
    assert!(items > 0, "{posts:?}");
    let scrape = scraped(
        port,
        "runpod_post_duration_seconds_count{kind=\"result\"}",
        "1",
    )
    .await;
    assert_eq!(scrape.value("runpod_stream_items_total"), items.to_string());
    session.stop().await.assert_code(0);
}

#[tokio::test]
async fn a_port_in_use_and_a_bad_port_stop_the_worker_with_a_remedy() {
    let used = TcpListener::bind("0.0.0.0:0").expect("a port is free");
    let port = used.local_addr().expect("it has an address").port();
    for (port, says) in [
        (port.to_string(), "Set RUNPOD_METRICS_PORT to a free port"),
        ("http".to_owned(), "expected a port from 1 to 65535"),
    ] {
        let mut command = example("hello");
        command
            .env("RUNPOD_METRICS_PORT", port)
            .args(["--test_input", r#"{"input":{"name":"Ada"}}"#]);
        let run = tokio::time::timeout(PATIENCE, command.output()).await;
        let ended: crate::process::Ended = run
            .expect("the worker exits")
            .expect("the example starts")
            .into();
        ended.assert_code(1);
        ended.assert_shows(&[says]);
    }
}
