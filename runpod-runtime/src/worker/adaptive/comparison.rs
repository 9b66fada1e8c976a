//! Compares what was seen at two limits.

use super::sample::{Sample, float};

/// A higher limit is worth its latency if it gains at least this share of the ideal gain. The ideal gain is that of
/// jobs that do not slow each other down.
const WORTH: f64 = 1.0 / 3.0;
/// A limit that is in use is kept if it gains at least this share of the ideal gain over a lower limit. This share is
/// lower than [`WORTH`], so that a limit near the border does not go up and down forever.
const STILL_WORTH: f64 = 0.2;
/// Two limits can be compared only if the numbers of jobs that really ran at once differ by at least this share of the
/// difference between the limits.
const USED: f64 = 0.5;
/// The number of standard errors by which a result must differ from the border.
const CONFIDENCE: f64 = 1.5;

/// The same number for the last decision, which cannot wait for more jobs.
const LAST_CONFIDENCE: f64 = 0.5;

/// Which of two limits is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Higher,
    Lower,
    /// More jobs are needed to decide.
    Open,
}

/// A limit, and what was seen at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) limit: usize,
    pub(crate) sample: &'a Sample,
}

impl Comparison {
    /// Compares a limit that was tried with the one that was in use before. `spread` is that of the jobs' durations. If
    /// `is_last` is true, the result is never `Open`.
    pub(crate) fn of(tried: Seen<'_>, before: Seen<'_>, spread: f64, is_last: bool) -> Self {
        let (low, high, worth) = if tried.limit > before.limit {
            (before, tried, WORTH)
        } else {
            (tried, before, STILL_WORTH)
        };
        let gain = (high.sample.throughput() / low.sample.throughput()).ln();
        let ideal = (high.sample.at_once() / low.sample.at_once()).ln();
        let error = low.sample.error(spread).hypot(high.sample.error(spread));
        let is_used = ideal >= USED * (float(high.limit) / float(low.limit)).ln();
        let over = gain - worth * ideal;
        let enough = if is_last { LAST_CONFIDENCE } else { CONFIDENCE } * error;
        if is_used && over > enough {
            Self::Higher
        } else if is_last || (is_used && over < -enough) {
            Self::Lower
        } else {
            Self::Open
        }
    }
}

/// Returns the factor by which jobs have become slower at the same limit. It is 1 if the difference may be random.
pub(crate) fn slower(now: &Sample, before: &Sample, spread: f64) -> f64 {
    /// Many samples are compared, and few of them may differ by chance.
    const CONFIDENCE: f64 = 3.0;
    let change = (now.seconds_per_job() / before.seconds_per_job()).ln();
    let error = now.error(spread).hypot(before.error(spread));
    if change.abs() > CONFIDENCE * error {
        change.exp()
    } else {
        1.0
    }
}
