//! Full load with faults for a long time: does the worker's memory grow, do its descriptors?
//!
//! Left out of a usual run; `cargo xtask soak --minutes N` calls it.

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
/// The queue is filled up to here, again and again.
const QUEUE: usize = 2000;
/// One part of so many is left out at the start: caches and pools fill.
const WARMING_UP: usize = 4;
/// By how much a figure may grow: so much a minute, and in the whole run so much more, which in a short one is noise.
struct Bound {
    a_minute: f64,
    at_once: f64,
}

/// In KiB. There are tens of thousands of jobs a minute: one that leaks at all leaks more than this.
const MEMORY: Bound = Bound {
    a_minute: 256.0,
    at_once: 4096.0,
};
/// Beside the handlers' threads, of which there is one for each core: the control thread, the log's, the spool's, and one in
/// reserve. One more for what the system starts and ends in between.
const OTHER_THREADS: usize = 5;
/// Connections come and go with the faults.
const DESCRIPTORS: Bound = Bound {
    a_minute: 0.5,
    at_once: 12.0,
};

impl Bound {
    /// The steepest slope over so many minutes.
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
    // A short outage now and then, by the count of results; more of them than the longest run meets.
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

/// One worker under load: its stage, and what it held over time.
struct Soaked {
    name: &'static str,
    kind: Kind,
    most_threads: u64,
    stage: Stage,
    worker: Worker,
    next: usize,
    samples: Vec<(f64, Held)>,
    /// On the jobs that the ledger was relieved of.
    verdict: Verdict,
}

impl Soaked {
    /// `blocking`: how many handlers may have a thread each.
    async fn begin(name: &'static str, kind: Kind, blocking: usize) -> Self {
        let stage = Stage::set(name, kind, weather(), Vec::new()).await;
        let mut stage = stage.with("RUNPOD_LOG_LEVEL", "ERROR");
        let worker = stage.start();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            name,
            kind,
            // A thread that has just reported its job is not idle yet, so that the next job may start another one.
            most_threads: (cores + OTHER_THREADS + 2 * blocking) as u64,
            stage,
            worker,
            next: 0,
            samples: Vec::new(),
            verdict: Verdict::default(),
        }
    }

    /// Fills the queue up, forgets what is settled, and looks at the worker.
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
            .push((minutes, held.expect("the worker lives")));
    }

    /// Ends it, and says what it came to.
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
#[ignore = "takes as long as it is told to: cargo xtask soak"]
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
    // The load's own clock: it is a run of so many minutes.
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
