//! Runs one rule in one scenario.

use std::collections::VecDeque;
use std::time::Duration;

use super::rules::Rule;
use super::scenario::{LENGTH, Part, Scenario};
use crate::latency::Latency;
use crate::traffic::exponential;

/// The time of a job-take request.
const TAKE: f64 = 0.03;
/// The most jobs in the answer to a job-take request.
const MOST_IN_A_TAKE: usize = 16;
/// The second half of a run is its steady state.
const STEADY: f64 = 0.5;

#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Jobs per second in the steady state.
    pub(crate) throughput: f64,
    /// The time from the arrival of a job, or from its start if jobs are always waiting, until its end.
    pub(crate) latency: Latency,
    /// The limit after each change, with the time of the change.
    pub(crate) limits: Vec<(f64, usize)>,
}

impl Outcome {
    /// Returns how often the limit has changed per 1000 jobs in the steady state.
    pub(crate) fn changes_per_1000_jobs(&self) -> f64 {
        let length = LENGTH.as_secs_f64();
        let from = length * STEADY;
        let changes = self.limits.iter().filter(|it| it.0 >= from).count();
        1000.0 * changes as f64 / (self.throughput * length * (1.0 - STEADY))
    }

    /// Returns the limit that was in use longest in the steady state.
    pub(crate) fn usual_limit(&self) -> usize {
        let length = LENGTH.as_secs_f64();
        let from = length * STEADY;
        let mut times = std::collections::BTreeMap::<usize, f64>::new();
        let ends = self.limits.iter().skip(1).map(|it| it.0).chain([length]);
        for ((begin, limit), end) in self.limits.iter().zip(ends) {
            *times.entry(*limit).or_default() += (end - begin.max(from)).max(0.0);
        }
        let longest = times.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        longest.map_or(0, |it| it.0)
    }

    /// Returns when the limit was at least this high for the first time.
    pub(crate) fn reached(&self, limit: usize) -> Option<f64> {
        self.limits.iter().find(|it| it.1 >= limit).map(|it| it.0)
    }
}

struct Running {
    number: usize,
    arrived: f64,
    /// The work that is left, in seconds.
    left: f64,
}

struct Run<'a> {
    rule: &'a mut dyn Rule,
    scenario: &'a Scenario,
    random: fastrand::Rng,
    arrivals: fastrand::Rng,
    now: f64,
    /// When the next job arrives, if jobs are not always waiting.
    next_arrival: f64,
    queue: VecDeque<f64>,
    running: Vec<Running>,
    /// The jobs so far.
    jobs: usize,
    /// When the job-take request is answered, and how many jobs it asks for.
    take: Option<(f64, usize)>,
    latencies: Vec<Duration>,
    limits: Vec<(f64, usize)>,
}

pub(crate) fn run(scenario: &Scenario, seed: u64, rule: &mut dyn Rule) -> Outcome {
    let mut run = Run {
        rule,
        scenario,
        random: fastrand::Rng::with_seed(seed),
        arrivals: fastrand::Rng::with_seed(seed + 1),
        now: 0.0,
        next_arrival: 0.0,
        queue: VecDeque::new(),
        running: Vec::new(),
        jobs: 0,
        take: None,
        latencies: Vec::new(),
        limits: Vec::new(),
    };
    let length = LENGTH.as_secs_f64();
    while run.now < length {
        run.step();
    }
    let throughput = run.latencies.len() as f64 / (length * (1.0 - STEADY));
    Outcome {
        throughput,
        latency: Latency::of(run.latencies),
        limits: run.limits,
    }
}

impl Run<'_> {
    fn part(&self) -> Part {
        let now = duration(self.now);
        let parts = &self.scenario.parts;
        *parts
            .iter()
            .find(|it| now < it.until)
            .unwrap_or_else(|| parts.last().expect("a scenario has a part"))
    }

    /// Goes to the next event.
    fn step(&mut self) {
        let part = self.part();
        let speed = part.machine.speed(self.running.len());
        self.ask();
        let least = self.running.iter().map(|it| it.left).min_by(f64::total_cmp);
        let end = least.map(|left| self.now + left / speed);
        let answer = self.take.map(|it| it.0);
        let arrival = part.rate.map(|_| self.next_arrival.max(self.now));
        let change = part.until.as_secs_f64();
        let next = [end, answer, arrival, Some(change)]
            .into_iter()
            .flatten()
            .min_by(f64::total_cmp)
            .expect("the part ends");
        for job in &mut self.running {
            job.left -= (next - self.now) * speed;
        }
        self.now = next;
        if arrival.is_some_and(|at| at <= next) {
            let rate = part.rate.expect("jobs arrive");
            self.queue.push_back(next);
            self.next_arrival = next + exponential(&mut self.arrivals) / rate;
        }
        if end.is_some_and(|at| at <= next) {
            self.finish();
        }
        self.answer(part.rate.is_none());
    }

    /// Sends a job-take request if none is on its way and slots are free.
    fn ask(&mut self) {
        if self.take.is_some() {
            return;
        }
        let limit = self.rule.limit(duration(self.now));
        if self.limits.last().is_none_or(|last| last.1 != limit) {
            self.limits.push((self.now, limit));
        }
        let free = limit.saturating_sub(self.running.len());
        if free > 0 {
            self.take = Some((self.now + TAKE, free.min(MOST_IN_A_TAKE)));
        }
    }

    fn answer(&mut self, always: bool) {
        let Some((_, free)) = self.take.filter(|it| it.0 <= self.now) else {
            return;
        };
        // A request waits until there is a job.
        if self.queue.is_empty() && !always {
            let at = self.next_arrival.max(self.now + 1e-6);
            self.take = Some((at, free));
            return;
        }
        self.take = None;
        for _ in 0..free {
            let arrived = match self.queue.pop_front() {
                Some(arrived) => arrived,
                None if always => self.now,
                None => break,
            };
            let number = self.jobs;
            self.jobs += 1;
            self.running.push(Running {
                number,
                arrived,
                left: self.scenario.lengths.next(&mut self.random),
            });
            self.rule
                .started(number, self.running.len(), duration(self.now));
        }
    }

    fn finish(&mut self) {
        while let Some(index) = self.running.iter().position(|it| it.left <= 1e-9) {
            let job = self.running.swap_remove(index);
            if self.now >= LENGTH.as_secs_f64() * STEADY {
                self.latencies.push(duration(self.now - job.arrived));
            }
            self.rule
                .finished(job.number, self.running.len(), duration(self.now));
        }
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
