//! Sends one job to a deployed endpoint for another command, and reads the state of its queue.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::Arguments;
use super::arguments::Place;
use super::client::Client;
use super::code;
use super::input;
use super::json_text;
use super::report::Status;
use super::retries::Retries;
use super::target::{self, Target};
use super::trouble::{self, Trouble};
use super::verdict;
use crate::failure::Failure;

#[derive(Debug)]
pub(crate) struct Probe {
    client: Client,
}

/// The outcome of a job.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Why the job did not complete.
    pub(crate) error: Option<String>,
    /// The output as JSON, or an empty text.
    pub(crate) output: String,
    /// How long the job took, and on which worker it ran.
    pub(crate) summary: String,
    pub(crate) worker: Option<String>,
}

/// The number of jobs in each state.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(
    default,
    rename_all(serialize = "camelCase", deserialize = "camelCase")
)]
pub(crate) struct Jobs {
    pub(crate) in_queue: u64,
    pub(crate) in_progress: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) retried: u64,
}

#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    jobs: Jobs,
}

/// Checks a job's input and returns the body of the request that submits it.
pub(crate) fn body(json: &str) -> Result<Vec<u8>, Failure> {
    let arguments = Arguments {
        input: Some(json.to_owned()),
        ..Arguments::default()
    };
    Ok(input::read(&arguments)?.body)
}

impl Probe {
    /// Aims at a deployed endpoint, as `--endpoint` of `cargo runpod invoke` does.
    pub(crate) fn at(endpoint: &str) -> Result<Self, Failure> {
        let place = Place {
            endpoint: Some(endpoint.to_owned()),
            ..Place::default()
        };
        let target: Option<Target> = target::named(&place)?;
        let target = target.ok_or_else(|| Failure::new("the endpoint has no address"))?;
        Ok(Self {
            client: Client::new(target)?,
        })
    }

    /// Submits the job and returns its id. Sends it again only if it was certainly not accepted.
    pub(crate) async fn submit(&self, body: &[u8]) -> Result<String, Failure> {
        let mut retries = self.retries();
        loop {
            let trouble = match self.client.run(body).await {
                Ok(id) => return Ok(id),
                Err(trouble) => trouble,
            };
            // The platform may know a new endpoint a little later at its queue.
            let may_retry = trouble.was_not_accepted() || trouble.is_unknown();
            let Some(pause) = retries.next(&trouble).filter(|_| may_retry) else {
                let told = trouble::of_submission(&trouble, self.client.target());
                return Err(Failure::new(told).with_code(code::NO_ANSWER));
            };
            sleep(pause).await;
        }
    }

    /// Waits until the job has finished.
    pub(crate) async fn outcome(&self, id: &str) -> Result<Outcome, Failure> {
        let mut retries = self.retries();
        let mut pause = Duration::from_millis(50);
        let longest = Duration::from_millis(if self.client.target().is_here {
            100
        } else {
            2000
        });
        loop {
            let trouble = match self.client.status(id).await {
                Ok(report) if report.status.is_final() => {
                    let is_complete = report.status == Status::Completed;
                    return Ok(Outcome {
                        error: verdict::told(id, &report).filter(|_| !is_complete),
                        output: report
                            .output
                            .as_deref()
                            .map(json_text::compact)
                            .unwrap_or_default(),
                        summary: verdict::summary(id, &report),
                        worker: report.worker_id,
                    });
                }
                Ok(_) => {
                    retries.succeeded();
                    sleep(pause).await;
                    pause = pause.mul_f64(1.5).min(longest);
                    continue;
                }
                Err(trouble) => trouble,
            };
            match retries.next(&trouble).filter(|_| trouble.is_transient()) {
                Some(pause) => sleep(pause).await,
                None => return Err(self.failure(id, &trouble)),
            }
        }
    }

    /// Cancels the job. Returns whether the endpoint has confirmed it.
    pub(crate) async fn cancel(&self, id: &str) -> bool {
        self.client.cancel(id).await.is_ok()
    }

    /// Returns the number of jobs in each state, or the reason why the endpoint does not tell it.
    pub(crate) async fn jobs(&self) -> Result<Jobs, String> {
        let request = self
            .client
            .request(reqwest::Method::GET, "health", Duration::from_secs(10));
        let health: Health = self
            .client
            .answer(request)
            .await
            .map_err(|trouble| trouble.told())?;
        Ok(health.jobs)
    }

    fn retries(&self) -> Retries {
        let is_here = self.client.target().is_here;
        Retries::new(Duration::from_secs(if is_here { 5 } else { 60 }), is_here)
    }

    fn failure(&self, id: &str, trouble: &Trouble) -> Failure {
        let url = &self.client.target().url;
        Failure::new(format!(
            "stopped following job {id}: {url} {}; the job may continue",
            trouble.told()
        ))
        .with_code(code::NO_ANSWER)
    }
}
