//! Decides how long it pays to wait for one more job while a call could start.

use std::time::Duration;

use super::arrivals::Arrivals;
use super::cost::Cost;

/// How many mean gaps to wait for the next job. If none has arrived by then, the estimate was wrong.
const GAPS: f64 = 2.0;

/// Returns until when to wait for one more job, given that `waiting` jobs have waited for `spent` seconds in total.
/// `None` means that a call should start now.
///
/// A call takes `fixed + each * size`. If it starts now, the next job arrives after a gap and must wait for the rest
/// of this call, and then pays a fixed part of its own. If the call waits for that job, the job saves the fixed part
/// less the gap, but every waiting job finishes later, by the gap and by the new job's own part:
///
/// ```text
/// saved = fixed - gap        lost = waiting * (gap + each)
/// ```
///
/// Waiting pays if more is saved than lost. What the jobs have lost so far counts too. So jobs never lose more than
/// one fixed part in total, even if the estimates are wrong.
pub(super) fn wait_until(
    cost: &Cost,
    arrivals: &Arrivals,
    waiting: usize,
    spent: f64,
    now: Duration,
) -> Option<Duration> {
    let (line, gap) = (cost.line()?, arrivals.gap()?);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let waiting = waiting as f64;
    let lost = waiting.mul_add(line.each.mul_add(arrivals.size(), gap), spent);
    let saved = line.fixed - gap;
    if saved <= lost {
        return None;
    }
    let nothing_left = now.saturating_add(seconds((saved - lost) / waiting)?);
    let overdue = arrivals.last().saturating_add(seconds(GAPS * gap)?);
    Some(nothing_left.min(overdue))
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
