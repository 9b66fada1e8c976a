//! Runs workers under full load with faults for a long time, to see whether their memory or their descriptors grow.
//!
//! A normal run skips this test. `cargo xtask soak --minutes N` runs it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::dice::again;
use crate::fault::Fault;
use crate::jobs::{End, Job, Plan};
use crate::process::{Kind, Worker};
use crate::stage::Stage;
use crate::trend::Trend;
use crate::verdict::Verdict;
use crate::watched::Held;
use crate::weather::{Chance, On, Outage, Weather};

const VARIABLE: &str = "RUNPOD_CHAOS_SOAK_MINUTES";
/// The queue is repeatedly filled up to this length.
const QUEUE: usize = 2000;
/// The first quarter of the samples is ignored, because caches and pools are still filling.
const WARMING_UP: usize = 4;
/// How much a value may grow: a rate per minute, and an amount for the whole run, which covers the noise in a short
/// run.
struct Bound {
    a_minute: f64,
    at_once: f64,
}

/// The limit of the memory's growth, in KiB. Tens of thousands of jobs run per minute, so a leak in each job would
/// exceed it.
const MEMORY: Bound = Bound {
    a_minute: 256.0,
    at_once: 4096.0,
};
/// The threads besides the handlers' threads, of which there is one for each core: the control thread, the signals'
/// thread, the log's thread, the spool's thread, and one in reserve. One more is for threads that the system starts for a short time.
const OTHER_THREADS: usize = 6;
/// The number of open connections varies with the faults, so this limit is generous.
const DESCRIPTORS: Bound = Bound {
    a_minute: 0.5,
    at_once: 12.0,
};

impl Bound {
    /// Returns the steepest slope allowed over this many minutes.
    fn over(&self, minutes: f64) -> f64 {
        self.a_minute + self.at_once / minutes
    }
}

fn weather() -> Weather {
    let mut weather = Weather::fair()
        .with(On::All, Chance::Share(0.05), Fault::Status(500))
        .with(On::All, Chance::Share(0.02), Fault::ResetBefore)
        .with(On::All, Chance::Share(0.02), Fault::ResetAfter)
        .with(On::All, Chance::Share(0.01), Fault::Truncated)
        .with(
            On::Posts,
            Chance::Share(0.02),
            Fault::Late(Duration::from_millis(50)),
        )
        .malformed_takes(Chance::Share(0.05));
    // Adds a short outage after every so many results. Even the longest run does not reach all these outages.
    let every = 20_000;
    for number in 1..=400 {
        weather = weather.outage(Outage {
            after_results: number * every,
            lasting: Duration::from_secs(2),
            with: Fault::ResetBefore,
        });
    }
    weather
}

/// A worker under load, its stage, and its resources over time.
struct Soaked {
    name: &'static str,
    kind: Kind,
    most_threads: u64,
    stage: Stage,
    worker: Worker,
    next: usize,
    samples: Vec<(f64, Held)>,
    /// The verdict on the jobs that were already removed from the ledger.
    verdict: Verdict,
}

impl Soaked {
    /// Starts a worker. `blocking` is how many handlers may have a thread each.
    async fn begin(name: &'static str, kind: Kind, blocking: usize) -> Self {
        let stage = Stage::set(name, kind, weather(), Vec::new()).await;
        let mut stage = stage.with("RUNPOD_LOG_LEVEL", "ERROR");
        let worker = stage.start();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            name,
            kind,
            // A thread that has just reported the end of its job is not idle yet, so the next job may start another
            // thread.
            most_threads: (cores + OTHER_THREADS + 2 * blocking) as u64,
            stage,
            worker,
            next: 0,
            samples: Vec::new(),
            verdict: Verdict::default(),
        }
    }

    /// Fills the queue, removes settled jobs from the ledger, and samples the worker's resources.
    fn tend(&mut self, begun: Instant) {
        let next = &mut self.next;
        let settled = self.stage.endpoint.change(|ledger| {
            let missing = QUEUE.saturating_sub(ledger.queue.len());
            let more = (*next..*next + missing)
                .map(|number| Job::new(format!("job-{number:08}"), plan(number)));
            *next += missing;
            ledger.add(more.collect());
            ledger.split_off_settled()
        });
        let judged = Verdict::of(&settled, &HashSet::new(), self.kind.streams());
        self.verdict = std::mem::take(&mut self.verdict).and(judged);
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        let held = self.worker.id().and_then(Held::by);
        self.samples
            .push((minutes, held.expect("the worker is alive")));
    }

    /// Ends the worker, prints the figures, and returns the limits that were exceeded.
    async fn end(mut self) -> Vec<String> {
        self.stage.endpoint.change(|ledger| ledger.queue.clear());
        self.stage.until_settled().await;
        self.stage.dismiss(&mut self.worker).await;
        let verdict = self.verdict.and(self.stage.verdict());
        let from = self.samples.len() / WARMING_UP;
        let trend = |of: fn(&Held) -> u64| {
            let samples = self.samples[from..].iter();
            Trend::of(samples.map(|(minutes, held)| {
                let value = u32::try_from(of(held)).unwrap_or(u32::MAX);
                (*minutes, f64::from(value))
            }))
        };
        let memory = trend(|held| held.resident);
        let descriptors = trend(|held| held.descriptors);
        let most = |of: fn(&Held) -> u64| {
            let held = self.samples.iter().map(|(_, held)| of(held));
            held.max().unwrap_or_default()
        };
        let threads = most(|held| held.threads);
        println!(
            "soak of {}, {}: {}; resident {memory} KiB; descriptors {descriptors}; peak {} KiB, {threads} threads",
            self.name,
            again(),
            verdict.sums,
            most(|held| held.peak),
        );
        verdict.assert_kept(self.name);
        let (first, last) = (self.samples[from].0, self.samples[self.samples.len() - 1].0);
        let minutes = last - first;
        let mut growing = Vec::new();
        if threads > self.most_threads {
            let bound = self.most_threads;
            growing.push(format!("{}: {threads} threads, bound {bound}", self.name));
        }
        for (what, trend, bound) in [
            ("KiB resident", memory, MEMORY),
            ("descriptors", descriptors, DESCRIPTORS),
        ] {
            let most = bound.over(minutes);
            println!(
                "    {what}: slope {:+.2} a minute, bound {most:.2}",
                trend.a_minute
            );
            if trend.a_minute > most {
                growing.push(format!(
                    "{}: {what} grow: {trend}, bound {most:.2}",
                    self.name
                ));
            }
        }
        growing
    }
}

fn plan(number: usize) -> Plan {
    Plan {
        ms: (number as u64 * 7) % 10,
        items: (number as u64) % 8,
        progress: u64::from(number.is_multiple_of(5)),
        size: (number * 131) % 8000,
        end: match number % 50 {
            7 => End::Error,
            13 => End::Panic,
            _ => End::Value,
        },
        ..Plan::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs for a given number of minutes: cargo xtask soak"]
async fn a_long_time_under_load_leaves_memory_and_descriptors_flat() {
    let minutes: f64 = std::env::var(VARIABLE).map_or(1.0, |given| {
        given
            .parse()
            .unwrap_or_else(|_| panic!("{VARIABLE}: found {given:?}; expected minutes"))
    });
    let mut workers = vec![
        Soaked::begin("soak-async", Kind::ours("async", 32), 0).await,
        Soaked::begin("soak-stream", Kind::ours("stream", 16), 16).await,
        Soaked::begin("soak-plain", Kind::ours("plain", 16), 16).await,
    ];
    let begun = Instant::now();
    let every = Duration::from_millis(250);
    // Uses real time, because the run lasts this many minutes.
    let mut ticks = tokio::time::interval(every);
    while begun.elapsed().as_secs_f64() < minutes * 60.0 {
        ticks.tick().await;
        for worker in &mut workers {
            worker.tend(begun);
        }
    }
    let mut growing = Vec::new();
    for worker in workers {
        growing.extend(worker.end().await);
    }
    assert!(growing.is_empty(), "{}", growing.join("\n"));
}
