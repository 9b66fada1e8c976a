//! Follows a job to its end. Two tasks read the job's state and its stream at the same time.
//!
//! The server holds stream requests open, so items arrive without delay. The state is polled with growing pauses. The
//! task that sees the end first tells the other.

use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::client::Client;
use super::code;
use super::display::Display;
use super::output::Output;
use super::report::Report;
use super::retries::Retries;
use super::trouble::{self, Trouble};
use super::waiting::Waiting;
use crate::failure::Failure;

#[derive(Debug)]
pub(super) struct Following<'a> {
    pub(super) client: &'a Client,
    pub(super) id: &'a str,
    pub(super) display: &'a Display,
    pub(super) output: &'a Output<'a>,
    pub(super) retry_for: Duration,
}

/// The reason why a job is not followed to its end.
#[derive(Debug)]
pub(super) enum Halt {
    Failure(Failure),
    /// Nobody reads stdout any more.
    ReaderGone,
}

impl Following<'_> {
    pub(super) async fn to_the_end(&self) -> Result<Report, Halt> {
        let over = watch::Sender::new(false);
        let (report, ()) = tokio::try_join!(self.state(&over), self.stream(&over))?;
        Ok(report)
    }

    async fn state(&self, over: &watch::Sender<bool>) -> Result<Report, Halt> {
        let mut retries = self.retries();
        let mut pace = self.pace();
        let mut waiting = Waiting::default();
        loop {
            match self.client.status(self.id).await {
                Ok(report) => {
                    retries.succeeded();
                    if report.status.is_final() {
                        over.send_replace(true);
                        return Ok(report);
                    }
                    if self.display.show(self.id, &report) {
                        pace.restart();
                    }
                    waiting
                        .look(self.client, self.id, &report.status, self.display)
                        .await;
                    pace.rest(over).await;
                }
                Err(trouble) => self.wait_out("state", &trouble, &mut retries).await?,
            }
        }
    }

    async fn stream(&self, over: &watch::Sender<bool>) -> Result<(), Halt> {
        let mut retries = self.retries();
        let mut pace = self.pace();
        loop {
            let was_over = *over.borrow();
            let streamed = match self.client.stream(self.id).await {
                Ok(streamed) => streamed,
                // If the job is unknown, the state request reports it.
                Err(trouble) if trouble.is_unknown() => return Ok(()),
                Err(trouble) if !trouble.is_transient() => {
                    let told = trouble.told();
                    self.display.note(&format!(
                        "the job's stream is not shown: the endpoint {told}"
                    ));
                    return Ok(());
                }
                Err(trouble) => {
                    self.wait_out("stream", &trouble, &mut retries).await?;
                    continue;
                }
            };
            retries.succeeded();
            let items: Vec<_> = streamed
                .stream
                .into_iter()
                .filter_map(|item| item.output)
                .collect();
            let is_final = streamed.status.is_final();
            if is_final {
                over.send_replace(true);
            }
            if !items.is_empty() {
                self.output.items(items).await?;
                pace.restart();
            } else if is_final || was_over {
                return Ok(());
            } else {
                pace.rest(over).await;
            }
        }
    }

    /// Waits before the next attempt, or gives up.
    async fn wait_out(
        &self,
        what: &str,
        trouble: &Trouble,
        retries: &mut Retries,
    ) -> Result<(), Halt> {
        if !trouble.is_transient() {
            return Err(self.lost(trouble));
        }
        if retries.is_first() {
            let seconds = retries.limit().as_secs();
            // An item is handed out only once, even if the answer with it is lost.
            let missing = match trouble {
                Trouble::Broken(_) | Trouble::Unreadable(_) if what == "stream" => {
                    "; items may be missing"
                }
                _ => "",
            };
            self.display.note(&format!(
                "reading the job's {what}: the endpoint {}{missing}; retrying for up to {seconds} s",
                trouble.told()
            ));
        }
        match retries.next(trouble) {
            Some(pause) => {
                sleep(pause).await;
                Ok(())
            }
            None => Err(self.lost(trouble)),
        }
    }

    fn lost(&self, trouble: &Trouble) -> Halt {
        let (id, target) = (self.id, self.client.target());
        let url = &target.url;
        let told = trouble.told();
        let text = match trouble {
            Trouble::Refused { .. } if trouble.is_unknown() => format!(
                "{url} no longer knows job {id}: the job has expired, or the endpoint was restarted and lost its queue"
            ),
            Trouble::Refused { status, .. } if matches!(status.as_u16(), 401 | 403) => {
                trouble::of_key(target, *status)
            }
            Trouble::NotConnected(_) if target.is_here => format!(
                "the endpoint at {url} {told}; it has stopped, and job {id} is lost, because the queue is in memory"
            ),
            _ => format!(
                "stopped following job {id}: {url} {told}. The job may continue; its state is at {url}/status/{id}"
            ),
        };
        Halt::Failure(Failure::new(text).with_code(code::NO_ANSWER))
    }

    fn retries(&self) -> Retries {
        Retries::new(self.retry_for, self.client.target().is_here)
    }

    fn pace(&self) -> Pace {
        if self.client.target().is_here {
            Pace::new(Duration::from_millis(50), Duration::from_millis(500))
        } else {
            Pace::new(Duration::from_millis(100), Duration::from_secs(2))
        }
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        let text = format!("cannot write to stdout: {error}; the job may continue");
        Self::Failure(Failure::new(text).with_code(code::NO_ANSWER))
    }
}

/// The pauses between two requests.
#[derive(Debug)]
struct Pace {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Pace {
    fn new(shortest: Duration, longest: Duration) -> Self {
        Self {
            shortest,
            longest,
            next: shortest,
        }
    }

    fn restart(&mut self) {
        self.next = self.shortest;
    }

    /// Waits. Ends early if the job has finished, but always waits for the shortest pause.
    async fn rest(&mut self, over: &watch::Sender<bool>) {
        let pause = self.next;
        self.next = pause.mul_f64(1.5).min(self.longest);
        sleep(self.shortest.min(pause)).await;
        let mut over = over.subscribe();
        tokio::select! {
            () = sleep(pause.saturating_sub(self.shortest)) => {}
            _ = over.wait_for(|is_over| *is_over) => {}
        }
    }
}
