//! Tests the ways in which a worker's life can end: signals at every moment, refreshes, stops, and requests that are
//! held forever.

use std::time::Duration;

use rustix::process::Signal;

use crate::fault::Fault;
use crate::jobs::{End, Job, Plan, jobs};
use crate::ledger::Ledger;
use crate::process::Kind;
use crate::route::Route;
use crate::stage::Stage;
use crate::weather::{Chance, On, Weather};

/// A time that is longer than a worker may take to exit.
const HELD: Option<Duration> = Some(Duration::from_mins(1));
const ALWAYS: Chance = Chance::First(u32::MAX);

fn gated(count: usize, end: End) -> Vec<Job> {
    jobs(count, |_| Plan {
        gate: true,
        items: 3,
        end,
        ..Plan::default()
    })
}

async fn until_all_wait(stage: &Stage, count: usize) {
    let what = format!("{count} handlers wait at their gates");
    stage
        .until(&what, |ledger| ledger.at_gates() == count)
        .await;
}

fn open_all(stage: &Stage) {
    stage.endpoint.change(|ledger| ledger.all_gates_open = true);
}

#[tokio::test]
async fn polls_that_are_held_for_a_minute_do_not_delay_the_exit() {
    for (name, signal) in [("held-term", Signal::TERM), ("held-int", Signal::INT)] {
        let kind = Kind::ours("async", 4);
        let mut stage = Stage::holding(name, kind, Weather::fair(), Vec::new(), HELD).await;
        let mut worker = stage.start();
        let polls = |ledger: &Ledger| ledger.takes.len() == 1 && ledger.stop_polls.len() == 1;
        stage.until("both polls are held", polls).await;
        worker.signal(signal);
        assert_eq!(stage.seen_off(&mut worker).await, Some(0));
        stage.assert_kept();
    }
}

#[tokio::test]
async fn polls_that_are_never_answered_well_do_not_delay_the_exit() {
    for (name, fault) in [
        ("throttled", Fault::RetryAfter(429, 3600)),
        ("refusing", Fault::Status(500)),
        ("resetting", Fault::ResetBefore),
    ] {
        let name = format!("exit-while-{name}");
        let weather = Weather::fair().with(On::All, ALWAYS, fault);
        let mut stage = Stage::set(&name, Kind::ours("async", 1), weather, Vec::new()).await;
        let mut worker = stage.start();
        stage
            .until("the worker asks for jobs", |ledger| {
                !ledger.takes.is_empty()
            })
            .await;
        assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
        stage.assert_kept();
    }
}

#[tokio::test]
async fn jobs_that_run_at_the_signal_are_finished_and_no_other_is_taken() {
    for handler in ["async", "plain", "stream", "iterator", "emitter"] {
        let name = format!("signal-while-running-{handler}");
        let all = gated(8, End::Value);
        let mut stage = Stage::set(&name, Kind::ours(handler, 4), Weather::fair(), all).await;
        let mut worker = stage.start();
        until_all_wait(&stage, 4).await;
        stage.tell(&worker, Signal::TERM).await;
        open_all(&stage);
        assert_eq!(stage.seen_off(&mut worker).await, Some(0));
        let sums = stage.assert_kept().sums;
        assert_eq!((sums.taken, sums.delivered), (4, 4), "{name}: {sums}");
    }
}

#[tokio::test]
async fn a_result_that_is_being_posted_at_the_signal_is_delivered() {
    let weather = Weather::fair().with(On::Results, Chance::First(3), Fault::Status(503));
    let all = jobs(4, |_| Plan::default());
    let mut stage = Stage::set("signal-while-posting", Kind::ours("async", 4), weather, all).await;
    let mut worker = stage.start();
    let is_posting = |ledger: &Ledger| {
        let mut entries = ledger.entries.values();
        entries.all(|entry| entry.has_tried(Route::Result))
    };
    stage.until("every result was posted", is_posting).await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));
    assert_eq!(stage.assert_kept().sums.delivered, 4);
}

#[tokio::test]
async fn a_second_signal_cuts_off_what_runs_and_its_clients_are_told() {
    for (handler, end) in [
        ("async", End::Hang),
        ("stream", End::Hang),
        ("emitter", End::Hang),
        ("plain", End::Block),
        ("iterator", End::Block),
        // An async function that blocks its thread forever.
        ("async", End::Block),
    ] {
        let name = format!("two-signals-{handler}-{end:?}");
        let all = gated(4, end);
        let mut stage = Stage::set(&name, Kind::ours(handler, 4), Weather::fair(), all).await;
        let mut worker = stage.start();
        until_all_wait(&stage, 4).await;
        open_all(&stage);
        stage.tell(&worker, Signal::TERM).await;
        stage.tell(&worker, Signal::TERM).await;
        assert_eq!(stage.seen_off(&mut worker).await, Some(0), "{name}");
        let sums = stage.assert_kept().sums;
        assert_eq!(sums.delivered, 4, "{name}: {sums}");
        let told = |ledger: &Ledger| {
            let last = ledger.entry("job-00000").accepted(Route::Result).last();
            last.and_then(|last| last.said.error.clone())
        };
        let told = stage.endpoint.ledger(told).unwrap_or_default();
        assert!(told.contains("Shutdown"), "{name}: {told}");
    }
}

#[tokio::test]
async fn what_cannot_be_delivered_at_the_end_is_delivered_by_the_next_worker_once() {
    tokio::join!(
        is_left_to_the_next("end-in-server-errors", Fault::Status(503)),
        is_left_to_the_next("end-in-resets", Fault::ResetBefore),
        is_left_to_the_next("end-in-a-pause", Fault::RetryAfter(429, 3600)),
    );
}

async fn is_left_to_the_next(name: &str, fault: Fault) {
    let weather = Weather::fair().with(On::Results, ALWAYS, fault);
    let all = jobs(6, |_| Plan::default());
    let mut stage = Stage::set(name, Kind::ours("async", 8), weather, all)
        .await
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1");
    let mut worker = stage.start();
    let is_posting = |ledger: &Ledger| {
        let mut entries = ledger.entries.values();
        entries.all(|entry| entry.has_tried(Route::Result))
    };
    stage.until("every result was posted", is_posting).await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
    assert_eq!(stage.assert_kept().sums.spooled, 6, "{name}");

    stage.endpoint.becomes(Weather::fair());
    stage.reopen();
    let mut next = stage.start();
    stage
        .until("every kept result is delivered", Ledger::is_settled)
        .await;
    stage.dismiss(&mut next).await;
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.delivered, sums.spooled), (6, 0), "{name}: {sums}");

    stage.reopen();
    let mut last = stage.start();
    let asks = |ledger: &Ledger| ledger.idle_takes > 1;
    stage.until("the third worker asks for jobs", asks).await;
    stage.dismiss(&mut last).await;
    let posts = stage.assert_kept().sums.posts;
    assert_eq!(posts, sums.posts, "{name}: a result was posted again");
}

#[tokio::test]
async fn jobs_that_arrive_with_the_signal_are_run() {
    let kind = Kind::ours("async", 4);
    let mut stage = Stage::holding("late-jobs", kind, Weather::fair(), Vec::new(), HELD).await;
    let mut worker = stage.start();
    stage
        .until("a job-take request is held", |ledger| {
            ledger.takes.len() == 1
        })
        .await;
    worker.signal(Signal::TERM);
    let late = jobs(4, |_| Plan {
        ms: 50,
        ..Plan::default()
    });
    stage.endpoint.change(|ledger| ledger.add(late));
    assert_eq!(stage.seen_off(&mut worker).await, Some(0));
    assert_eq!(stage.assert_kept().sums.delivered, 4);
}

#[tokio::test]
async fn a_refresh_waits_for_the_other_jobs_and_takes_no_further_one() {
    for refreshes_always in [false, true] {
        let name = format!("refresh-in-flight-{refreshes_always}");
        let mut kind = Kind::ours("async", 4);
        kind.refresh = refreshes_always;
        let all = jobs(12, |number| Plan {
            gate: number != 0,
            end: if number == 0 && !refreshes_always {
                End::Refresh
            } else {
                End::Value
            },
            ..Plan::default()
        });
        let weather = Weather::fair().with(On::Results, Chance::First(1), Fault::Status(500));
        let mut stage = Stage::set(&name, kind, weather, all).await;
        let mut worker = stage.start();
        until_all_wait(&stage, 3).await;
        let first = |ledger: &Ledger| ledger.results == 1;
        stage.until("the first result is accepted", first).await;
        open_all(&stage);
        assert_eq!(stage.seen_off(&mut worker).await, Some(0));
        let sums = stage.assert_kept().sums;
        assert_eq!((sums.taken, sums.delivered), (4, 4), "{name}: {sums}");
    }
}

#[tokio::test]
async fn a_stop_ends_exactly_the_jobs_that_it_names() {
    for handler in ["async", "stream", "emitter", "plain", "iterator"] {
        let name = format!("stop-{handler}");
        let all = gated(6, End::Value);
        let mut stage = Stage::set(&name, Kind::ours(handler, 6), Weather::fair(), all).await;
        let mut worker = stage.start();
        until_all_wait(&stage, 6).await;
        let named = vec!["job-00001".to_owned(), "nobody".into(), "job-00004".into()];
        let stopping = worker.says("Job stopped");
        stage.endpoint.change(|ledger| ledger.stops = named);
        stage.seen("a job is stopped", stopping).await;
        open_all(&stage);
        stage.until_settled().await;
        stage.dismiss(&mut worker).await;
        let sums = stage.assert_kept().sums;
        assert_eq!(sums.delivered + sums.stopped, 6, "{name}: {sums}");
        let missed = ["job-00000", "job-00002", "job-00003", "job-00005"]
            .into_iter()
            .find(|id| {
                let results = |ledger: &Ledger| ledger.entry(id).accepted(Route::Result).count();
                stage.endpoint.ledger(results) != 1
            });
        assert_eq!(
            missed, None,
            "{name}: a job that was not named has no result"
        );
    }
}

#[tokio::test]
async fn a_stop_at_the_moment_of_the_end_yields_one_outcome() {
    let late = Fault::Late(Duration::from_millis(20));
    let weather = Weather::fair()
        .with(On::Results, Chance::First(1), Fault::ResetAfter)
        .with(On::Results, Chance::Share(0.5), late);
    let all = jobs(60, |_| Plan {
        ms: 3,
        ..Plan::default()
    });
    let mut stage = Stage::set("stop-at-the-end", Kind::ours("async", 4), weather, all).await;
    let mut worker = stage.start();
    for number in 0..60 {
        let id = format!("job-{number:05}");
        let tried = |ledger: &Ledger| ledger.entry(&id).has_tried(Route::Result);
        stage.until("its result is posted", tried).await;
        stage
            .endpoint
            .change(|ledger| ledger.stops.push(id.clone()));
    }
    stage.until_settled().await;
    stage.dismiss(&mut worker).await;
    let sums = stage.assert_kept().sums;
    assert_eq!(
        sums.delivered, 60,
        "every result was accepted before its job was stopped: {sums}"
    );
}

#[tokio::test]
async fn a_job_that_is_handed_over_again_runs_once() {
    let all = gated(1, End::Value);
    let again = all.clone();
    let mut stage = Stage::set("handed-twice", Kind::ours("async", 2), Weather::fair(), all).await;
    let mut worker = stage.start();
    until_all_wait(&stage, 1).await;
    let refused = worker.says("not run twice");
    stage.endpoint.change(|ledger| ledger.queue.extend(again));
    stage.seen("the second copy is refused", refused).await;
    open_all(&stage);
    stage.until_settled().await;
    stage.dismiss(&mut worker).await;
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.delivered, sums.posts), (1, 1), "{sums}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_jobs_run_at_once() {
    crate::process::raise_file_limit();
    let weather = Weather::fair().with(On::Posts, Chance::Share(0.1), Fault::Status(500));
    let all = gated(1000, End::Value);
    let mut stage = Stage::set("a-thousand", Kind::ours("async", 1000), weather, all).await;
    let mut worker = stage.start();
    until_all_wait(&stage, 1000).await;
    open_all(&stage);
    stage.until_settled().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0));
    assert_eq!(stage.assert_kept().sums.delivered, 1000);
}
