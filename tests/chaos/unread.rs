//! Tests the log with slow, missing and normal readers. A slow or missing reader never delays the worker, and a
//! normal reader gets every line, including the last one before the worker exits.

use rustix::process::Signal;

use crate::jobs::{End, Plan, jobs};
use crate::process::{Kind, Worker};
use crate::stage::Stage;
use crate::weather::Weather;

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_no_job_no_heartbeat_no_stop_and_no_end() {
    let all = jobs(5, |number| Plan {
        items: 1000,
        end: if number == 0 { End::Hang } else { End::Value },
        ..Plan::default()
    });
    let mut stage = Stage::set("unread", Kind::ours("logs", 2), Weather::fair(), all)
        .await
        .with("RUNPOD_PING_INTERVAL", "50");
    let mut worker = stage.start_unread();
    stage
        .until("the others are done", |ledger| ledger.results == 4)
        .await;
    stage.assert_alive().await;
    worker.signal(Signal::TERM);
    assert_eq!(stage.seen_off(&mut worker).await, Some(0));
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.delivered, sums.stopped), (4, 1), "{sums}");
}

#[tokio::test]
async fn a_handler_that_holds_standard_output_holds_up_no_job_no_heartbeat_no_stop_and_no_end() {
    let (stage, mut worker) = stage_with_stdout_held("held").await;
    stage.assert_alive().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.delivered, sums.stopped), (9, 1), "{sums}");
}

#[tokio::test]
async fn lines_that_waited_for_a_handler_with_standard_output_are_written_when_it_lets_go() {
    let (stage, mut worker) = stage_with_stdout_held("let-go").await;
    stage.endpoint.change(|ledger| ledger.all_gates_open = true);
    stage.until_settled().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));
    assert_eq!(stage.assert_kept().sums.delivered, 10);
    let log = stage.log();
    for line in ["\"Started.\"", "\"Finished.\""] {
        assert_eq!(log.matches(line).count(), 10, "{log}");
    }
}

/// Returns a stage with ten jobs. The first one still holds standard output, and the others are done.
async fn stage_with_stdout_held(name: &str) -> (Stage, Worker) {
    let all = jobs(10, |number| Plan {
        gate: number == 0,
        ..Plan::default()
    });
    let mut stage = Stage::set(name, Kind::ours("holds-stdout", 2), Weather::fair(), all)
        .await
        .with("RUNPOD_PING_INTERVAL", "50")
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1");
    let worker = stage.start();
    stage
        .until("the others are done", |ledger| {
            ledger.results == 9 && ledger.at_gates() == 1
        })
        .await;
    (stage, worker)
}

#[tokio::test]
async fn lines_that_were_dropped_are_counted_and_reported_when_somebody_reads_again() {
    let all = jobs(4, |_| Plan {
        items: 1000,
        ..Plan::default()
    });
    let mut stage = Stage::set("dropped", Kind::ours("logs", 1), Weather::fair(), all).await;
    let mut worker = stage.start_unread();
    stage.until_settled().await;
    let reported = worker.says("lines were dropped");
    worker
        .read_stdout()
        .expect("the worker's log can be stored");
    stage.seen("the report", reported).await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));

    let mut logged = 0;
    for line in stage.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}: {line:?} is not a complete line"));
        let message = line["message"].as_str().expect("every line has a message");
        if let Some((dropped, _)) = message.split_once(" log lines were dropped") {
            logged += dropped
                .parse::<usize>()
                .expect("the line starts with a number");
            assert_eq!(line["level"], "WARN");
        } else if message.starts_with("line ") || ["Started.", "Finished."].contains(&message) {
            logged += 1;
        }
    }
    assert_eq!(logged, 4 * 1002, "every line was written or counted");
}

#[tokio::test]
async fn all_that_was_logged_before_the_end_is_written_in_every_way_to_end() {
    for (end, code) in [
        ("job", Some(0)),
        ("error", Some(1)),
        ("panic", Some(1)),
        ("abort", None),
        ("exit", Some(3)),
        ("flush", Some(4)),
    ] {
        let all = jobs(1, |_| Plan::default());
        let name = format!("ends-{end}");
        let mut stage = Stage::set(&name, Kind::ours("ends", 1), Weather::fair(), all)
            .await
            .with("CHAOS_END", end);
        let mut worker = stage.start();
        assert_eq!(stage.seen_off(&mut worker).await, code, "{end}");
        let log = stage.log();
        let lines = if end == "exit" { 0 } else { 5000 };
        assert_eq!(log.matches("\"line ").count(), lines, "{end}");
        let last = match end {
            "job" => "Finished.",
            _ => "the last line",
        };
        assert!(log.contains(last), "{end}: {log}");
        assert!(!log.contains("dropped"), "{end}: {log}");
    }
}
