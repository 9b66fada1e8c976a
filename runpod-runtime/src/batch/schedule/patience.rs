//! Decides whether waiting for more jobs pays while a call could start.
//!
//! A call takes `fixed + each * size`. If it starts now, the jobs that arrive a little later must wait for its end, and
//! then pay a fixed part of their own. If it waits for them, each of these jobs saves the fixed part less the wait, but
//! every waiting job finishes later, by the wait and by the parts of the new jobs:
//!
//! ```text
//! saved = coming * (fixed - wait)        lost = waiting * (wait + each * coming)
//! ```
//!
//! Waiting pays if more is saved than lost. The time that the jobs have lost so far counts too, so the losses of wrong
//! estimates do not add up.

use std::time::Duration;

use super::after_calls::AfterCalls;
use super::arrivals::Arrivals;
use super::cost::{Cost, Line};

/// How many mean gaps to wait for the next job. If it has not arrived by then, the estimate was wrong.
const GAPS: f64 = 2.0;

/// If this many times as many jobs arrive shortly after a call as at other times, clients wait for their results.
const CONCENTRATED: f64 = 2.0;

/// The situation when a call could start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) waiting: usize,
    /// How long the waiting jobs have waited while a call could start, in seconds and in total.
    pub(super) spent: f64,
    /// For how many seconds the oldest job has waited while a call could start.
    pub(super) idle: f64,
    pub(super) now: Duration,
}

/// Returns until when to wait for more jobs. `None` means that a call should start now.
pub(super) fn wait_until(
    cost: &Cost,
    arrivals: &Arrivals,
    after_calls: &AfterCalls,
    situation: Situation,
) -> Option<Duration> {
    let line = cost.line()?;
    let rule = Rule {
        line,
        each: line.each * arrivals.size(),
        situation,
    };
    rule.returning_clients(arrivals, after_calls)
        .or_else(|| rule.next_job(arrivals))
}

struct Rule {
    line: Line,
    /// The cost of one more job of the mean size.
    each: f64,
    situation: Situation,
}

impl Rule {
    /// Returns how much is saved by waiting for `wait` seconds, in which `coming` jobs arrive.
    fn gain(&self, wait: f64, coming: f64) -> f64 {
        let lost = self.waiting() * self.each.mul_add(coming, wait) + self.situation.spent;
        coming.mul_add(self.line.fixed - wait, -lost)
    }

    /// Waits for clients that submit their next job when the last call has finished.
    ///
    /// Without a wait, such clients split into two groups: while the jobs of one group run, those of the other group
    /// wait, and this continues forever. Every cycle then costs two fixed parts instead of one. So a wait for all
    /// clients pays, however many jobs wait, if it is shorter than the fixed part. A wait for some clients pays in
    /// proportion.
    fn returning_clients(&self, arrivals: &Arrivals, after_calls: &AfterCalls) -> Option<Duration> {
        let gap = arrivals.gap()?;
        let already = self.situation.idle;
        let expected = after_calls.expected(self.situation.now);
        let (wait, gain) = expected
            .filter(|it| it.arrivals * gap >= CONCENTRATED * it.since_call)
            .map(|it| {
                (
                    it.wait,
                    self.line.fixed.mul_add(it.share, -(it.wait + already)),
                )
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        (gain > 0.0).then(|| self.after(wait))?
    }

    /// Waits for the next job, if jobs arrive at a constant rate.
    fn next_job(&self, arrivals: &Arrivals) -> Option<Duration> {
        let gap = arrivals.gap()?;
        let gain = self.gain(gap, 1.0);
        if gain <= 0.0 {
            return None;
        }
        let nothing_left = self.after(gain / self.waiting())?;
        let overdue = arrivals.last().saturating_add(seconds(GAPS * gap)?);
        Some(nothing_left.min(overdue))
    }

    fn after(&self, wait: f64) -> Option<Duration> {
        Some(self.situation.now.saturating_add(seconds(wait)?))
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn waiting(&self) -> f64 {
        self.situation.waiting as f64
    }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
