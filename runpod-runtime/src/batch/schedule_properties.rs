//! What the schedule guarantees, whatever happens, and whenever it happens.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::schedule::{Batch, Key, Limits, Next, Schedule};

/// Something that happens some time after the previous event.
#[derive(Debug, Clone)]
enum Event {
    Push {
        weight: usize,
    },
    Announce,
    Arrived,
    /// Cancels one of the jobs that were pushed.
    Cancel {
        index: usize,
    },
    /// Ends one of the running calls, which may have failed.
    Finish {
        index: usize,
        failed: bool,
    },
    /// Nothing but time.
    Pass,
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        6 => (0_usize..12).prop_map(|weight| Event::Push { weight }),
        1 => Just(Event::Announce),
        1 => Just(Event::Arrived),
        1 => any::<usize>().prop_map(|index| Event::Cancel { index }),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(index, failed)| Event::Finish { index, failed }),
        1 => Just(Event::Pass),
    ];
    prop::collection::vec((0_u64..30, event), 1..300)
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        0_usize..6,
        prop::option::of(1_usize..20),
        0_u64..40,
        0_usize..4,
    )
        .prop_map(
            |(max_batch_size, max_weight, wait, concurrent_batches)| Limits {
                max_batch_size,
                max_weight,
                max_wait: Duration::from_millis(wait),
                concurrent_batches,
            },
        )
}

#[derive(Debug, Clone, Copy)]
struct Job {
    number: usize,
    weight: usize,
    since: Duration,
}

struct Run {
    limits: Limits,
    schedule: Schedule<Job>,
    /// The jobs that wait, with their keys.
    waiting: Vec<(Key, Job)>,
    running: Vec<Batch<Job>>,
    called: BTreeSet<usize>,
    cancelled: BTreeSet<usize>,
    now: Duration,
    /// Since when a call could start.
    free_since: Duration,
    wake: Option<Duration>,
}

impl Run {
    fn advance(&mut self, to: Duration) {
        while let Some(wake) = self.wake.filter(|wake| *wake <= to) {
            self.now = wake;
            self.poll();
        }
        self.now = to;
    }

    fn poll(&mut self) {
        loop {
            self.wake = None;
            match self.schedule.poll(self.now) {
                Next::Dispatch(batch) => self.check(batch),
                Next::WaitUntil(at) => {
                    assert!(at > self.now, "the schedule asks again without progress");
                    self.wake = Some(at);
                    break;
                }
                Next::Nothing => break,
            }
        }
        let free = self.running.len() < self.limits.concurrent_batches.max(1);
        if let Some((_, oldest)) = self.waiting.first().filter(|_| free) {
            let since = oldest.since.max(self.free_since);
            let waited = self.now.saturating_sub(since);
            assert!(
                waited < self.limits.max_wait,
                "a job waits while a call could start"
            );
        }
    }

    fn check(&mut self, batch: Batch<Job>) {
        assert!(!batch.jobs.is_empty());
        assert!(batch.jobs.len() <= self.limits.max_batch_size.max(1));
        let weight: usize = batch.jobs.iter().map(|it| it.weight).sum();
        assert!(self.limits.max_weight.is_none_or(|most| weight <= most));
        for job in &batch.jobs {
            // The batch consists of the jobs that have waited longest, in their order.
            assert_eq!(self.waiting.remove(0).1.number, job.number);
            assert!(!self.cancelled.contains(&job.number));
            assert!(self.called.insert(job.number), "a job is called twice");
        }
        self.running.push(batch);
        assert!(self.running.len() <= self.limits.concurrent_batches.max(1));
    }

    fn finish(&mut self, index: usize, failed: bool) {
        if self.running.is_empty() {
            return;
        }
        if self.running.len() == self.limits.concurrent_batches.max(1) {
            self.free_since = self.now;
        }
        let batch = self.running.swap_remove(index % self.running.len());
        if failed {
            self.schedule.failed(&batch.call, self.now);
        } else {
            self.schedule.finished(&batch.call, self.now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn limits_and_order_hold_and_every_job_is_called_once_or_cancelled(
        limits in limits(),
        events in events(),
    ) {
        let mut run = Run {
            limits,
            schedule: Schedule::new(limits),
            waiting: Vec::new(),
            running: Vec::new(),
            called: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            now: Duration::ZERO,
            free_since: Duration::ZERO,
            wake: None,
        };
        let (mut pushed, mut announced) = (0, 0_usize);
        for (pause, event) in events {
            run.advance(run.now + Duration::from_millis(pause));
            match event {
                Event::Push { weight } => {
                    let job = Job { number: pushed, weight, since: run.now };
                    if let Ok(key) = run.schedule.push(job, weight, run.now) {
                        run.waiting.push((key, job));
                        pushed += 1;
                    } else {
                        prop_assert!(limits.max_weight.is_some_and(|most| weight > most));
                    }
                }
                Event::Announce => {
                    run.schedule.announce();
                    announced += 1;
                }
                Event::Arrived if announced > 0 => {
                    run.schedule.arrived_or_left();
                    announced -= 1;
                }
                Event::Cancel { index } if !run.waiting.is_empty() => {
                    let (key, job) = run.waiting.remove(index % run.waiting.len());
                    prop_assert_eq!(run.schedule.remove(key).map(|it| it.number), Some(job.number));
                    run.cancelled.insert(job.number);
                }
                Event::Finish { index, failed } => run.finish(index, failed),
                _ => {}
            }
            run.poll();
        }
        // At the end, everything that waits gets its call.
        while !run.waiting.is_empty() || !run.running.is_empty() {
            run.finish(0, false);
            run.poll();
            if let Some(wake) = run.wake {
                run.advance(wake);
            }
        }
        prop_assert_eq!(run.called.len() + run.cancelled.len(), pushed);
    }
}
