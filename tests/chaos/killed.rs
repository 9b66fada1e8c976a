//! Kills workers at random moments and starts new ones with the same spool. All results that were on disk must be
//! delivered.
//!
//! A handler writes to a pipe when it starts and when it is about to return. After it returns, the runtime needs about
//! a millisecond to write the value to disk. A kill in that time loses the result, and nothing can prevent that. The
//! test counts and prints such losses, and limits them by the number of slots. Every result that was on disk when a
//! worker was killed must be delivered.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::dice::{Dice, again};
use crate::fault::Fault;
use crate::jobs::{Plan, jobs};
use crate::ledger::{Entry, Ledger};
use crate::process::Kind;
use crate::route::Route;
use crate::stage::Stage;
use crate::weather::{Chance, On, Weather};

/// How many times the worker is killed by default.
const KILLS: usize = 100;
const VARIABLE: &str = "RUNPOD_CHAOS_KILLS";
/// The workers have different numbers of slots. With one slot, a kill costs only the job that is running.
const SLOTS: [usize; 3] = [1, 4, 16];
/// The limits of the random moment of a kill: a number of requests, and a time after them.
const MOST_REQUESTS: usize = 100;
const MOST_MICROSECONDS: u64 = 20_000;

/// The state of a worker's slots when it was killed, as far as it is visible from outside.
#[derive(Default)]
struct Toll {
    /// The jobs whose results were on disk at a kill.
    on_disk: HashSet<String>,
    /// The number of handlers that had announced that they are about to return, but whose result was neither on disk
    /// nor accepted.
    between: usize,
    /// The longest time between such an announcement and the kill.
    longest: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_nothing_that_was_on_disk() {
    let kills = std::env::var(VARIABLE).map_or(KILLS, |given| {
        given
            .parse()
            .unwrap_or_else(|_| panic!("{VARIABLE}: found {given:?}; expected a number"))
    });
    let weather = Weather::fair()
        .with(On::Results, Chance::Share(0.15), Fault::Status(503))
        .with(On::Results, Chance::Share(0.05), Fault::ResetBefore)
        .with(On::Results, Chance::Share(0.1), Fault::ResetAfter)
        .with(
            On::Results,
            Chance::Share(0.2),
            Fault::Late(Duration::from_millis(30)),
        );
    let all = jobs(kills * MOST_REQUESTS, |number| Plan {
        ms: (number as u64 * 7) % 25,
        size: (number * 37) % 3000,
        ..Plan::default()
    });
    let mut stage = Stage::set("kills", Kind::ours("async", 1), weather, all).await;
    let dice = Dice::of("kills");
    let mut toll = Toll::default();
    for kill in 0..kills {
        let slots = SLOTS[kill % SLOTS.len()];
        stage.kind.slots = slots;
        let worker = stage.start();
        let mut rng = dice.thrown_for(&("kill", kill));
        let requests = rng.usize(1..MOST_REQUESTS);
        let before = stage.endpoint.ledger(Ledger::requests);
        let come = |ledger: &Ledger| ledger.requests() >= before + requests;
        stage.until("the moment of the kill", come).await;
        tokio::time::sleep(Duration::from_micros(rng.u64(..MOST_MICROSECONDS))).await;
        let killed = Instant::now();
        stage.kill(worker).await;
        let in_slots = toll.add(&stage, killed);
        // This counts the running jobs and those that have just finished.
        assert!(
            in_slots <= 2 * slots,
            "kill {kill}: {in_slots} jobs had started and left no result, with {slots} slots; {}",
            again()
        );
    }
    deliver_the_rest(&mut stage, &toll).await;
    show(kills, &toll, &stage);
}

impl Toll {
    /// Adds the losses of the last worker. Returns how many handlers had started but left no result.
    fn add(&mut self, stage: &Stage, killed: Instant) -> usize {
        let spooled = stage.spooled();
        let worker = stage.worker_id();
        self.on_disk.extend(spooled.iter().cloned());
        stage.endpoint.ledger(|ledger| {
            let begun = |entry: &&Entry| entry.started_by.as_ref() == Some(&worker);
            let without_trace = ledger.entries.values().filter(begun).filter(|entry| {
                entry.accepted(Route::Result).next().is_none() && !spooled.contains(&entry.job.id)
            });
            without_trace
                .inspect(|entry| {
                    if let Some(produced) = entry.produced {
                        self.between += 1;
                        self.longest = self.longest.max(killed.saturating_duration_since(produced));
                    }
                })
                .count()
        })
    }
}

/// Starts one more worker, without faults or kills, which delivers the remaining results.
async fn deliver_the_rest(stage: &mut Stage, toll: &Toll) {
    stage.endpoint.becomes(Weather::fair());
    stage.endpoint.change(|ledger| ledger.queue.clear());
    let mut last = stage.start();
    let room = &*stage;
    let has_nothing = |ledger: &Ledger| ledger.idle_takes > 1 && room.spooled().is_empty();
    stage.until("the spool is empty", has_nothing).await;
    let code = stage.dismiss(&mut last).await;
    assert_eq!(code, Some(0));
    let missing: Vec<&String> = stage.endpoint.ledger(|ledger| {
        let on_disk = toll.on_disk.iter();
        on_disk
            .filter(|id| ledger.entry(id).accepted(Route::Result).next().is_none())
            .collect()
    });
    assert!(
        missing.is_empty(),
        "results on disk were lost, {}: {missing:?}",
        again()
    );
}

fn show(kills: usize, toll: &Toll, stage: &Stage) {
    let made = stage.endpoint.ledger(|ledger| {
        let entries = ledger.entries.values();
        entries.filter(|entry| entry.produced.is_some()).count()
    });
    let verdict = stage.verdict();
    println!(
        "{kills} kills, {}: {made} results made; {} waited on disk at a kill, 0 of them lost; {} were between their handler and \
         the disk, for {:?} at most; accepted again: {} since a kill or a lost answer hid the first time, {} for no reason",
        again(),
        toll.on_disk.len(),
        toll.between,
        toll.longest,
        verdict.sums.forced,
        verdict.sums.unforced,
    );
    assert_eq!(verdict.sums.unforced, 0);
    let late = verdict
        .offences
        .iter()
        .filter(|offence| !offence.contains("lost"));
    assert_eq!(late.collect::<Vec<_>>(), Vec::<&String>::new());
}
