//! Pauses between requests and between attempts. While jobs flow, the worker asks again immediately. If answers arrive
//! immediately but are empty, it asks more and more slowly.

use std::time::Duration;

/// At most 20 requests per second.
pub(super) const SHORTEST: Duration = Duration::from_millis(50);
/// Short enough that the worker notices within a second when the platform is back.
const LONGEST: Duration = Duration::from_millis(900);
/// After this many failed requests in a row, the platform counts as being in trouble.
const IN_TROUBLE: u32 = 3;
/// If an empty answer took this long, the platform held the request. It then expects the next request immediately.
const HELD: Duration = Duration::from_secs(1);

/// The pause before the next request.
#[derive(Debug, Default)]
pub(super) struct PollBackoff {
    backoff: Option<Duration>,
    pause: Duration,
    failures: u32,
}

impl PollBackoff {
    /// Returns the pause before the next request.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// The answer contained something, so there is no pause.
    pub(super) fn flowing(&mut self) {
        *self = Self::default();
    }

    /// Returns whether the last requests before this answer all failed.
    pub(super) fn had_trouble(&self) -> bool {
        self.failures >= IN_TROUBLE
    }

    /// The answer was empty and took `took`.
    pub(super) fn nothing(&mut self, took: Duration) {
        if took >= HELD {
            self.flowing();
        } else {
            self.failures = 0;
            self.grow();
        }
    }

    /// The request failed.
    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.grow();
    }

    /// The platform asked for this pause.
    pub(super) fn asked_to_wait(&mut self, pause: Duration) {
        self.pause = pause.max(SHORTEST);
    }

    fn grow(&mut self) {
        let next = self
            .backoff
            .map_or(SHORTEST, |last| (last * 2).min(LONGEST));
        self.backoff = Some(next);
        self.pause = jittered(next).max(SHORTEST);
    }
}

/// Returns a random duration between half of `pause` and all of it, so that a thousand workers do not come back at the
/// same moment.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The pauses between attempts to deliver: jittered, 0.1 s at first and 10 s at most.
#[derive(Debug, Default)]
pub(super) struct RetryBackoff {
    attempts: u32,
}

impl RetryBackoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);

    /// Returns the next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = Self::FIRST
            .saturating_mul(2_u32.saturating_pow(self.attempts))
            .min(Self::LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        jittered(pause)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_comes_no_pause_is_too_short_or_too_long(answers: Vec<(u8, u16)>) {
            let mut backoff = PollBackoff::default();
            for (kind, milliseconds) in answers {
                let time = Duration::from_millis(milliseconds.into());
                match kind % 4 {
                    0 => {
                        backoff.flowing();
                        prop_assert_eq!(backoff.pause(), Duration::ZERO);
                        continue;
                    }
                    1 => backoff.nothing(time),
                    2 => backoff.failed(),
                    _ => {
                        backoff.asked_to_wait(time);
                        prop_assert_eq!(backoff.pause(), time.max(SHORTEST));
                        continue;
                    }
                }
                let was_held = kind % 4 == 1 && time >= HELD;
                let pause = backoff.pause();
                prop_assert_eq!(pause.is_zero(), was_held);
                prop_assert!(was_held || (SHORTEST..=LONGEST).contains(&pause), "{pause:?}");
            }
        }

        #[test]
        fn pauses_between_attempts_grow_and_are_bounded(attempts in 1_u32..200) {
            let mut backoff = RetryBackoff::default();
            for attempt in 0..attempts {
                let pause = backoff.next();
                let full = RetryBackoff::FIRST * 2_u32.pow(attempt.min(10));
                let longest = full.min(RetryBackoff::LONGEST);
                prop_assert!(pause <= longest && pause >= longest / 2, "{attempt}: {pause:?}");
            }
        }
    }

    #[test]
    fn empty_answers_that_come_at_once_are_paced() {
        let mut backoff = PollBackoff::default();
        let mut last = Duration::ZERO;
        for _ in 0..100 {
            backoff.nothing(Duration::from_millis(1));
            last = backoff.pause();
            assert!(last >= SHORTEST && last <= LONGEST, "{last:?}");
        }
        assert!(last >= LONGEST / 2);
        backoff.flowing();
        assert_eq!(backoff.pause(), Duration::ZERO);
    }

    #[test]
    fn an_answer_that_was_held_is_asked_again_at_once() {
        let mut backoff = PollBackoff::default();
        backoff.failed();
        backoff.nothing(Duration::from_secs(30));
        assert_eq!(backoff.pause(), Duration::ZERO);
    }

    #[test]
    fn the_first_attempt_to_deliver_again_is_quick_and_no_pause_is_long() {
        let mut backoff = RetryBackoff::default();
        assert!(backoff.next() <= RetryBackoff::FIRST);
        for _ in 0..1000 {
            assert!(backoff.next() <= RetryBackoff::LONGEST);
        }
    }
}
