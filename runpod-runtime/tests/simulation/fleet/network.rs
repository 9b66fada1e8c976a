//! The way between a worker and the platform, and its faults.

use super::demand::normal;
use super::events::{PostAnswer, Time, secs};

#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    /// The median time of one direction in seconds.
    pub(super) one_way: f64,
    pub(super) sigma: f64,
    /// The share of messages that take 20 times as long.
    pub(super) late: f64,
    /// The share of posts that are answered with 503.
    pub(super) refused: f64,
    /// The share of posts whose connection breaks.
    pub(super) reset: f64,
    /// The platform answers every request with 503 between these times, in seconds.
    pub(super) outage: (f64, f64),
}

impl Network {
    pub(super) const GOOD: Self = Self {
        one_way: 0.015,
        sigma: 0.4,
        late: 0.001,
        refused: 0.0,
        reset: 0.0,
        outage: (0.0, 0.0),
    };

    pub(super) fn one_way(&self, random: &mut fastrand::Rng) -> Time {
        let factor = if random.f64() < self.late { 20.0 } else { 1.0 };
        secs(self.one_way * factor * (self.sigma * normal(random)).exp())
    }

    pub(super) fn is_out(&self, now: Time) -> bool {
        (secs(self.outage.0)..secs(self.outage.1)).contains(&now)
    }

    /// Returns the fault of a post that arrives now, if it has one.
    pub(super) fn fault(&self, now: Time, random: &mut fastrand::Rng) -> Option<PostAnswer> {
        let chance = random.f64();
        if self.is_out(now) || chance < self.refused {
            Some(PostAnswer::Refused)
        } else if chance < self.refused + self.reset {
            Some(PostAnswer::Reset)
        } else {
            None
        }
    }
}
