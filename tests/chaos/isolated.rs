//! Tests that no handler holds up the worker: heartbeats, stops, other jobs and the shutdown continue, whatever a
//! handler does.

use rustix::process::Signal;

use crate::jobs::{End, Plan, jobs};
use crate::process::Kind;
use crate::route::Route;
use crate::stage::Stage;
use crate::weather::Weather;

/// Runs more jobs than the machine has threads for async functions. Each job blocks its thread forever.
#[tokio::test]
async fn handlers_that_block_every_thread_stop_no_heartbeat_no_stop_and_no_end() {
    for handler in ["async", "stream", "plain", "iterator"] {
        let name = format!("blocked-{handler}");
        let slots = 2 * std::thread::available_parallelism().map_or(16, usize::from);
        let all = jobs(slots, |_| Plan {
            end: End::Block,
            ..Plan::default()
        });
        let mut stage = Stage::set(&name, Kind::ours(handler, slots), Weather::fair(), all)
            .await
            .with("RUNPOD_PING_INTERVAL", "50")
            .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1");
        let mut worker = stage.start();
        stage
            .until("all are taken", |ledger| ledger.queue.is_empty())
            .await;
        stage.assert_alive().await;
        stage.tell(&worker, Signal::TERM).await;
        assert_eq!(stage.seen_off(&mut worker).await, Some(0), "{name}");
        let sums = stage.assert_kept().sums;
        assert_eq!(
            (sums.delivered, sums.stopped),
            (slots - 1, 1),
            "{name}: {sums}"
        );
    }
}

/// One job never finishes and keeps its slot. The other jobs run in the other slot.
#[tokio::test]
async fn a_handler_that_never_ends_holds_up_no_other_job() {
    for (handler, end) in [
        ("async", End::Hang),
        ("async", End::Block),
        ("plain", End::Block),
        ("emitter", End::Hang),
        ("iterator", End::Block),
    ] {
        let name = format!("beside-{handler}-{end:?}");
        let all = jobs(30, |number| Plan {
            end: if number == 0 { end } else { End::Value },
            ..Plan::default()
        });
        let mut stage = Stage::set(&name, Kind::ours(handler, 2), Weather::fair(), all)
            .await
            .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1");
        let mut worker = stage.start();
        stage
            .until("the others are done", |ledger| ledger.results == 29)
            .await;
        assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
        assert_eq!(stage.assert_kept().sums.delivered, 30, "{name}");
        let told = stage.endpoint.ledger(|ledger| {
            let last = ledger.entry("job-00000").accepted(Route::Result).last();
            last.and_then(|last| last.said.error.clone())
        });
        assert!(
            told.is_some(),
            "{name}: the client of the job gets an error"
        );
    }
}
