//! Tries limits, and keeps the best one.

use std::time::Duration;

use super::bounds::Bounds;
use super::comparison::{Comparison, Seen, slower};
use super::measurement::{Begin, Measurement, Outcome};
use super::sample::{Sample, float};
use super::step::{Direction, Size, Step};

/// The number of jobs in a sample before the first decision.
const FEWEST_JOBS: usize = 8;
/// The number of jobs in a sample after which the decision is made in any case.
const MOST_JOBS: usize = 256;
/// The largest standard error of a sample on which a decision is based.
const PRECISE: f64 = 0.2;
/// The rounds for which the limit stays as it is after the first trials. A round has [`ROUND`] jobs for each slot.
const FIRST_HOLD: u32 = 16;
/// Each time that a trial has changed nothing, the next pause has twice as many rounds, up to this number.
const LONGEST_HOLD: u32 = 256;
const ROUND: usize = 2;
/// If the durations of jobs differ by this share of their mean, all steps are large.
const LARGE_SPREAD: f64 = 1.0;
/// If jobs become slower or faster by this factor, a trial starts early.
const DIFFERS: f64 = 1.3;
/// A trial is given up if its jobs take longer than the old limit's by this factor, beyond the ratio of the limits.
const OVERLOADED: f64 = 1.5;

/// A change of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) why: &'static str,
}

/// Chooses the limit from what it observes.
#[derive(Debug, Clone)]
pub(crate) struct Controller {
    bounds: Bounds,
    limit: usize,
    phase: Phase,
    measured: Measurement,
    /// The number of jobs in the sample at which the next decision is made.
    decide_at: usize,
    /// The rounds of the next pause.
    hold: u32,
    tried_down: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The limit stays as it is for some rounds. `seen` is the sample at this limit.
    Hold { rounds: u32, seen: Option<Sample> },
    /// Another limit is tried.
    Trial {
        step: Step,
        from: usize,
        before: Sample,
    },
}

impl Controller {
    /// Starts at the lowest limit.
    pub(crate) fn new(bounds: Bounds) -> Self {
        let mut new = Self {
            bounds,
            limit: bounds.min,
            // The first trial starts after the first round.
            phase: Phase::Hold {
                rounds: 1,
                seen: None,
            },
            measured: Measurement::default(),
            decide_at: 0,
            hold: FIRST_HOLD,
            tried_down: true,
        };
        new.start_sample(true);
        new
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns the beginning of a job that gets its slot now.
    pub(crate) fn begins(&mut self, now: Duration) -> Begin {
        self.measured.begins(now)
    }

    /// Records that this many slots are in use from now on. Also call this regularly while nothing happens, so that the
    /// controller notices jobs that do not finish.
    pub(crate) fn observe(&mut self, in_use: usize, now: Duration) -> Option<Change> {
        self.measured.observe(in_use, now);
        let from = self.limit;
        self.check_overload().map(|why| self.changed(from, why))
    }

    /// Records that a job has ended. Its slot is still in use, until the next call of [`observe`](Self::observe).
    pub(crate) fn finished(
        &mut self,
        begin: Begin,
        outcome: Outcome,
        now: Duration,
    ) -> Option<Change> {
        self.measured.finished(begin, outcome, now);
        if outcome == Outcome::Unknown {
            return None;
        }
        let from = self.limit;
        let why = self.check_overload().or_else(|| self.decide());
        why.map(|why| self.changed(from, why))
    }

    fn changed(&self, from: usize, why: &'static str) -> Change {
        let to = self.limit;
        Change { from, to, why }
    }

    fn start_sample(&mut self, settle: bool) {
        self.measured.start(self.limit);
        if settle {
            self.measured.settle();
        }
        self.decide_at = self.jobs_in_round();
    }

    /// Returns the number of jobs in a round. It is a multiple of the limit, because jobs that started together also
    /// finish together.
    fn jobs_in_round(&self) -> usize {
        let jobs = FEWEST_JOBS.max(ROUND.saturating_mul(self.limit));
        jobs.div_ceil(self.limit).saturating_mul(self.limit)
    }

    /// Returns the size of the smallest useful step. If the durations of jobs are very different, the effect of a small
    /// step cannot be seen.
    fn small(&self) -> Size {
        if self.measured.spread.relative() > LARGE_SPREAD {
            Size::Large
        } else {
            Size::Small
        }
    }

    /// Decides if the sample has enough jobs. Returns the reason if the limit has changed.
    fn decide(&mut self) -> Option<&'static str> {
        if self.measured.sample.successes() < self.decide_at {
            return None;
        }
        let is_last = self.decide_at >= MOST_JOBS;
        self.decide_at += self.limit;
        let spread = self.measured.spread.relative();
        if !is_last && self.measured.sample.error(spread) > PRECISE {
            return None;
        }
        match self.phase {
            Phase::Hold { rounds, seen } => self.after_round(rounds, seen, spread),
            Phase::Trial { step, before, from } => {
                let seen = |limit, sample| Seen { limit, sample };
                let better = Comparison::of(
                    seen(self.limit, &self.measured.sample),
                    seen(from, &before),
                    spread,
                    is_last,
                );
                match (better, step.direction) {
                    (Comparison::Open, _) => None,
                    (Comparison::Higher, Direction::Up) | (Comparison::Lower, Direction::Down) => {
                        self.accepted(step, &before)
                    }
                    _ => {
                        // A trial that was not clear is repeated sooner.
                        let pause = if is_last { self.hold } else { self.hold * 2 };
                        Some(self.refused(step, from, before, pause))
                    }
                }
            }
        }
    }

    /// Compares a round with the earlier ones at this limit. Starts a trial if the jobs have changed, or if the pause is
    /// over.
    fn after_round(
        &mut self,
        rounds: u32,
        seen: Option<Sample>,
        spread: f64,
    ) -> Option<&'static str> {
        let round = self.measured.sample;
        let changed = seen.map_or(1.0, |seen| slower(&round, &seen, spread));
        let step = if changed >= DIFFERS {
            Some((Step::down(Size::Large), "jobs have become slower"))
        } else if changed <= 1.0 / DIFFERS {
            Some((Step::up(self.small()), "jobs have become faster"))
        } else {
            None
        };
        if let Some((step, why)) = step {
            self.hold = FIRST_HOLD;
            self.tried_down = step.direction == Direction::Down;
            if self.try_step(step, round) {
                return Some(why);
            }
        }
        let mut all = round;
        if let Some(mut seen) = seen.filter(|_| step.is_none()) {
            seen.extend(&round);
            all = seen;
        }
        let passed = round.successes() / self.jobs_in_round();
        let rounds = rounds.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
        if rounds > 0 {
            self.phase = Phase::Hold {
                rounds,
                seen: Some(all),
            };
            self.start_sample(false);
            return None;
        }
        // The very first trials go up quickly, and later ones explore the neighbourhood.
        let size = match seen {
            None => Size::Large,
            Some(_) => self.small(),
        };
        self.tried_down = false;
        if self.try_step(Step::up(size), all) {
            return Some("all slots are in use: trying more");
        }
        if self.try_step(Step::down(self.small()), all) {
            return Some("trying fewer");
        }
        self.pause(Some(all));
        None
    }

    fn accepted(&mut self, step: Step, before: &Sample) -> Option<&'static str> {
        let mut seen = self.measured.sample;
        if step.direction == Direction::Up && seen.seconds_per_job() < before.seconds_per_job() {
            // More jobs at once cannot make jobs faster, so the difference is chance.
            seen.join(before);
        }
        self.hold = FIRST_HOLD;
        if step.size == Size::Large {
            // The right limit may be lower.
            self.tried_down = step.direction == Direction::Down;
        }
        if self.try_step(step, seen) {
            return Some(match step.direction {
                Direction::Up => "the throughput has grown: trying more",
                Direction::Down => "the throughput has not fallen: trying fewer",
            });
        }
        self.pause(Some(seen));
        None
    }

    /// Returns to the limit before the trial, and starts the next trial or a pause.
    fn refused(&mut self, step: Step, from: usize, before: Sample, pause: u32) -> &'static str {
        let tried = self.limit;
        self.limit = from;
        let size = self.small();
        let next = if step.size != size {
            let direction = step.direction;
            Some(Step { direction, size })
        } else if step.direction == Direction::Up && !self.tried_down {
            Some(Step::down(size))
        } else {
            None
        };
        // A small step from a low limit is as large as a large one.
        let next = next.filter(|next| next.from(from, self.bounds) != Some(tried));
        if !next.is_some_and(|next| self.try_step(next, before)) {
            self.hold = pause.min(LONGEST_HOLD);
            self.pause(Some(before));
            self.measured.settle();
        }
        match step.direction {
            Direction::Up => "more jobs at once have not increased the throughput enough",
            Direction::Down => "fewer jobs at once have reduced the throughput",
        }
    }

    fn pause(&mut self, seen: Option<Sample>) {
        self.phase = Phase::Hold {
            rounds: self.hold,
            seen,
        };
        self.start_sample(false);
    }

    /// Starts a trial. Returns false if the bounds do not allow it.
    fn try_step(&mut self, step: Step, before: Sample) -> bool {
        let Some(limit) = step.from(self.limit, self.bounds) else {
            return false;
        };
        if step.direction == Direction::Down {
            self.tried_down = true;
        }
        self.phase = Phase::Trial {
            step,
            from: self.limit,
            before,
        };
        self.limit = limit;
        self.start_sample(true);
        true
    }

    /// Gives up a trial early if the jobs hardly finish or fail, and tries fewer jobs if this happens during a pause.
    fn check_overload(&mut self) -> Option<&'static str> {
        match self.phase {
            Phase::Trial { step, from, before } if step.direction == Direction::Up => {
                let ratio = float(self.limit) / float(from);
                if !self.is_overloaded(&before, ratio) {
                    return None;
                }
                // Such a trial hurts, so the next one comes late.
                self.refused(step, from, before, self.hold * 4);
                Some("jobs hardly finish or fail with more of them at once")
            }
            Phase::Hold {
                seen: Some(seen), ..
            } if self.is_overloaded(&seen, 2.0) => {
                let now = self.measured.all;
                self.hold = FIRST_HOLD;
                // At the lowest limit, nothing can be done.
                self.measured.all = Sample::default();
                self.try_step(Step::down(Size::Large), now)
                    .then_some("jobs hardly finish or fail")
            }
            _ => None,
        }
    }

    fn is_overloaded(&self, before: &Sample, ratio: f64) -> bool {
        let (jobs, failures) = (self.measured.all.jobs(), self.measured.all.failures());
        let generation = float(self.limit);
        let jobs_at_least = jobs + generation;
        // Several long jobs may run at once by chance.
        let chance = 1.0 + 2.0 * self.measured.spread.relative() / jobs_at_least.sqrt();
        let allowed = OVERLOADED * ratio * chance * before.seconds_per_job() * jobs_at_least;
        let expected = before.failed_share() * (jobs + failures);
        let fails = failures > expected + 2.0 * expected.sqrt() + 2.0;
        fails || self.measured.all.slot_seconds() > allowed
    }
}
