//! Measures jobs with outputs of 20 MB, one after the other.

use std::time::Duration;

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::worker::{self, Worker};
use worker_bench::sample::median;

const INPUT: &str = r#"{"bytes":20000000}"#;
const OUTPUTS: u64 = 5;
const LIMIT: Duration = Duration::from_mins(1);

pub(super) const LARGE: Cell = Cell {
    name: "large",
    measures: &[
        Measure {
            what: "time from taking a job to receiving its output of 20 MB",
            unit: "ms",
        },
        Measure {
            what: "peak resident memory with outputs of 20 MB",
            unit: "MB",
        },
    ],
    yardstick: Some(Worker::Reqwest),
    workers: &worker::ALL,
    most_rounds: usize::MAX,
    run: large,
};

fn large(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::of(0, |_| INPUT.into()))?;
    // With one slot, `runpod-sdk` posts a result only after its next job-take request has been answered.
    let slots = if worker == Worker::RunpodSdk { 2 } else { 1 };
    let process = lab.start(worker, false, slots, &endpoint)?;
    let mut times = Vec::new();
    for output in 1..=OUTPUTS {
        endpoint.add(1);
        let took = endpoint.wait("large output", LIMIT, |it| {
            (it.counts().results >= output).then(|| it.last_job())
        })?;
        times.push(
            took.ok_or("a result arrived before a job was taken")?
                .as_secs_f64()
                * 1e3,
        );
    }
    let peak = process.usage().peak_memory()?;
    process.kill()?;
    Ok(vec![median(times).ok_or("no output was measured")?, peak])
}
