//! Runs one test.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::file::Case;
use crate::failure::Failure;
use crate::invoke::client::Client;
use crate::invoke::report::{Report, Status};
use crate::invoke::trouble;
use crate::invoke::verdict;

/// The pause between two requests for the state.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) enum Outcome {
    Passed(Duration),
    /// The job's error.
    Failed(String),
    TimedOut,
}

impl Outcome {
    pub(super) fn is_passed(&self) -> bool {
        matches!(self, Self::Passed(_))
    }
}

pub(super) async fn run(client: &Client, case: &Case) -> Result<Outcome, Failure> {
    let not_answered = |trouble| Failure::new(trouble::of_request(&trouble, client.target(), None));
    let started = Instant::now();
    let body = format!("{{\"input\":{}}}", case.input.get());
    let id = client.run(body.as_bytes()).await.map_err(not_answered)?;
    let limit = Duration::from_millis(case.timeout.into());
    let Ok(report) = timeout(limit, ended(client, &id)).await else {
        // The next test must not wait for this job.
        let _ = client.cancel(&id).await;
        return Ok(Outcome::TimedOut);
    };
    let report = report.map_err(not_answered)?;
    Ok(match &report.status {
        Status::Completed => Outcome::Passed(started.elapsed()),
        _ => Outcome::Failed(
            verdict::told(&id, &report).unwrap_or_else(|| verdict::summary(&id, &report)),
        ),
    })
}

async fn ended(client: &Client, id: &str) -> Result<Report, trouble::Trouble> {
    loop {
        let report = client.status(id).await?;
        if report.status.is_final() {
            return Ok(report);
        }
        sleep(PAUSE).await;
    }
}
