//! When a request is tried again: after growing pauses, for a bounded time.

use std::time::Duration;

use tokio::time::Instant;

use super::trouble::Trouble;

const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Retries {
    limit: Duration,
    shortest: Duration,
    /// Since the last success; none as long as all is well.
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    pause: Duration,
}

impl Retries {
    pub(super) fn new(limit: Duration, is_here: bool) -> Self {
        let shortest = Duration::from_millis(if is_here { 50 } else { 500 });
        Self {
            limit,
            shortest,
            failing: None,
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failing = None;
    }

    /// Whether this is the first failure since the last success.
    pub(super) fn is_first(&self) -> bool {
        self.failing.is_none()
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// How long to wait before the next attempt; none when there is to be no further one.
    pub(super) fn next(&mut self, trouble: &Trouble) -> Option<Duration> {
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
        // Clients that failed together are not to come back together.
        let jittered = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        match trouble.retry_after() {
            // Asked earlier, it would refuse again; asked later than that there is no point in waiting.
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
