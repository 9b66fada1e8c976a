//! Waits until a worker runs the new version, shows its log meanwhile, and sends the smoke job.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep, timeout_at};

use super::stage::Stage;
use super::watch::{Verdict, Watch, is_new};
use crate::failure::Failure;
use crate::invoke::probe::Probe;
use crate::invoke::safe_text;
use crate::progress::Progress;
use crate::rest::Client;
use crate::rest::logs::{self, Line, Wanted};

/// How many lines of the log a failure shows.
const LAST_LINES: u32 = 10;

#[derive(Debug)]
pub(super) struct Rollout<'a> {
    pub(super) client: &'a Client,
    pub(super) progress: &'a Progress,
    pub(super) stage: &'a Stage,
    pub(super) endpoint: &'a str,
    /// The version before the change, if the change makes a new one.
    pub(super) before: Option<u64>,
    pub(super) min_workers: u64,
    /// The body of the request for the smoke job.
    pub(super) smoke: Option<&'a [u8]>,
    pub(super) limit: Duration,
}

/// The state of the endpoint after the deployment.
#[derive(Debug)]
pub(super) enum Outcome {
    Up {
        worker: String,
    },
    /// No worker is to start before the first job.
    Asleep,
}

struct Logs {
    lines: Receiver<Line>,
    sender: Sender<Line>,
    followed: BTreeSet<String>,
    last: VecDeque<Line>,
}

impl Rollout<'_> {
    /// Waits for the workers, and for the smoke job if there is one.
    pub(super) async fn wait(&self) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + self.limit;
        let (sender, lines) = mpsc::channel(256);
        let mut logs = Logs {
            lines,
            sender,
            followed: BTreeSet::new(),
            last: VecDeque::new(),
        };
        let outcome = self.workers(deadline, &mut logs).await?;
        let Some(body) = self.smoke else {
            return Ok(outcome);
        };
        if self.stage.job.borrow().is_none() {
            self.submit(body).await?;
        }
        self.job(deadline, &mut logs).await?;
        Ok(outcome)
    }

    async fn workers(&self, deadline: Instant, logs: &mut Logs) -> Result<Outcome, Failure> {
        let mut watch = Watch::default();
        let mut ours = None;
        let mut state = "no answer about the workers yet".to_owned();
        loop {
            let Ok(answer) = timeout_at(deadline, self.client.workers(self.endpoint)).await else {
                return Err(self.late(&state, None, logs).await);
            };
            let answer = answer?;
            let version = answer.endpoint_version;
            if self.before.is_some() && version == self.before {
                "Runpod has not made the new version yet".clone_into(&mut state);
            } else {
                let ours = *ours.get_or_insert(version);
                if version != ours {
                    return Err(self.replaced(ours, version));
                }
                for worker in answer
                    .workers
                    .iter()
                    .filter(|worker| is_new(worker, version))
                {
                    self.follow(&worker.id, logs);
                }
                self.show(logs, &mut watch);
                match watch.look(&answer, version) {
                    Verdict::Up(worker) => return Ok(Outcome::Up { worker }),
                    Verdict::Empty => match (self.smoke, self.min_workers) {
                        (None, 0) => return Ok(Outcome::Asleep),
                        (Some(body), _) if self.stage.job.borrow().is_none() => {
                            // The job makes the platform start a worker.
                            self.submit(body).await?;
                            "waiting for a worker; the smoke job is in the queue"
                                .clone_into(&mut state);
                        }
                        _ => "waiting for a worker".clone_into(&mut state),
                    },
                    Verdict::Waiting(waiting) => state = waiting,
                    Verdict::Failing { reason, worker } => {
                        return Err(self.failed(&reason, worker.as_deref(), logs).await);
                    }
                }
            }
            self.progress.state(&state);
            if Instant::now() >= deadline {
                let worker = logs.followed.last().cloned();
                return Err(self.late(&state, worker.as_deref(), logs).await);
            }
            self.pause(logs, &mut watch).await;
        }
    }

    /// Waits until the next look. Lines of the log are shown as they come.
    async fn pause(&self, logs: &mut Logs, watch: &mut Watch) {
        let pause = sleep(pause(self.client));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                Some(line) = logs.lines.recv() => self.line(line, logs, watch),
            }
        }
    }

    fn show(&self, logs: &mut Logs, watch: &mut Watch) {
        while let Ok(line) = logs.lines.try_recv() {
            self.line(line, logs, watch);
        }
    }

    fn line(&self, line: Line, logs: &mut Logs, watch: &mut Watch) {
        self.progress.line(&shown(&line));
        watch.hear(&line);
        if logs.last.len() == LAST_LINES as usize {
            logs.last.pop_front();
        }
        logs.last.push_back(line);
    }

    fn follow(&self, worker: &str, logs: &mut Logs) {
        if !logs.followed.insert(worker.to_owned()) {
            return;
        }
        let (client, sender) = (self.client.clone(), logs.sender.clone());
        let wanted = self.log_of(worker, true);
        tokio::spawn(async move {
            // The log of a new worker may not exist yet. Without its log, the worker is still watched.
            while let Err(error) = logs::read(&client, &wanted, &sender).await {
                if !error.is_unknown() {
                    break;
                }
                sleep(pause(&client)).await;
            }
        });
    }

    fn log_of(&self, worker: &str, is_followed: bool) -> Wanted {
        Wanted {
            endpoint: self.endpoint.to_owned(),
            worker: worker.to_owned(),
            is_followed,
            ..Wanted::default()
        }
    }

    async fn submit(&self, body: &[u8]) -> Result<(), Failure> {
        self.progress.state("sending the smoke job");
        let probe = Probe::at(self.endpoint)?;
        *self.stage.in_flight.borrow_mut() = Some("the smoke job".to_owned());
        let id = probe.submit(body).await;
        *self.stage.in_flight.borrow_mut() = None;
        *self.stage.job.borrow_mut() = Some((Rc::new(probe), id?));
        Ok(())
    }

    async fn job(&self, deadline: Instant, logs: &mut Logs) -> Result<(), Failure> {
        let Some((probe, id)) = self.stage.job.borrow().clone() else {
            return Ok(());
        };
        self.progress
            .state(&format!("waiting for the smoke job {id}"));
        let mut unheard = Watch::default();
        let outcome = {
            let outcome = timeout_at(deadline, probe.outcome(&id));
            tokio::pin!(outcome);
            loop {
                tokio::select! {
                    outcome = &mut outcome => break outcome,
                    Some(line) = logs.lines.recv() => self.line(line, logs, &mut unheard),
                }
            }
        };
        let Ok(outcome) = outcome else {
            let reason = format!("the smoke job {id} has not finished in time");
            let worker = logs.followed.last().cloned();
            return Err(self.failed(&reason, worker.as_deref(), logs).await);
        };
        let outcome = outcome?;
        *self.stage.job.borrow_mut() = None;
        self.show(logs, &mut unheard);
        if let Some(error) = outcome.error {
            let worker = outcome.worker.or_else(|| logs.followed.last().cloned());
            let reason = format!(
                "the smoke job failed\n{}",
                error.trim_start_matches("error: ")
            );
            return Err(self.failed(&reason, worker.as_deref(), logs).await);
        }
        self.progress
            .line(&format!("smoke job: {}", outcome.summary));
        if let Some(worker) = outcome
            .worker
            .filter(|worker| !logs.followed.contains(worker))
        {
            self.progress.line(&format!(
                "note: the smoke job ran on worker {}, which does not run the new version yet",
                safe_text::line(&worker, 60)
            ));
        }
        if !outcome.output.is_empty() {
            self.progress.line(&format!(
                "smoke job output: {}",
                safe_text::line(&outcome.output, 1000)
            ));
        }
        Ok(())
    }

    /// Cancels the smoke job, if it is still waiting or running. Returns the sentence about it.
    pub(super) async fn cancel(stage: &Stage) -> Option<String> {
        let job = stage.job.borrow_mut().take();
        let (probe, id) = job?;
        Some(if probe.cancel(&id).await {
            format!("the smoke job {id} was cancelled")
        } else {
            format!("the smoke job {id} could not be cancelled; it may still start workers")
        })
    }

    fn replaced(&self, ours: Option<u64>, now: Option<u64>) -> Failure {
        let number = |version: Option<u64>| {
            version.map_or("unknown".to_owned(), |version| version.to_string())
        };
        Failure::new(format!(
            "another deployment has replaced this one: version {} was deployed here, and version {} is current now. `cargo runpod \
             status {}` shows it",
            number(ours),
            number(now),
            self.endpoint
        ))
    }

    async fn late(&self, state: &str, worker: Option<&str>, logs: &mut Logs) -> Failure {
        let reason = format!(
            "no worker runs the new version after {} s (--timeout); the last state: {state}",
            self.limit.as_secs()
        );
        self.failed(&reason, worker, logs).await
    }

    /// Returns the failure with the state of the worker and the end of its log.
    async fn failed(&self, reason: &str, worker: Option<&str>, logs: &mut Logs) -> Failure {
        self.progress.state("reading the end of the log");
        let mut text = reason.to_owned();
        let mut last: Vec<Line> = Vec::new();
        if let Some(worker) = worker {
            let (sender, mut lines) = mpsc::channel(6000);
            let wanted = Wanted {
                tail: Some(LAST_LINES),
                ..self.log_of(worker, false)
            };
            // The log of a worker that is gone cannot be read any more.
            let _ = logs::read(self.client, &wanted, &sender).await;
            drop(sender);
            while let Some(line) = lines.recv().await {
                last.push(line);
            }
        }
        if last.is_empty() {
            last = logs.last.iter().cloned().collect();
        }
        let from = last.len().saturating_sub(LAST_LINES as usize);
        if last.is_empty() {
            text.push_str("\nThe log has no lines.");
        } else {
            text.push_str("\nThe last lines of the log:");
        }
        for line in &last[from..] {
            text.push_str("\n  ");
            text.push_str(&shown(line));
        }
        if let Some(cancelled) = Self::cancel(self.stage).await {
            text.push('\n');
            text.push_str(&cancelled);
        }
        if let Some(existing) = &*self.stage.exists.borrow() {
            text.push('\n');
            text.push_str(&existing.told());
            text.push_str(
                ". To return to the release before, run `cargo runpod deploy --rollback`",
            );
        }
        Failure::new(text)
    }
}

/// Returns the pause between two looks.
fn pause(client: &Client) -> Duration {
    Duration::from_millis(if client.is_here() { 30 } else { 2000 })
}

/// Returns a line of the log as it is shown.
fn shown(line: &Line) -> String {
    let mark = if line.source == "system" {
        " [system]"
    } else {
        ""
    };
    format!(
        "{}{mark} | {}",
        safe_text::line(&line.worker, 60),
        safe_text::line(&line.line, 2000)
    )
}
