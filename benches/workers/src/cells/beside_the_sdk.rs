//! Measures the figures of the README: our worker and the official SDK against the local endpoint, from a client's
//! point of view.

mod client;

use std::time::{Duration, Instant};

use super::{Cell, Lab, Measure, mixed};
use crate::Outcome;
use crate::process::Process;
use crate::worker::Worker;
use client::LocalEndpoint;
use worker_bench::sample::{float, median};

const STARTS: usize = 5;
const ANSWERS: usize = 15;
/// The number of no-op jobs, except for the SDK, which runs about one job per second.
const NOOP_JOBS: u64 = 10_000;
const NOOP_JOBS_OF_THE_SDK: u64 = 10;
const MIXED: u64 = 300;

pub(super) const BESIDE_THE_SDK: Cell = Cell {
    name: "beside-the-sdk",
    measures: &[
        Measure {
            what: "time from process start to first result, local endpoint",
            unit: "s",
        },
        Measure {
            what: "memory after the first result (PSS), local endpoint",
            unit: "MB",
        },
        Measure {
            what: "time from submitting a job to its result, idle worker, local endpoint",
            unit: "ms",
        },
        Measure {
            what: "time from submitting a job to its first stream item, local endpoint",
            unit: "ms",
        },
        Measure {
            what: "throughput of no-op jobs, one at a time, local endpoint",
            unit: "/s",
        },
        Measure {
            what: "time for 300 jobs of 50 to 900 ms, ten at once (at least 14.4 s), local endpoint",
            unit: "s",
        },
        Measure {
            what: "time from SIGTERM to exit, idle worker, local endpoint",
            unit: "s",
        },
    ],
    yardstick: Some(Worker::Ours),
    workers: &[Worker::Ours, Worker::Python],
    most_rounds: 1,
    run: beside_the_sdk,
};

fn beside_the_sdk(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(figures(lab, worker))
}

async fn figures(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let [mut starts, mut memory, mut ends] = [const { Vec::new() }; 3];
    for _ in 0..STARTS {
        let endpoint = LocalEndpoint::open().await?;
        // The job is in the queue before the worker starts, as on the platform.
        let job = endpoint.submit(ms(0)).await?;
        let process = start(lab, worker, false, 1, &endpoint)?;
        endpoint.result(&job).await?;
        starts.push(process.begun.elapsed().as_secs_f64());
        memory.push(process.usage().share_of_memory()?);
        ends.push(process.end()?.as_secs_f64());
        endpoint.close().await;
    }
    let middle = |figures| median(figures).ok_or("no measurement");
    Ok(vec![
        middle(starts)?,
        middle(memory)?,
        middle(answers(lab, worker).await?)?,
        middle(first_items(lab, worker).await?)?,
        jobs_a_second(lab, worker).await?,
        ten_at_once(lab, worker).await?,
        middle(ends)?,
    ])
}

fn start(
    lab: &Lab,
    worker: Worker,
    streams: bool,
    slots: usize,
    endpoint: &LocalEndpoint,
) -> Outcome<Process> {
    lab.start_with(worker, streams, slots, endpoint.worker_environment())
}

fn ms(ms: u64) -> String {
    format!(r#"{{"ms":{ms}}}"#)
}

async fn answers(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = LocalEndpoint::open().await?;
    let process = start(lab, worker, false, 1, &endpoint)?;
    endpoint.run(ms(0)).await?;
    let mut answers = Vec::new();
    for _ in 0..ANSWERS {
        let submitted = Instant::now();
        endpoint.run(ms(0)).await?;
        answers.push(submitted.elapsed().as_secs_f64() * 1e3);
    }
    process.kill()?;
    endpoint.close().await;
    Ok(answers)
}

async fn first_items(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = LocalEndpoint::open().await?;
    let process = start(lab, worker, true, 1, &endpoint)?;
    endpoint.first_item().await?;
    let mut items = Vec::new();
    for _ in 0..ANSWERS {
        items.push(endpoint.first_item().await?.as_secs_f64() * 1e3);
    }
    process.kill()?;
    endpoint.close().await;
    Ok(items)
}

async fn jobs_a_second(lab: &Lab, worker: Worker) -> Outcome<f64> {
    let jobs = match worker {
        Worker::Python => NOOP_JOBS_OF_THE_SDK,
        _ => NOOP_JOBS,
    };
    let endpoint = LocalEndpoint::open().await?;
    let process = start(lab, worker, false, 1, &endpoint)?;
    endpoint.run(ms(0)).await?;
    for _ in 0..jobs {
        endpoint.submit(ms(0)).await?;
    }
    // The worker already runs jobs while the queue is filled. The measurement starts when all jobs are in the queue.
    let (begun, before) = (Instant::now(), endpoint.completed().await?);
    endpoint.until_completed(jobs + 1).await?;
    let took = begun.elapsed();
    process.kill()?;
    endpoint.close().await;
    Ok(float(jobs + 1 - before) / took.as_secs_f64())
}

async fn ten_at_once(lab: &Lab, worker: Worker) -> Outcome<f64> {
    let endpoint = LocalEndpoint::open().await?;
    let process = start(lab, worker, false, 10, &endpoint)?;
    endpoint.run(ms(0)).await?;
    let begun = Instant::now();
    for number in 0..MIXED {
        endpoint.submit(ms(mixed::length(number))).await?;
    }
    endpoint.until_completed(MIXED + 1).await?;
    let took: Duration = begun.elapsed();
    process.kill()?;
    endpoint.close().await;
    Ok(took.as_secs_f64())
}
