//! Measures the time from a process's start to its first job-take request.

use std::time::Duration;

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::worker::{self, Worker};
use worker_bench::sample::median;

const STARTS: usize = 10;
const STARTS_OF_THE_SDK: usize = 3;

pub(super) const START: Cell = Cell {
    name: "start",
    measures: &[Measure {
        what: "time from process start to first job-take request",
        unit: "ms",
    }],
    yardstick: Some(Worker::Hyper),
    workers: &worker::ALL,
    most_rounds: usize::MAX,
    run: start,
};

fn start(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let starts = match worker {
        Worker::Python => STARTS_OF_THE_SDK,
        _ => STARTS,
    };
    let mut times = Vec::new();
    for _ in 0..starts {
        let endpoint = Endpoint::open(Jobs::of(0, |_| "{}".into()))?;
        let process = lab.start(worker, false, 1, &endpoint)?;
        let limit = Duration::from_mins(1);
        let taken = endpoint.wait("first take", limit, Endpoint::first_take)?;
        let took = taken.saturating_duration_since(process.begun);
        times.push(took.as_secs_f64() * 1e3);
        process.kill()?;
    }
    Ok(vec![median(times).ok_or("no start was measured")?])
}
