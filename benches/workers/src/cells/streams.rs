//! Measures streaming jobs from a queue that is never empty.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Endpoint, Jobs};
use crate::worker::Worker;
use worker_bench::sample::{float, median};

/// All workers except `runpod-sdk`, which does not support streams.
const WORKERS: &[Worker] = &[
    Worker::Hyper,
    Worker::Reqwest,
    Worker::Ours,
    Worker::OursWithoutSpool,
    Worker::Python,
];
const LONG: &str = r#"{"items":1000}"#;
const SHORT: &str = r#"{"items":1}"#;
const WARM_UP: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(30);
/// The number of items whose age is measured.
const FIRST_ITEMS: usize = 300;
/// The SDK runs only one stream per second.
const FIRST_ITEMS_OF_THE_SDK: usize = 5;

pub(super) const STREAM_1: Cell = Cell {
    name: "stream-1",
    measures: &[
        Measure {
            what: "throughput of stream items, one job at a time",
            unit: "/s",
        },
        Measure {
            what: "CPU time per stream item, one job at a time",
            unit: "µs",
        },
    ],
    yardstick: Some(Worker::Reqwest),
    workers: WORKERS,
    most_rounds: usize::MAX,
    run: |lab, worker| items(lab, worker, 1),
};

pub(super) const STREAM_10: Cell = Cell {
    name: "stream-10",
    measures: &[
        Measure {
            what: "throughput of stream items, ten jobs at once",
            unit: "/s",
        },
        Measure {
            what: "CPU time per stream item, ten jobs at once",
            unit: "µs",
        },
    ],
    yardstick: Some(Worker::Reqwest),
    workers: WORKERS,
    most_rounds: usize::MAX,
    run: |lab, worker| items(lab, worker, 10),
};

pub(super) const FIRST_ITEM: Cell = Cell {
    name: "first-item",
    measures: &[Measure {
        what: "time from yielding a job's first item to its arrival",
        unit: "ms",
    }],
    yardstick: Some(Worker::Reqwest),
    workers: WORKERS,
    most_rounds: usize::MAX,
    run: first_item,
};

fn items(lab: &Lab, worker: Worker, slots: usize) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::endless(|_| LONG.into()))?;
    let process = lab.start(worker, true, slots, &endpoint)?;
    endpoint.wait("first item", LIMIT, |it| {
        (it.counts().items > 0).then_some(())
    })?;
    sleep(WARM_UP);
    let (begun, before) = (Instant::now(), endpoint.counts().items);
    let processor = process.usage().processor_time()?;
    sleep(lab.window);
    let processor = process.usage().processor_time()?.saturating_sub(processor);
    let (took, items) = (begun.elapsed(), endpoint.counts().items - before);
    process.kill()?;
    let items = float(items);
    Ok(vec![
        items / took.as_secs_f64(),
        processor.as_secs_f64() * 1e6 / items,
    ])
}

fn first_item(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::endless(|_| SHORT.into()))?;
    let process = lab.start(worker, true, 1, &endpoint)?;
    let wanted = match worker {
        Worker::Python => FIRST_ITEMS_OF_THE_SDK,
        _ => FIRST_ITEMS,
    };
    // The first item is not measured, because the worker opens a connection for it.
    endpoint.wait("first item", LIMIT, |it| {
        (it.counts().items > 0).then_some(())
    })?;
    endpoint.ages_of_items();
    let enough = u64::try_from(wanted)? + endpoint.counts().items;
    endpoint.wait("items", LIMIT, |it| {
        (it.counts().items > enough).then_some(())
    })?;
    process.kill()?;
    let ages = endpoint.ages_of_items().into_iter();
    let age = median(ages.map(float).collect()).ok_or("no item has arrived")?;
    Ok(vec![age / 1e6])
}
