//! Tests handlers that write panics and log lines. No line may contain a key, control a terminal, or pass for another
//! line.

use serde_json::Value;

use crate::jobs::{End, Plan, jobs};
use crate::process::Kind;
use crate::stage::Stage;
use crate::weather::Weather;

/// Runs one job for each end. Checks that every log line comes from the worker and returns the messages of all lines.
async fn messages(name: &str, ends: &'static [End], code: i32) -> Vec<String> {
    let all = jobs(ends.len(), |number| Plan {
        end: ends[number],
        ..Plan::default()
    });
    let mut stage = Stage::set(name, Kind::ours("loud", 1), Weather::fair(), all).await;
    let mut worker = stage.start();
    stage.until_settled().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(code));
    stage.assert_kept();
    let log = stage.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    let messages = log.lines().map(|line| {
        // The worker's `main` returns the error, so it also appears on standard error, with indented lines.
        if line.starts_with("Error: ") || line.starts_with("  {") {
            return line.to_owned();
        }
        let line: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}: {line:?} is not a line of the worker"));
        line["message"]
            .as_str()
            .expect("every line has a message")
            .to_owned()
    });
    messages.collect()
}

#[track_caller]
fn once(messages: &[String], part: &str) -> String {
    let mut found = messages.iter().filter(|message| message.contains(part));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {part:?} in {messages:#?}"));
    assert!(found.next().is_none(), "{part:?} twice in {messages:#?}");
    first.clone()
}

#[tokio::test]
async fn panics_and_log_lines_of_a_handler_are_redacted_lines_each_told_once() {
    let messages = messages("loud-panic", &[End::Panic], 0).await;
    for (what, place) in [
        ("in a thread", "thread 'users-own' panicked at "),
        ("in a task", "thread 'runpod-handler' panicked at "),
        ("caught", "thread 'runpod-handler' panicked at "),
    ] {
        let message = once(&messages, &format!("{what} [redacted]"));
        assert!(
            message.starts_with(place) && message.contains("loud.rs:"),
            "{message}"
        );
    }
    let failed = once(&messages, "in the handler [redacted]");
    assert!(
        failed.starts_with("Job failed: the handler panicked") && failed.contains("loud.rs:"),
        "{failed}"
    );
    once(&messages, "logged [redacted]");
    assert!(!messages.iter().any(|it| it.contains("below the level")));
    assert!(!messages.iter().any(|it| it == "forged"), "{messages:#?}");
}

#[tokio::test]
async fn errors_and_the_reason_of_an_unhealthy_worker_are_redacted() {
    let messages = messages("loud-unhealthy", &[End::Error, End::Block], 1).await;
    once(&messages, "Job failed: returned [redacted]");
    once(&messages, "has stopped (handler): unhealthy [redacted]");
    assert!(!messages.iter().any(|it| it == "forged"), "{messages:#?}");
}

#[tokio::test]
async fn a_hook_for_panics_that_the_program_has_installed_is_called_and_nothing_is_logged_beside_it()
 {
    let all = jobs(1, |_| Plan {
        end: End::Panic,
        ..Plan::default()
    });
    let mut stage = Stage::set("loud-hook", Kind::ours("loud", 1), Weather::fair(), all)
        .await
        .with("CHAOS_HOOK", "1");
    let mut worker = stage.start();
    stage.until_settled().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));
    let log = stage.log();
    assert_eq!(log.matches("own hook: line").count(), 4, "{log}");
    assert!(!log.contains("thread '"), "{log}");
    assert!(
        log.contains("panicked at tests/peers/src/chaos/loud.rs:"),
        "{log}"
    );
}
