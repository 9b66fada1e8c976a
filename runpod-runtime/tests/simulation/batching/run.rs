//! Runs one rule on one trace of arrivals.

use std::collections::VecDeque;
use std::time::Duration;

use super::model::Model;
use super::rules::{Decision, Rule};
use crate::latency::Latency;
use crate::traffic;

/// The share of the jobs at the beginning that does not count, while a rule still learns.
const WARM_UP: usize = 10;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) latency: Latency,
    /// Jobs per second.
    pub(crate) throughput: f64,
    /// The mean number of jobs in a call.
    pub(crate) batch: f64,
}

/// Runs `rule` with `clients` clients. Each client submits a job, waits for its result, and submits the next job a few
/// milliseconds later.
pub(crate) fn closed(
    model: Model,
    clients: usize,
    jobs: usize,
    seed: u64,
    rule: &mut dyn Rule,
) -> Outcome {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut pause = || Duration::from_secs_f64(0.002 + 0.003 * traffic::exponential(&mut random));
    let mut arrivals: Vec<Duration> = Vec::with_capacity(jobs);
    let mut coming: Vec<Duration> = (0..clients).map(|_| pause()).collect();
    let mut durations = fastrand::Rng::with_seed(seed + 1);
    let mut running: Option<(Duration, Vec<usize>)> = None;
    let mut wake = None;
    let mut latencies = Vec::new();
    let (mut now, mut calls) = (Duration::ZERO, 0);
    while latencies.len() < jobs {
        let arrival = coming.iter().min().copied();
        let end = running.as_ref().map(|it| it.0);
        let next = [arrival, end, wake].into_iter().flatten().min();
        now = next.expect("a rule never forgets a waiting job").max(now);
        if end.is_some_and(|end| end <= now) {
            let (_, batch) = running.take().expect("there is an end");
            rule.finished(batch.len(), now);
            for job in batch {
                latencies.push(now - arrivals[job]);
                coming.push(now + pause());
            }
        }
        while let Some(index) = coming.iter().position(|it| *it <= now) {
            coming.swap_remove(index);
            rule.arrived(arrivals.len(), now);
            arrivals.push(now);
        }
        wake = None;
        match rule.decide(running.is_some(), false, now) {
            Decision::Call(batch) => {
                assert!(running.is_none() && batch.len() <= model.max_batch_size);
                calls += 1;
                running = Some((now + model.takes(batch.len(), &mut durations), batch));
            }
            Decision::WaitUntil(at) => {
                assert!(at > now);
                wake = Some(at);
            }
            Decision::Nothing => {}
        }
    }
    let throughput = latencies.len() as f64 / now.as_secs_f64();
    let batch = latencies.len() as f64 / f64::from(calls);
    Outcome {
        latency: Latency::of(latencies.split_off(jobs / WARM_UP)),
        throughput,
        batch,
    }
}

/// Runs `rule` on Poisson arrivals with `rate` jobs per second, with one call at a time.
pub(crate) fn run(model: Model, rate: f64, jobs: usize, seed: u64, rule: &mut dyn Rule) -> Outcome {
    let arrivals = traffic::poisson(rate, jobs, seed);
    let mut random = fastrand::Rng::with_seed(seed + 1);
    let mut coming: VecDeque<(usize, Duration)> = arrivals.iter().copied().enumerate().collect();
    let mut running: Option<(Duration, Vec<usize>)> = None;
    let mut wake = None;
    let mut latencies = vec![Duration::ZERO; jobs];
    let (mut now, mut calls, mut done) = (Duration::ZERO, 0, 0);
    while done < jobs {
        let arrival = coming.front().map(|it| it.1);
        let end = running.as_ref().map(|it| it.0);
        let next = [arrival, end, wake].into_iter().flatten().min();
        now = next.expect("a rule never forgets a waiting job").max(now);
        if end.is_some_and(|end| end <= now) {
            let (_, batch) = running.take().expect("there is an end");
            rule.finished(batch.len(), now);
            done += batch.len();
            for job in batch {
                latencies[job] = now - arrivals[job];
            }
        }
        while let Some((job, _)) = coming.front().copied().filter(|it| it.1 <= now) {
            coming.pop_front();
            rule.arrived(job, now);
        }
        wake = None;
        match rule.decide(running.is_some(), coming.is_empty(), now) {
            Decision::Call(batch) => {
                assert!(running.is_none() && batch.len() <= model.max_batch_size);
                calls += 1;
                running = Some((now + model.takes(batch.len(), &mut random), batch));
            }
            Decision::WaitUntil(at) => {
                assert!(at > now);
                wake = Some(at);
            }
            Decision::Nothing => {}
        }
    }
    let first = arrivals.first().copied().unwrap_or_default();
    Outcome {
        latency: Latency::of(latencies.split_off(jobs / WARM_UP)),
        throughput: jobs as f64 / (now - first).as_secs_f64(),
        batch: jobs as f64 / f64::from(calls),
    }
}
