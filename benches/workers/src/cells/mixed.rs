//! Measures jobs of different lengths, ten at once.

use std::time::{Duration, Instant};

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::worker::{self, Worker};

const JOBS: u64 = 300;
const SLOTS: usize = 10;
const LIMIT: Duration = Duration::from_mins(2);

pub(super) const MIXED: Cell = Cell {
    name: "mixed",
    measures: &[Measure {
        what: "time for 300 jobs of 50 to 900 ms, ten at once (at least 14.4 s)",
        unit: "s",
    }],
    yardstick: Some(Worker::Reqwest),
    workers: &worker::ALL,
    most_rounds: 1,
    run: mixed,
};

/// Returns how long a job sleeps, in milliseconds.
pub(super) fn length(job: u64) -> u64 {
    50 + (job * 397) % 851
}

fn mixed(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let input = |job| format!(r#"{{"ms":{}}}"#, length(job)).into();
    let endpoint = Endpoint::open(Jobs::of(0, input))?;
    let process = lab.start(worker, false, SLOTS, &endpoint)?;
    endpoint.wait("first take", LIMIT, Endpoint::first_take)?;
    let begun = Instant::now();
    endpoint.add(JOBS);
    endpoint.wait("results of all jobs", LIMIT, |it| {
        (it.counts().results == JOBS).then_some(())
    })?;
    let took = begun.elapsed();
    process.kill()?;
    Ok(vec![took.as_secs_f64()])
}
