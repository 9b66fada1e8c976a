//! Sends the job. It is sent again only if the endpoint certainly did not accept it; otherwise it might run twice.

use std::time::Duration;

use tokio::time::sleep;

use super::client::Client;
use super::code;
use super::display::Display;
use super::retries::Retries;
use super::signals::{Signals, Stop};
use super::trouble::{self, Trouble};
use crate::failure::Failure;

#[derive(Debug)]
pub(super) enum Sent {
    /// The endpoint has accepted the job. If a signal came meanwhile, the job must be cancelled.
    Taken(String, Option<Stop>),
    /// A signal came, and no job was submitted.
    Stopped(Stop),
    /// A second signal came before the endpoint had answered.
    Unclear(Stop),
}

#[derive(Debug)]
pub(super) struct Submission<'a> {
    pub(super) client: &'a Client,
    pub(super) body: &'a [u8],
    pub(super) display: &'a Display,
    /// The user's retry time. `None` means the default, and no retry if nothing listens on this machine.
    pub(super) asked_retry_for: Option<Duration>,
    pub(super) retry_for: Duration,
}

impl Submission<'_> {
    pub(super) async fn send(&self, signals: &mut Signals) -> Result<Sent, Failure> {
        let target = self.client.target();
        let mut retries = Retries::new(self.retry_for, target.is_here);
        loop {
            let (answer, stop) = match self.attempt(signals).await {
                Attempt::Answered(answer, stop) => (answer, stop),
                Attempt::Abandoned(stop) => return Ok(Sent::Unclear(stop)),
            };
            let trouble = match answer {
                Ok(id) if is_plain(&id) => return Ok(Sent::Taken(id, stop)),
                Ok(_) => Trouble::Unreadable("the job's id is not valid".to_owned()),
                Err(trouble) => trouble,
            };
            let is_pointless = matches!(trouble, Trouble::NotConnected(_))
                && target.is_here
                && self.asked_retry_for.is_none();
            if !trouble.was_not_accepted() || is_pointless {
                return Err(refused(&trouble, self.client));
            }
            if let Some(stop) = stop {
                return Ok(Sent::Stopped(stop));
            }
            let is_first = retries.is_first();
            let Some(pause) = retries.next(&trouble) else {
                return Err(refused(&trouble, self.client));
            };
            if is_first {
                self.display.note(&format!(
                    "{} {}; retrying for up to {} s",
                    target.url,
                    trouble.told(),
                    retries.limit().as_secs()
                ));
            }
            tokio::select! {
                () = sleep(pause) => {}
                stop = signals.next() => return Ok(Sent::Stopped(stop)),
            }
        }
    }

    /// Sends the request once. A signal does not interrupt it: the endpoint may have accepted the job already, and its
    /// id is needed to cancel it.
    async fn attempt(&self, signals: &mut Signals) -> Attempt {
        let answer = self.client.run(self.body);
        tokio::pin!(answer);
        let mut first = None;
        loop {
            tokio::select! {
                answer = &mut answer => return Attempt::Answered(answer, first),
                stop = signals.next() => match first {
                    None => first = Some(stop),
                    Some(_) => return Attempt::Abandoned(stop),
                },
            }
        }
    }
}

enum Attempt {
    Answered(Result<String, Trouble>, Option<Stop>),
    Abandoned(Stop),
}

fn refused(trouble: &Trouble, client: &Client) -> Failure {
    Failure::new(trouble::of_submission(trouble, client.target())).with_code(code::NO_ANSWER)
}

/// Tells whether an id is safe to use in paths and to show.
pub(super) fn is_plain(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.len() <= 200 && id.bytes().all(is_plain)
}
