//! Rate limits per operation, as on Runpod: a number of requests in any 10 seconds, and a number at the same time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{StatusCode, header};
use tokio::time::Instant;

use crate::operation::Operation;
use crate::response::ErrorResponse;

const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Rates {
    limited: Vec<OperationLimit>,
}

/// The limit of one operation.
#[derive(Debug)]
struct OperationLimit {
    operation: Operation,
    most: usize,
    most_at_once: usize,
    used: Mutex<Usage>,
}

#[derive(Debug, Default)]
struct Usage {
    /// The times of the requests in the last 10 seconds.
    times: VecDeque<Instant>,
    at_once: usize,
}

/// A permit for a request that is being answered.
#[derive(Debug)]
pub(super) struct RatePermit<'a>(&'a OperationLimit);

impl Rates {
    pub(super) fn of_production() -> Self {
        let limits = [
            (Operation::Run, 1_000, 200),
            (Operation::Runsync, 2_000, 400),
            (Operation::Status, 2_000, 400),
            (Operation::StatusSync, 2_000, 400),
            (Operation::Stream, 2_000, 400),
            (Operation::OpenAi, 2_000, 400),
            (Operation::Cancel, 100, 20),
            (Operation::PurgeQueue, 2, 2),
        ];
        let limited = limits.map(|(operation, most, most_at_once)| OperationLimit {
            operation,
            most,
            most_at_once,
            used: Mutex::default(),
        });
        Self {
            limited: limited.into(),
        }
    }

    /// Admits a request. The permit counts until it is dropped. An operation without a limit needs no permit.
    ///
    /// # Errors
    ///
    /// Fails with the answer for the client.
    pub(super) fn admit(
        &self,
        operation: Operation,
    ) -> Result<Option<RatePermit<'_>>, ErrorResponse> {
        let limited = self.limited.iter().find(|it| it.operation == operation);
        limited.map(OperationLimit::admit).transpose()
    }
}

impl OperationLimit {
    fn admit(&self) -> Result<RatePermit<'_>, ErrorResponse> {
        let now = Instant::now();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used
            .times
            .front()
            .is_some_and(|time| now.duration_since(*time) >= WINDOW)
        {
            used.times.pop_front();
        }
        if let Some(oldest) = used.times.front()
            && used.times.len() >= self.most
        {
            let wait = WINDOW.saturating_sub(now.duration_since(*oldest));
            let text = format!("more than {} requests in 10 seconds", self.most);
            return Err(self.refusal(&text, wait));
        }
        if used.at_once >= self.most_at_once {
            let text = format!("more than {} requests at once", self.most_at_once);
            return Err(self.refusal(&text, Duration::ZERO));
        }
        used.times.push_back(now);
        used.at_once += 1;
        Ok(RatePermit(self))
    }

    fn refusal(&self, what: &str, wait: Duration) -> ErrorResponse {
        // The seconds are rounded up, so the client does not retry too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let seconds = seconds.max(1);
        ErrorResponse::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "/{}: {what}, which is Runpod's limit; retry in {seconds} s",
                self.operation.name()
            ),
        )
        .with_header(header::RETRY_AFTER, seconds)
    }
}

impl Drop for RatePermit<'_> {
    fn drop(&mut self) {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.at_once -= 1;
    }
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod rates_tests;
