//! Measures workers that have nothing to do: without a job, or with a thousand jobs that sleep.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::process::Process;
use crate::worker::{self, Worker};
use worker_bench::sample::float;

/// How long to wait after the start until the worker is idle.
const SETTLE: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_mins(1);
/// The window for counting waits is this many times longer, because waits are rare: a heartbeat comes every ten
/// seconds.
const LONGER: u32 = 10;
const SLEEPING: u64 = 1000;
/// The jobs sleep for longer than it takes to hand them out, so all of them sleep and finish at the same time.
const LONG: &str = r#"{"ms":5000}"#;
/// How often the threads are counted.
const LOOK: Duration = Duration::from_millis(10);

pub(super) const IDLE: Cell = Cell {
    name: "idle",
    measures: &[
        Measure {
            what: "memory of an idle worker (PSS)",
            unit: "MB",
        },
        Measure {
            what: "voluntary context switches of an idle worker",
            unit: "/s",
        },
        Measure {
            what: "number of threads of an idle worker",
            unit: "",
        },
    ],
    yardstick: Some(Worker::Reqwest),
    workers: &worker::ALL,
    most_rounds: 3,
    run: idle,
};

pub(super) const SLEEPING_JOBS: Cell = Cell {
    name: "sleeping",
    measures: &[
        Measure {
            what: "memory with 1,000 sleeping jobs (PSS)",
            unit: "MB",
        },
        Measure {
            what: "peak resident memory with 1,000 sleeping jobs, until all results are accepted",
            unit: "MB",
        },
        Measure {
            what: "highest number of threads with 1,000 sleeping jobs, until all results are accepted",
            unit: "",
        },
    ],
    yardstick: Some(Worker::Reqwest),
    workers: &worker::ALL,
    most_rounds: 3,
    run: sleeping,
};

fn idle(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::of(0, |_| "{}".into()))?;
    let process = lab.start(worker, false, 1, &endpoint)?;
    endpoint.wait("first take", LIMIT, Endpoint::first_take)?;
    sleep(SETTLE);
    let waits = waits_a_second(&process, lab.window * LONGER)?;
    let figures = vec![
        process.usage().share_of_memory()?,
        waits,
        float(process.usage().threads()?),
    ];
    process.kill()?;
    Ok(figures)
}

fn waits_a_second(process: &Process, window: Duration) -> Outcome<f64> {
    let (begun, before) = (Instant::now(), process.usage().waits()?);
    sleep(window);
    let waits = process.usage().waits()?.saturating_sub(before);
    Ok(float(waits) / begun.elapsed().as_secs_f64())
}

fn sleeping(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::of(SLEEPING, |_| LONG.into()))?;
    let slots = usize::try_from(SLEEPING)?;
    let process = lab.start(worker, false, slots, &endpoint)?;
    endpoint.wait("thousand jobs taken", LIMIT, |it| {
        (it.counts().handed_out == SLEEPING).then_some(())
    })?;
    sleep(SETTLE);
    let asleep = process.usage().share_of_memory()?;
    let (mut threads, begun) = (0, Instant::now());
    while endpoint.counts().results < SLEEPING {
        threads = threads.max(process.usage().threads()?);
        if begun.elapsed() > LIMIT {
            return Err(format!(
                "not all results arrived within {LIMIT:?}; so far: {:?}",
                endpoint.counts()
            )
            .into());
        }
        sleep(LOOK);
    }
    let peak = process.usage().peak_memory()?;
    process.kill()?;
    Ok(vec![asleep, peak, float(threads)])
}
