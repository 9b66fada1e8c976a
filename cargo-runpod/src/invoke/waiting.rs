//! Reports why a job waits in the queue. If it waits long, the endpoint is asked for the reason.

use std::time::Duration;

use tokio::time::Instant;

use super::client::Client;
use super::display::Display;
use super::report::Status;

/// How long a job may wait before the endpoint is asked, and the pause before the next question.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause for a deployed endpoint, which limits the rate of requests.
const PATIENCE_DEPLOYED: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Waiting {
    ask_at: Option<Instant>,
    told: String,
}

impl Waiting {
    /// Prints why the job waits, if it has waited long and the reason is new.
    pub(super) async fn look(
        &mut self,
        client: &Client,
        id: &str,
        status: &Status,
        display: &Display,
    ) {
        if *status != Status::InQueue {
            self.ask_at = None;
            return;
        }
        let now = Instant::now();
        let ask_at = *self.ask_at.get_or_insert(now + PATIENCE);
        if now < ask_at {
            return;
        }
        let target = client.target();
        let pause = if target.is_here {
            PATIENCE
        } else {
            PATIENCE_DEPLOYED
        };
        self.ask_at = Some(now + pause);
        let reason = match client.health().await {
            Ok(health) => health.why_a_job_waits(target),
            // The status request retries such errors, and reports if the endpoint is gone.
            Err(trouble) if trouble.is_transient() => return,
            Err(_) => "no worker has taken it yet".to_owned(),
        };
        // The reason may contain a worker's own words.
        let reason = match &target.key {
            Some(key) => key.redact(&reason),
            None => reason,
        };
        if reason != self.told {
            display.note(&format!("job {id} waits in the queue: {reason}"));
            self.told = reason;
        }
    }
}
