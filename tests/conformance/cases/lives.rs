//! The worker's life apart from its jobs: stops, heartbeats, credentials, signals.

use serde_json::json;

use super::{announces_and_returns, raises, returns, waits_and_returns};
use crate::record::When;
use crate::script::{Answer, Case, Leaving};

pub(super) fn cases() -> Vec<Case> {
    vec![
        stop_one(),
        strange_stops(),
        pings(),
        Case::new("no pings without an api key", "async")
            .without("RUNPOD_AI_API_KEY")
            .with("RUNPOD_PING_INTERVAL", "1000")
            .with_pings()
            .job("plain", &returns(&json!(1)))
            .job("raised", &raises("kaput")),
        Case::new("no pings without a pod id", "async")
            .without("RUNPOD_POD_ID")
            .without("RUNPOD_POD_HOSTNAME")
            .with("RUNPOD_PING_INTERVAL", "1000")
            .with_pings()
            .job("plain", &returns(&json!(1)))
            .job("raised", &raises("kaput")),
        Case::new("no pings without a url", "async")
            .without("RUNPOD_WEBHOOK_PING")
            .with_pings()
            .job("plain", &returns(&json!(1))),
        Case::new("fitness checks that pass", "fit").job("after", &json!({})),
        unfit("fitness check that fails", "unfit"),
        // The machine is not fit either, but the worker's own checks come first.
        unfit("fitness check that fails before the built-in ones", "unfit")
            .with("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "false")
            .with("RUNPOD_MIN_MEMORY_GB", "0")
            .with("RUNPOD_MIN_DISK_PERCENT", "100"),
        // The check of the network would fail too, but the check of the disk comes first.
        unfit("built-in fitness check that fails", "fit")
            .with("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "false")
            .with("RUNPOD_MIN_MEMORY_GB", "0")
            .with("RUNPOD_MIN_DISK_PERCENT", "100")
            .with("RUNPOD_NETWORK_CHECK_TIMEOUT", "1"),
        signalled("terminated while a job runs", Leaving::Terminated),
        signalled("interrupted while a job runs", Leaving::Interrupted),
    ]
}

/// A worker that reports itself unhealthy and exits without taking a job.
fn unfit(name: &'static str, worker: &'static str) -> Case {
    Case::new(name, worker)
        .with_pings()
        .until(When::Unhealthy)
        .leaving(Leaving::ByItself, Leaving::ByItself)
}

/// Stops one of two running jobs. The other job and the next job are not affected.
fn stop_one() -> Case {
    Case::new("stop one of two", "four")
        .jobs([
            ("gone", json!({ "do": "hang" })),
            ("stays", waits_and_returns(&json!("still here"))),
        ])
        .stop_when(
            When::Progress("gone", 1),
            Answer::json(&json!({ "jobsToStop": ["gone"] })),
        )
        .line(When::Stops(1))
        .until(When::Accepted("stays"))
        .take_when(
            When::Accepted("stays"),
            Answer::json(&json!({ "id": "after", "input": returns(&json!(1)) })),
        )
        .until(When::Accepted("after"))
}

/// Only the last answer stops a job.
fn strange_stops() -> Case {
    let json_text = |text: &str| Answer::of(200, "application/json", text);
    Case::new("strange answers to stop polls", "four")
        .jobs([
            ("gone", json!({ "do": "hang" })),
            ("stays", waits_and_returns(&json!("still here"))),
        ])
        .stop_when(When::Progress("gone", 1), Answer::status(204))
        .stop(Answer::status(500))
        .stop(Answer::closed())
        .stop(json_text("{\"jobsToStop\": [\"st"))
        .stop(json_text("[\"stays\"]"))
        .stop(json_text("{\"jobsToStop\": \"stays\"}"))
        .stop(json_text("{\"jobsToStop\": [null, 5, \"unknown\"]}"))
        .stop(json_text("{}"))
        .stop(Answer::of(
            200,
            "text/plain",
            "{\"jobsToStop\": [\"stays\"]}",
        ))
        .stop(json_text("{\"jobsToStop\": [\"unknown\", 7, \"gone\"]}"))
        .line(When::Stops(10))
        .until(When::Accepted("stays"))
}

fn pings() -> Case {
    Case::new("pings", "four")
        .with("RUNPOD_PING_INTERVAL", "1000")
        .with_pings()
        .take_when(
            When::IdlePing,
            Answer::json(&json!([
                { "id": "first", "input": waits_and_returns(&json!(1)) },
                { "id": "second", "input": waits_and_returns(&json!(2)) },
            ])),
        )
        .line(When::PingNaming(&["first", "second"]))
        .line(When::PingNaming(&["first", "second"]))
        .until(When::Accepted("first"))
        .until(When::Accepted("second"))
}

/// The running job finishes and its result is delivered before the worker exits.
fn signalled(name: &'static str, leaving: Leaving) -> Case {
    Case::new(name, "async")
        .take(Answer::json(
            &json!({ "id": "running", "input": announces_and_returns(&json!("finished")) }),
        ))
        .until(When::Progress("running", 1))
        .line(When::Over)
        .leaving(leaving, leaving)
}
