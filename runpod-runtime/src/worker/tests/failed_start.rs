//! A worker whose start failed: it fails one job with the reason, and stops.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::stage::{Event, Playing, Setting, Stage, job, jobs, later};
use crate::handler::{AsyncFunction as _, Failure};
use crate::platform::{BrokenJob, FailedStart, Posted, Taken, Unhealthy, VERSION};
use crate::worker::Ended;
use crate::worker::shutdown::LINGER;

/// The limit of the wait for a job.
const WAIT: Duration = Duration::from_secs(10);

/// Plays a worker whose start failed, and which has a handler that must not be called.
fn play(stage: Stage) -> Playing {
    let mut failure = Failure::new("Error", "no model");
    failure.trace.push("caused by: no disk".to_owned());
    let handler = async |input: String| -> String { panic!("the job {input} ran") };
    let setting = Setting {
        concurrency: 8,
        failed_start: Some(FailedStart {
            hook: "main",
            failure,
            logs: "ERROR  | no model\n".to_owned(),
        }),
        ..Setting::default()
    };
    super::stage::play(stage, handler.into_handler().0, setting)
}

fn unhealthy() -> Ended {
    Ended::Unhealthy(Unhealthy {
        check: "main".into(),
        reason: "no model".to_owned(),
    })
}

fn events(stage: &Stage) -> Vec<Event> {
    stage.log().into_iter().map(|(_, event)| event).collect()
}

fn posted(events: &[Event]) -> Vec<(String, Value)> {
    let results = events.iter().filter_map(|event| match event {
        Event::Post(id, "result", body) => Some((id.clone(), body)),
        _ => None,
    });
    results
        .map(|(id, body)| (id, serde_json::from_str(body).unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn one_job_is_failed_with_the_reason_and_the_platform_gets_the_last_ping() {
    let stage = Stage::new().takes(|number| (number == 0).then(|| jobs(["a"])));
    let worker = play(stage);
    let stage = Arc::clone(&worker.stage);
    assert_eq!(worker.ended().await, unhealthy());
    let events = events(&stage);
    let [(id, body)] = &posted(&events)[..] else {
        panic!("{events:?}");
    };
    assert_eq!(id, "a");
    let error: Value = serde_json::from_str(body["error"].as_str().unwrap()).unwrap();
    assert_eq!(
        error,
        json!({
            "event": "prestart_failed",
            "error_type": "Error",
            "error_message": "no model",
            "error_traceback": "caused by: no disk",
            "worker_id": "w1",
            "runpod_version": VERSION,
            "hook": "main",
            "logs": "ERROR  | no model\n",
        })
    );
    let takes = events.iter().filter(|event| **event == Event::Take);
    assert_eq!(takes.count(), 1, "{events:?}");
    assert_eq!(
        events.last(),
        Some(&Event::Ping("main: no model".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_gets_no_job_stops_after_ten_seconds() {
    for held in [true, false] {
        let stage = Stage::new().takes(move |_| (!held).then_some(Taken::Nothing));
        let began = Instant::now();
        let worker = play(stage);
        assert_eq!(worker.ended().await, unhealthy());
        let took = began.elapsed();
        assert!(took <= WAIT && took + LINGER >= WAIT, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_and_a_broken_job_do_not_end_the_wait() {
    let stage = Stage::new().takes(|number| match number {
        0 => Some(Taken::Failed("500".to_owned())),
        1 => Some(Taken::Throttled(Duration::from_secs(1))),
        2 => Some(Taken::Jobs(vec![Err(BrokenJob {
            id: None,
            reason: "no id".to_owned(),
        })])),
        _ => Some(Taken::Jobs(vec![
            Ok(job("a")),
            Err(BrokenJob {
                id: Some("b".to_owned()),
                reason: "no input".to_owned(),
            }),
        ])),
    });
    let worker = play(stage);
    let stage = Arc::clone(&worker.stage);
    assert_eq!(worker.ended().await, unhealthy());
    let mut ids: Vec<_> = posted(&events(&stage)).into_iter().map(|it| it.0).collect();
    ids.sort();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_nobody_accepts_does_not_keep_the_worker() {
    let stage = Stage::new()
        .takes(|number| (number == 0).then(|| jobs(["a"])))
        .posts(|_| Some(later()));
    let began = Instant::now();
    let worker = play(stage);
    let stage = Arc::clone(&worker.stage);
    assert_eq!(worker.ended().await, unhealthy());
    assert!(posted(&events(&stage)).len() > 1, "the post is tried again");
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );

    let stage = Stage::new()
        .takes(|number| (number == 0).then(|| jobs(["a"])))
        .posts({
            let mut number = 0;
            move |_| {
                number += 1;
                Some(if number < 4 {
                    later()
                } else {
                    Posted::Accepted
                })
            }
        });
    let worker = play(stage);
    let stage = Arc::clone(&worker.stage);
    assert_eq!(worker.ended().await, unhealthy());
    assert_eq!(posted(&events(&stage)).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_wait() {
    let worker = play(Stage::new());
    let began = Instant::now();
    assert_eq!(worker.end().await, unhealthy());
    assert!(began.elapsed() <= LINGER);
}
