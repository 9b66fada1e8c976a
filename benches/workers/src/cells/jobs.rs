//! Measures no-op jobs from a queue that is never empty.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::worker::{self, Worker};
use worker_bench::sample::float;

const INPUT: &str = r#"{"ms":0}"#;
/// The time between the first result and the start of the measurement.
const WARM_UP: Duration = Duration::from_millis(300);
/// The SDK needs a longer measurement, because it takes one job per second.
const WINDOWS_OF_THE_SDK: u32 = 4;
/// How often the threads are counted.
const LOOK: Duration = Duration::from_millis(25);

macro_rules! noop {
    ($constant:ident, $slots:literal) => {
        pub(super) const $constant: Cell = Cell {
            name: concat!("noop-", $slots),
            measures: &[
                Measure {
                    what: concat!("throughput of no-op jobs at concurrency ", $slots),
                    unit: "/s",
                },
                Measure {
                    what: concat!("CPU time per no-op job at concurrency ", $slots),
                    unit: "µs",
                },
                Measure {
                    what: concat!(
                        "voluntary context switches per no-op job at concurrency ",
                        $slots
                    ),
                    unit: "",
                },
                Measure {
                    what: concat!(
                        "highest number of threads with no-op jobs at concurrency ",
                        $slots
                    ),
                    unit: "",
                },
            ],
            yardstick: Some(Worker::Reqwest),
            workers: &worker::ALL,
            most_rounds: usize::MAX,
            run: |lab, worker| noop(lab, worker, $slots),
        };
    };
}

noop!(NOOP_1, 1);
noop!(NOOP_10, 10);
noop!(NOOP_50, 50);
noop!(NOOP_200, 200);

fn noop(lab: &Lab, worker: Worker, slots: usize) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::endless(|_| INPUT.into()))?;
    let process = lab.start(worker, false, slots, &endpoint)?;
    let limit = Duration::from_secs(30);
    endpoint.wait("first result", limit, |it| {
        (it.counts().results > 0).then_some(())
    })?;
    sleep(WARM_UP);
    let window = match worker {
        Worker::Python => lab.window * WINDOWS_OF_THE_SDK,
        _ => lab.window,
    };
    let (begun, before) = (Instant::now(), endpoint.counts().results);
    let processor = process.usage().processor_time()?;
    let waits = process.usage().waits()?;
    let mut threads = 0;
    while begun.elapsed() < window {
        sleep(LOOK);
        threads = threads.max(process.usage().threads()?);
    }
    let processor = process.usage().processor_time()?.saturating_sub(processor);
    let waits = process.usage().waits()?.saturating_sub(waits);
    let (took, results) = (begun.elapsed(), endpoint.counts().results - before);
    process.kill()?;
    let results = float(results);
    Ok(vec![
        results / took.as_secs_f64(),
        processor.as_secs_f64() * 1e6 / results,
        float(waits) / results,
        float(threads),
    ])
}
