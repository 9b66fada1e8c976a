//! What is measured of one worker.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::endpoint::Desk;
use crate::peer::Peer;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// From the process's start to the first job's result, in seconds.
    pub(crate) cold_start: f64,
    /// MB held when that is done.
    pub(crate) memory: f64,
    /// From a job's submission to its result at a worker that waits, in milliseconds.
    pub(crate) answer: f64,
    /// The same to a stream's first item.
    pub(crate) first_item: f64,
    /// Jobs that do nothing, one at a time, in a second.
    pub(crate) jobs_a_second: f64,
    /// 300 jobs of 50 to 900 ms, ten at once, in seconds.
    pub(crate) mixed: f64,
    /// From SIGTERM to the end of a worker that waits for jobs, in seconds.
    pub(crate) end: f64,
}

const COLD_STARTS: usize = 5;
const ANSWERS: usize = 15;
const MIXED: u64 = 300;

/// What the mixed jobs take on ten slots that are never idle, about: the sum of their times over ten.
pub(crate) fn mixed_at_best() -> f64 {
    let sum: u64 = (0..MIXED).map(mixed).sum();
    Duration::from_millis(sum).as_secs_f64() / 10.0
}

fn mixed(number: u64) -> u64 {
    50 + (number * 397) % 851
}

impl Figures {
    pub(crate) async fn of(peer: &Peer) -> Outcome<Self> {
        let mut cold_starts = Vec::new();
        let mut ends = Vec::new();
        let mut memory = Vec::new();
        for _ in 0..COLD_STARTS {
            let desk = Desk::open().await?;
            // Started while the job waits already, as on the platform.
            let (worker, result) =
                tokio::join!(async { desk.start(peer, "value", 1) }, desk.result(0));
            let worker = worker?;
            result?;
            cold_starts.push(worker.begun.elapsed());
            memory.push(worker.memory()?);
            ends.push(worker.end().await?);
            desk.close().await;
        }
        memory.sort_by(f64::total_cmp);
        Ok(Self {
            cold_start: median(cold_starts).as_secs_f64(),
            memory: memory[memory.len() / 2],
            answer: milliseconds(answers(peer).await?),
            first_item: milliseconds(first_items(peer).await?),
            jobs_a_second: jobs_a_second(peer).await?,
            mixed: ten_at_once(peer).await?.as_secs_f64(),
            end: median(ends).as_secs_f64(),
        })
    }
}

async fn answers(peer: &Peer) -> Outcome<Duration> {
    let desk = Desk::open().await?;
    let worker = desk.start(peer, "value", 1)?;
    desk.result(0).await?;
    let mut answers = Vec::new();
    for _ in 0..ANSWERS {
        answers.push(desk.result(0).await?);
    }
    worker.end().await?;
    desk.close().await;
    Ok(median(answers))
}

async fn first_items(peer: &Peer) -> Outcome<Duration> {
    let desk = Desk::open().await?;
    let worker = desk.start(peer, "stream", 1)?;
    desk.first_item().await?;
    let mut items = Vec::new();
    for _ in 0..ANSWERS {
        items.push(desk.first_item().await?);
    }
    worker.end().await?;
    desk.close().await;
    Ok(median(items))
}

/// For about ten seconds.
async fn jobs_a_second(peer: &Peer) -> Outcome<f64> {
    let jobs = match peer {
        Peer::Ours => 10_000_u32,
        Peer::Sdk(_) => 10,
    };
    let desk = Desk::open().await?;
    let worker = desk.start(peer, "value", 1)?;
    desk.result(0).await?;
    for _ in 0..jobs {
        desk.submit(0).await?;
    }
    // The queue was filled while the worker was at it: what counts is a queue that is never empty.
    let (begun, before) = (Instant::now(), desk.completed().await?);
    let all = u64::from(jobs) + 1;
    let took = desk.until_completed(all, begun).await?;
    worker.end().await?;
    desk.close().await;
    let counted = u32::try_from(all - before).unwrap_or(u32::MAX);
    Ok(f64::from(counted) / took.as_secs_f64())
}

async fn ten_at_once(peer: &Peer) -> Outcome<Duration> {
    let desk = Desk::open().await?;
    let worker = desk.start(peer, "value", 10)?;
    desk.result(0).await?;
    let begun = Instant::now();
    for number in 0..MIXED {
        desk.submit(mixed(number)).await?;
    }
    let took = desk.until_completed(MIXED + 1, begun).await?;
    worker.end().await?;
    desk.close().await;
    Ok(took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
