//! How fast to ask again: at once while jobs flow, slower and slower while answers are empty and come at once.

use std::time::Duration;

/// Never more than 20 questions a second.
pub(super) const SHORTEST: Duration = Duration::from_millis(50);
/// So that a platform which is back is noticed within a second.
const LONGEST: Duration = Duration::from_millis(900);
/// After so many failed questions one after the other it was no accident.
const IN_TROUBLE: u32 = 3;
/// An empty answer that took this long was held by the platform: asking again at once is what it expects.
const HELD: Duration = Duration::from_secs(1);

/// The pause before the next question.
#[derive(Debug, Default)]
pub(super) struct PollBackoff {
    backoff: Option<Duration>,
    pause: Duration,
    failures: u32,
}

impl PollBackoff {
    /// How long to wait before the next question.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// Something came: no pause.
    pub(super) fn flowing(&mut self) {
        *self = Self::default();
    }

    /// Whether the questions before this answer failed, one after the other.
    pub(super) fn had_trouble(&self) -> bool {
        self.failures >= IN_TROUBLE
    }

    /// Nothing came, after so long.
    pub(super) fn nothing(&mut self, took: Duration) {
        if took >= HELD {
            self.flowing();
        } else {
            self.failures = 0;
            self.grow();
        }
    }

    /// The question failed.
    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.grow();
    }

    /// The platform asked for a pause.
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

/// Somewhere between half of `pause` and all of it, so that a thousand workers do not come back as one.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The pauses between attempts to deliver: a tenth of a second at first, ten seconds at most, jittered.
#[derive(Debug, Default)]
pub(super) struct RetryBackoff {
    attempts: u32,
}

impl RetryBackoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);

    /// The next pause.
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
