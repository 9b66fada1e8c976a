//! Learns the cost of a call: a fixed part, and a part for each job.

use std::time::Duration;

/// The classes of sizes: 1, 2, 3 to 4, 5 to 8, and so on. Weights are large, so there are many.
const CLASSES: usize = usize::BITS as usize + 1;
/// A class counts like at most this many calls.
const MOST_CALLS: f64 = 16.0;
/// The share of a class that remains after each call. A class that has not been seen for about 1500 calls is forgotten.
const REMAINS: f64 = 0.998;
const FORGOTTEN: f64 = 0.05;
/// The calls before the first estimate.
const FIRST_CALLS: u32 = 3;
/// The share of the fixed part, as long as all calls have had about the same size. The guess is high enough to try
/// larger calls, which then show the real share.
const FIRST_GUESS: f64 = 0.5;

/// The mean duration of calls for each class of sizes, and the line through these means.
///
/// A size is the number of jobs, or their total weight if the jobs are weighed. Recent calls count more, so the
/// estimate follows a model that becomes slower. A class remembers its calls even while all calls have another size.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    calls: u32,
    classes: [Class; CLASSES],
}

#[derive(Debug, Clone, Copy)]
struct Class {
    calls: f64,
    size: f64,
    seconds: f64,
}

/// The estimated duration of a call: `fixed + each * size`, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) fixed: f64,
    pub(crate) each: f64,
}

impl Default for Cost {
    fn default() -> Self {
        let unseen = Class {
            calls: 0.0,
            size: 0.0,
            seconds: 0.0,
        };
        Self {
            calls: 0,
            classes: [unseen; CLASSES],
        }
    }
}

impl Cost {
    /// Adds the duration of a call.
    pub(crate) fn measure(&mut self, size: usize, took: Duration) {
        self.calls = self.calls.saturating_add(1);
        // The first call often loads or compiles something, and would distort the estimate for a long time.
        if self.calls == 1 {
            return;
        }
        for class in &mut self.classes {
            class.calls *= REMAINS;
        }
        let index = (usize::BITS - size.saturating_sub(1).leading_zeros()) as usize;
        let class = &mut self.classes[index];
        class.calls = (class.calls + 1.0).min(MOST_CALLS);
        let share = 1.0 / class.calls.max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let size = size as f64;
        class.size += (size - class.size) * share;
        class.seconds += (took.as_secs_f64() - class.seconds) * share;
    }

    /// Returns the estimate, unless it is too early.
    pub(crate) fn line(&self) -> Option<Line> {
        if self.calls <= FIRST_CALLS {
            return None;
        }
        let known = || self.classes.iter().filter(|it| it.calls > FORGOTTEN);
        let calls: f64 = known().map(|it| it.calls).sum();
        let mean = |of: fn(&Class) -> f64| known().map(|it| it.calls * of(it)).sum::<f64>() / calls;
        let (size, seconds) = (mean(|it| it.size), mean(|it| it.seconds));
        if size <= 0.0 || seconds <= 0.0 {
            return None;
        }
        let variance = mean(|it| it.size * it.size) - size * size;
        let covariance = mean(|it| it.size * it.seconds) - size * seconds;
        let each = if known().count() < 2 || variance <= 0.0 {
            (1.0 - FIRST_GUESS) * seconds / size
        } else {
            (covariance / variance).clamp(0.0, seconds / size)
        };
        let fixed = (seconds - each * size).max(0.0);
        Some(Line { fixed, each })
    }
}
