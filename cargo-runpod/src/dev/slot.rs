//! The place of one worker. It holds the worker that serves, the one about to take over, and the restart after a crash.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::missing::Help;
use super::program::Program;
use super::say;
use super::worker::{Ended, Surroundings, Worker};

/// The pause after the first crash.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The pause after many crashes in a row.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A worker that lives this long before it crashes is not in a crash loop.
const LONG_LIFE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Slot {
    /// For example, `worker-1`.
    name: String,
    lives: u32,
    serving: Option<Worker>,
    /// The worker that takes over once it asks for jobs.
    incoming: Option<Worker>,
    pause: Duration,
    restart: Option<Restart>,
}

#[derive(Debug)]
struct Restart {
    at: Instant,
    program: Arc<Program>,
}

impl Slot {
    pub(super) fn new(number: u16) -> Self {
        Self {
            name: format!("worker-{number}"),
            lives: 0,
            serving: None,
            incoming: None,
            pause: SHORTEST_PAUSE,
            restart: None,
        }
    }

    /// Starts a worker of this program that will take over. Returns the workers that must stop now.
    pub(super) fn renew(&mut self, around: &Surroundings, program: &Arc<Program>) -> Vec<Worker> {
        self.restart = None;
        self.pause = SHORTEST_PAUSE;
        let mut leaving: Vec<_> = self.incoming.take().into_iter().collect();
        // A worker that takes no jobs yet need not wait for its replacement.
        leaving.extend(self.serving.take_if(|worker| !worker.is_attached));
        let fresh = Some(self.start(around, Arc::clone(program)));
        if self.serving.is_some() {
            self.incoming = fresh;
        } else {
            self.serving = fresh;
        }
        leaving
    }

    /// Handles a worker's first request for jobs, and adds the worker that it replaces to `leaving`. Returns whether
    /// the worker belongs to this slot.
    pub(super) fn attached(&mut self, id: &str, leaving: &mut Vec<Worker>) -> bool {
        if let Some(mut fresh) = self.incoming.take_if(|worker| worker.id == id) {
            fresh.is_attached = true;
            if let Some(before) = self.serving.replace(fresh) {
                say::note(&format!(
                    "{id} has taken over; {} finishes its running jobs",
                    before.id
                ));
                leaving.push(before);
            }
            return true;
        }
        let Some(worker) = self.serving.as_mut().filter(|worker| worker.id == id) else {
            return false;
        };
        worker.is_attached = true;
        say::note(&format!("{id} takes jobs"));
        true
    }

    /// Handles the exit of a worker. Returns whether the worker belongs to this slot.
    pub(super) fn ended(
        &mut self,
        around: &Surroundings,
        id: &str,
        ended: &Ended,
        missing: &dyn Fn(Help) -> Option<String>,
    ) -> bool {
        let status = &ended.status;
        if self.incoming.take_if(|worker| worker.id == id).is_some() {
            let stays = self.serving.as_ref().map_or("none", |it| it.id.as_str());
            let lacks = ended.help.and_then(missing);
            let why = lacks.map(|lacks| format!(", and the program is not a worker: {lacks}"));
            let why = why.unwrap_or_default();
            say::fault(&format!(
                "{id} stopped before it took a job: {}{why}; {stays} continues. Waiting for an edit",
                ended.told()
            ));
            return true;
        }
        let Some(worker) = self.serving.take_if(|worker| worker.id == id) else {
            return false;
        };
        if let Some(fresh) = self.incoming.take() {
            say::note(&format!(
                "{id} stopped: {}; {} takes its place",
                ended.told(),
                fresh.id
            ));
            self.serving = Some(fresh);
        } else if worker.is_attached && status.as_ref().is_ok_and(ExitStatus::success) {
            self.pause = SHORTEST_PAUSE;
            let fresh = self.start(around, worker.program);
            say::note(&format!(
                "{id} has stopped; {} replaces it as a fresh process",
                fresh.id
            ));
            self.serving = Some(fresh);
        } else if let Some(lacks) = ended.help.and_then(missing) {
            say::fault(&format!(
                "{id} stopped before it took a job: {}, and the program is not a worker: {lacks}. Waiting for an edit",
                ended.told()
            ));
        } else if !worker.is_attached && status.as_ref().is_ok_and(ExitStatus::success) {
            // The worker did not crash. It has done something else, and would do the same again.
            let arguments = if around.arguments.is_empty() {
                ""
            } else {
                ", perhaps because of the arguments after `--`"
            };
            say::fault(&format!(
                "{id} stopped before it took a job: exit code 0{arguments}; it is not restarted. Waiting for an edit"
            ));
        } else {
            self.crashed(worker, ended);
        }
        true
    }

    fn crashed(&mut self, worker: Worker, ended: &Ended) {
        if worker.is_attached && worker.since.elapsed() >= LONG_LIFE {
            self.pause = SHORTEST_PAUSE;
        }
        let when = if worker.is_attached {
            ""
        } else {
            " before it took a job"
        };
        say::fault(&format!(
            "{} stopped{when}: {}; restarting in {} s, or after an edit",
            worker.id,
            ended.told(),
            self.pause.as_secs()
        ));
        self.restart = Some(Restart {
            at: Instant::now() + self.pause,
            program: worker.program,
        });
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    pub(super) fn restarts_at(&self) -> Option<Instant> {
        self.restart.as_ref().map(|restart| restart.at)
    }

    pub(super) fn restart_if_due(&mut self, around: &Surroundings, now: Instant) {
        if let Some(restart) = self.restart.take_if(|restart| restart.at <= now) {
            self.serving = Some(self.start(around, restart.program));
        }
    }

    /// Closes the slot and returns its workers.
    pub(super) fn close(&mut self) -> impl Iterator<Item = Worker> {
        self.restart = None;
        self.serving.take().into_iter().chain(self.incoming.take())
    }

    fn start(&mut self, around: &Surroundings, program: Arc<Program>) -> Worker {
        self.lives += 1;
        let id = format!("{}-{}", self.name, self.lives);
        Worker::start(around, id, &self.name, program)
    }
}
