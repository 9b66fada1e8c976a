//! Decides when to retry a request: with growing pauses, for a limited time.

use std::time::Duration;

use tokio::time::Instant;

use super::trouble::Trouble;

const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Retries {
    limit: Duration,
    shortest: Duration,
    /// Set while requests fail. `None` after a success.
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    pause: Duration,
}

impl Retries {
    pub(crate) fn new(limit: Duration, is_here: bool) -> Self {
        let shortest = Duration::from_millis(if is_here { 50 } else { 500 });
        Self {
            limit,
            shortest,
            failing: None,
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.failing = None;
    }

    /// Tells whether this is the first failure since the last success.
    pub(crate) fn is_first(&self) -> bool {
        self.failing.is_none()
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Returns the pause before the next attempt, or `None` to give up.
    pub(crate) fn next(&mut self, trouble: &Trouble) -> Option<Duration> {
        let now = Instant::now();
        let failing = self.failing.get_or_insert(Failing {
            since: now,
            pause: self.shortest,
        });
        let left = self.limit.saturating_sub(now - failing.since);
        if left.is_zero() {
            return None;
        }
        let pause = failing.pause;
        failing.pause = (pause * 2).min(LONGEST);
        // The jitter keeps clients that failed together from retrying together.
        let jittered = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        match trouble.retry_after() {
            // Before the requested time the server would refuse again, and a pause beyond the limit is pointless.
            Some(asked) if asked > left => None,
            Some(asked) => Some(asked.max(jittered)),
            None => Some(jittered.min(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;

    fn busy(seconds: u64) -> Trouble {
        Trouble::Refused {
            status: StatusCode::TOO_MANY_REQUESTS,
            message: String::new(),
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    fn broken() -> Trouble {
        Trouble::Broken(String::new())
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let mut retries = Retries::new(Duration::from_hours(1), false);
        let pauses: Vec<_> = (0..20).filter_map(|_| retries.next(&broken())).collect();
        assert!(pauses[0] <= Duration::from_millis(500) && pauses[0] >= Duration::from_millis(250));
        assert!(pauses[19] <= LONGEST && pauses[19] >= LONGEST / 2);
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        let mut retries = Retries::new(Duration::from_mins(1), false);
        assert_eq!(retries.next(&busy(7)), Some(Duration::from_secs(7)));
        assert_eq!(retries.next(&busy(61)), None);
    }

    #[test]
    fn with_no_time_there_is_no_second_attempt() {
        assert_eq!(Retries::new(Duration::ZERO, true).next(&broken()), None);
    }

    #[test]
    fn a_success_begins_anew() {
        let mut retries = Retries::new(Duration::from_hours(1), false);
        for _ in 0..10 {
            retries.next(&broken());
        }
        assert!(!retries.is_first());
        retries.succeeded();
        assert!(retries.is_first());
        assert!(retries.next(&broken()).unwrap() <= Duration::from_millis(500));
    }
}
