//! Memory stays bounded whatever the platform or the handler does. The tests read and print the worker's peak memory
//! from outside.

use std::time::Duration;

use crate::fault::Fault;
use crate::jobs::{Job, Plan, jobs};
use crate::ledger::Ledger;
use crate::process::{Kind, Worker};
use crate::route::Route;
use crate::stage::Stage;
use crate::watched::Held;
use crate::weather::{Chance, On, Weather};

/// The limit of an idle worker's memory, including the debug information in its program.
const MIB: u64 = 1024;

/// Prints and returns the worker's peak memory so far, in KiB.
fn peak(what: &str, worker: &Worker) -> u64 {
    let held = worker
        .id()
        .and_then(Held::by)
        .expect("the worker is alive, and the system reports its memory");
    println!(
        "{what}: peak {} MiB, now {} MiB, {} descriptors, {} threads",
        held.peak / MIB,
        held.resident / MIB,
        held.descriptors,
        held.threads
    );
    held.peak
}

/// Hands out jobs only after several answers that are too large: a worker must not read them completely.
async fn is_bounded_under(name: &str, slots: usize, fault: Fault, most: u64) {
    let weather = Weather::fair().with(On::All, Chance::First(3), fault);
    let all = jobs(4, |_| Plan::default());
    let mut stage = Stage::set(name, Kind::ours("async", slots), weather, all).await;
    let mut worker = stage.start();
    stage.until_settled().await;
    let peak = peak(name, &worker);
    stage.dismiss(&mut worker).await;
    assert_eq!(stage.assert_kept().sums.delivered, 4);
    assert!(peak < most, "{name}: {} MiB", peak / MIB);
}

#[tokio::test]
async fn an_answer_of_a_gigabyte_is_not_read() {
    is_bounded_under("giant-1", 1, Fault::Giant, 150 * MIB).await;
}

/// The memory does not grow with every slot, because at most sixteen of the largest jobs are read at once. If the size
/// of a body is not announced, its buffer is moved when it grows, so the body may be in memory twice for a moment.
#[tokio::test]
async fn an_answer_of_a_gigabyte_is_not_read_for_many_slots_either() {
    is_bounded_under("giant-64", 64, Fault::Giant, 800 * MIB).await;
}

#[tokio::test]
async fn headers_without_end_are_not_read() {
    is_bounded_under("endless-headers", 4, Fault::EndlessHeaders, 80 * MIB).await;
}

#[tokio::test]
async fn a_stream_that_is_faster_than_the_platform_waits() {
    for handler in ["stream", "iterator", "emitter"] {
        let name = format!("fast-{handler}");
        let late = Fault::Late(Duration::from_millis(10));
        let weather = Weather::fair().with(On::Items, Chance::First(u32::MAX), late);
        // These items would need two gigabytes if the worker kept them all.
        let endless = Plan {
            items: 100_000,
            size: 20_000,
            ..Plan::default()
        };
        let all = vec![Job::new("endless", endless)];
        let mut stage = Stage::set(&name, Kind::ours(handler, 1), weather, all).await;
        let mut worker = stage.start();
        let items = |ledger: &Ledger| ledger.entry("endless").accepted(Route::Item).count() > 200;
        stage.until("200 items are accepted", items).await;
        let peak = peak(&name, &worker);
        stage
            .endpoint
            .change(|ledger| ledger.stops.push("endless".to_owned()));
        stage.until_settled().await;
        stage.dismiss(&mut worker).await;
        stage.assert_kept();
        assert!(peak < 100 * MIB, "{name}: {} MiB", peak / MIB);
    }
}

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_held_a_few_times_at_most() {
    let weather = Weather::fair().with(On::Results, Chance::First(2), Fault::Status(500));
    let large = Plan {
        size: 100 << 20,
        ..Plan::default()
    };
    let all = vec![Job::new("large", large)];
    let stage = Stage::set("large-result", Kind::ours("async", 1), weather, all).await;
    let mut stage = stage.with("RUNPOD_MAX_RESULT_BYTES", "200000000");
    let mut worker = stage.start();
    stage.until_settled().await;
    let peak = peak("a result of 100 MB", &worker);
    stage.dismiss(&mut worker).await;
    stage.assert_kept();
    assert!(peak < 700 * MIB, "{} MiB", peak / MIB);
}

/// Undelivered results do not pile up, because the worker then takes no more jobs.
#[tokio::test]
async fn jobs_are_not_taken_while_too_many_results_wait() {
    let weather = Weather::fair().with(On::Results, Chance::First(3), Fault::Status(503));
    let all = jobs(150, |_| Plan {
        size: 1 << 20,
        ..Plan::default()
    });
    let mut stage = Stage::set("piled-up", Kind::ours("async", 8), weather, all).await;
    let mut worker = stage.start();
    stage.until_settled().await;
    let peak = peak(
        "150 results of 1 MB, each refused three times, 8 slots",
        &worker,
    );
    stage.dismiss(&mut worker).await;
    assert_eq!(stage.assert_kept().sums.delivered, 150);
    assert!(peak < 200 * MIB, "{} MiB", peak / MIB);
}
