//! Handles one job, from its submission to the exit code.

use std::io::{self, Write as _};
use std::time::Duration;

use super::arguments::Arguments;
use super::cancel::{self, Cancelled};
use super::client::Client;
use super::code;
use super::display::Display;
use super::follow::{Following, Halt};
use super::input::Request;
use super::output::Output;
use super::report::{Report, Status};
use super::signals::{Signals, Stop};
use super::submit::{Sent, Submission};
use super::verdict;
use crate::failure::Failure;

#[derive(Debug)]
pub(super) struct Invocation<'a> {
    pub(super) client: &'a Client,
    pub(super) display: &'a Display,
    output: Output<'a>,
    arguments: &'a Arguments,
}

impl<'a> Invocation<'a> {
    pub(super) fn new(
        arguments: &'a Arguments,
        client: &'a Client,
        display: &'a Display,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client,
            display,
            output: Output::new(&arguments.printing, display)?,
            arguments,
        })
    }

    pub(super) async fn run(&self, request: &Request) -> Result<u8, Failure> {
        let mut signals = Signals::listen()
            .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
        let code = self.submit(request, &mut signals).await;
        self.display.clear();
        code
    }

    async fn submit(&self, request: &Request, signals: &mut Signals) -> Result<u8, Failure> {
        self.display.submitting();
        let submission = Submission {
            client: self.client,
            body: &request.body,
            display: self.display,
            asked_retry_for: self.arguments.place.asked_retry_for(),
            retry_for: self.retry_for(),
        };
        match submission.send(signals).await? {
            Sent::Taken(id, None) if self.arguments.detach => self.detached(&id),
            Sent::Taken(id, None) => self.follow(&id, signals).await,
            Sent::Taken(id, Some(stop)) => Ok(self.stop(&id, stop, signals).await),
            Sent::Stopped(stop) => {
                self.say("no job was submitted");
                Ok(stop.code())
            }
            Sent::Unclear(stop) => {
                self.say("stopped before the endpoint answered; it may have accepted the job");
                Ok(stop.code())
            }
        }
    }

    async fn follow(&self, id: &str, signals: &mut Signals) -> Result<u8, Failure> {
        let following = Following {
            client: self.client,
            id,
            display: self.display,
            output: &self.output,
            retry_for: self.retry_for(),
        };
        let ended = tokio::select! {
            ended = following.to_the_end() => ended,
            stop = signals.next() => return Ok(self.stop(id, stop, signals).await),
        };
        match ended {
            Ok(report) => self.ended(id, &report).await,
            Err(Halt::Failure(failure)) => Err(failure),
            Err(Halt::ReaderGone) => Ok(self.stop(id, Stop::ReaderGone, signals).await),
        }
    }

    async fn ended(&self, id: &str, report: &Report) -> Result<u8, Failure> {
        match self.output.result(id, report).await.map_err(Halt::from) {
            Ok(()) => {}
            Err(Halt::ReaderGone) => return Ok(code::READER_GONE),
            Err(Halt::Failure(failure)) => return Err(failure),
        }
        self.display.clear();
        match verdict::told(id, report) {
            // The JSON document contains the error.
            Some(_) if self.arguments.printing.json => {}
            Some(error) => self.display.line(&error),
            None => self.display.ended(&verdict::summary(id, report)),
        }
        Ok(self.output.code(report))
    }

    /// Prints the id of a job that nobody follows: alone on stdout, and the commands for it on stderr.
    fn detached(&self, id: &str) -> Result<u8, Failure> {
        self.display.clear();
        let text = if self.arguments.printing.json {
            format!("{{\"id\":\"{id}\",\"status\":\"IN_QUEUE\"}}")
        } else {
            id.to_owned()
        };
        if let Err(error) = writeln!(io::stdout(), "{text}") {
            // Nobody else knows the id, and the job continues.
            self.say(&format!("job {id} was submitted"));
            return match Halt::from(error) {
                Halt::ReaderGone => Ok(code::READER_GONE),
                Halt::Failure(failure) => Err(failure),
            };
        }
        if !self.arguments.printing.json {
            let flags = self.arguments.place.flags();
            self.say(&format!(
                "the endpoint accepted the job. To use it:\n\n  \
                 cargo runpod job stream {id}{flags}    # follow it to its end\n  \
                 cargo runpod job status {id}{flags}    # its state, and its output if it has finished\n  \
                 cargo runpod job cancel {id}{flags}"
            ));
        }
        Ok(0)
    }

    /// Cancels the job, and waits until the endpoint confirms it.
    async fn stop(&self, id: &str, stop: Stop, signals: &mut Signals) -> u8 {
        let is_quiet = stop == Stop::ReaderGone;
        if !is_quiet && self.display.bar().is_some() {
            self.say("cancelling the job; press Ctrl-C again to exit without waiting");
        }
        let cancelled =
            cancel::cancel(self.client, id, self.display, signals, self.retry_for()).await;
        self.display.clear();
        match cancelled {
            Cancelled::Acknowledged(report) => {
                if !is_quiet {
                    // Errors are ignored, because the message below must be printed anyway.
                    let _ = self.output.result(id, &report).await;
                    self.say(&match &report.status {
                        Status::Cancelled => format!("job {id} was cancelled"),
                        other => format!(
                            "job {id} finished before it could be cancelled: {}",
                            other.as_str()
                        ),
                    });
                }
            }
            Cancelled::Failed(trouble) if trouble.is_unknown() => {
                self.say(&format!("the endpoint no longer knows job {id}"));
            }
            Cancelled::Failed(trouble) => self.say(&format!(
                "job {id} could not be cancelled and may continue: the endpoint {}",
                trouble.told()
            )),
            Cancelled::Abandoned => self.say(&format!(
                "job {id} may continue: stopped before the endpoint confirmed the cancellation"
            )),
        }
        stop.code()
    }

    fn say(&self, text: &str) {
        self.display.line(text);
    }

    fn retry_for(&self) -> Duration {
        let asked = self.arguments.place.asked_retry_for();
        asked.unwrap_or_else(|| self.client.target().usual_retry_for())
    }
}
