//! Why a job waits in the queue: the endpoint is asked when that takes long, since nobody should wait without knowing what
//! for.

use std::time::Duration;

use tokio::time::Instant;

use super::client::Client;
use super::display::Display;
use super::report::Status;

/// A job may wait for so long without a word, and after each answer again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two questions to a deployed endpoint, which limits how often it may be asked.
const PATIENCE_DEPLOYED: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Waiting {
    ask_at: Option<Instant>,
    told: String,
}

impl Waiting {
    /// Tells what the job waits for, if it has waited for long and that was not told before.
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
            // The job's own state is asked for with patience, and tells when the endpoint is gone.
            Err(trouble) if trouble.is_transient() => return,
            Err(_) => "no worker has taken it yet".to_owned(),
        };
        // A worker's own words may be in it.
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
