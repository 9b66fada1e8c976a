//! How fast to ask again: at once while jobs flow, slower and slower while answers are empty and come at once.

use std::time::Duration;

/// Never more than 20 questions a second.
const SHORTEST: Duration = Duration::from_millis(50);
/// So that a platform which is back is noticed within a second.
const LONGEST: Duration = Duration::from_millis(900);
/// An empty answer that took this long was held by the platform: asking again at once is what it expects.
const HELD: Duration = Duration::from_secs(1);

/// The pause before the next question.
#[derive(Debug, Default)]
pub(super) struct Pace {
    backoff: Option<Duration>,
    pause: Duration,
}

impl Pace {
    /// How long to wait before the next question.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// Something came: no pause.
    pub(super) fn flowing(&mut self) {
        *self = Self::default();
    }

    /// Nothing came, after so long.
    pub(super) fn nothing(&mut self, took: Duration) {
        if took >= HELD {
            self.flowing();
        } else {
            self.grow();
        }
    }

    /// The question failed.
    pub(super) fn failed(&mut self) {
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
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);

    /// The next pause; not shorter than what the platform asked for.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let pause = Self::FIRST
            .saturating_mul(2_u32.saturating_pow(self.attempts))
            .min(Self::LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        jittered(pause).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_answers_that_come_at_once_are_paced() {
        let mut pace = Pace::default();
        let mut last = Duration::ZERO;
        for _ in 0..100 {
            pace.nothing(Duration::from_millis(1));
            last = pace.pause();
            assert!(last >= SHORTEST && last <= LONGEST, "{last:?}");
        }
        assert!(last >= LONGEST / 2);
        pace.flowing();
        assert_eq!(pace.pause(), Duration::ZERO);
    }

    #[test]
    fn an_answer_that_was_held_is_asked_again_at_once() {
        let mut pace = Pace::default();
        pace.failed();
        pace.nothing(Duration::from_secs(30));
        assert_eq!(pace.pause(), Duration::ZERO);
    }

    #[test]
    fn the_first_attempt_to_deliver_again_is_quick_and_no_pause_is_long() {
        let mut backoff = Backoff::default();
        assert!(backoff.next(None) <= Backoff::FIRST);
        for _ in 0..1000 {
            assert!(backoff.next(None) <= Backoff::LONGEST);
        }
        assert_eq!(
            backoff.next(Some(Duration::from_secs(20))),
            Duration::from_secs(20)
        );
    }
}
