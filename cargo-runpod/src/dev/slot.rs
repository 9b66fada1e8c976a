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
    /// Whether the old worker must exit before the new one starts.
    stops_first: bool,
    /// The worker that starts once the serving one has exited, which is finishing its running jobs.
    next: Option<Next>,
    /// The program of the worker before the serving one, until the serving one has asked for a job. It serves again if
    /// the serving one cannot start.
    previous: Option<Previous>,
    pause: Duration,
    restart: Option<Restart>,
}

#[derive(Debug)]
struct Next {
    program: Arc<Program>,
    previous: Option<Previous>,
}

#[derive(Debug)]
struct Previous {
    program: Arc<Program>,
    /// Whether the new worker has failed before, next to the old one.
    is_second_try: bool,
}

#[derive(Debug)]
struct Restart {
    at: Instant,
    program: Arc<Program>,
}

impl Slot {
    pub(super) fn new(number: u16, stops_first: bool) -> Self {
        Self {
            name: format!("worker-{number}"),
            lives: 0,
            serving: None,
            incoming: None,
            stops_first,
            next: None,
            previous: None,
            pause: SHORTEST_PAUSE,
            restart: None,
        }
    }

    /// Starts a worker of this program that will take over. Returns the workers that must stop now.
    pub(super) fn renew(&mut self, around: &Surroundings, program: &Arc<Program>) -> Vec<Worker> {
        self.restart = None;
        self.pause = SHORTEST_PAUSE;
        let mut leaving: Vec<_> = self.incoming.take().into_iter().collect();
        if let Some(next) = &mut self.next {
            next.program = Arc::clone(program);
            return leaving;
        }
        if self.stops_first {
            match &self.serving {
                Some(serving) if serving.is_attached => {
                    let note = format!(
                        "{} finishes {} before {} starts",
                        serving.id,
                        around.front.words().running,
                        self.id(self.lives + 1)
                    );
                    let previous = Previous {
                        program: Arc::clone(&serving.program),
                        is_second_try: false,
                    };
                    self.stop_and_start(around, program, Some(previous));
                    say::note(&note);
                }
                Some(_) => {
                    let previous = self.previous.take();
                    self.stop_and_start(around, program, previous);
                }
                None => self.serving = Some(self.start(around, Arc::clone(program))),
            }
            return leaving;
        }
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

    /// Tells the serving worker to stop, so that a worker of this program starts when it has exited.
    fn stop_and_start(
        &mut self,
        around: &Surroundings,
        program: &Arc<Program>,
        previous: Option<Previous>,
    ) {
        if let Some(serving) = &self.serving {
            // Otherwise it might still get a job that is meant for the new code.
            around.front.worker_leaves(&serving.id);
            serving.stop();
        }
        self.next = Some(Next {
            program: Arc::clone(program),
            previous,
        });
    }

    /// Handles a worker's first request for jobs, and adds the worker that it replaces to `leaving`. Returns whether
    /// the worker belongs to this slot.
    pub(super) fn attached(
        &mut self,
        around: &Surroundings,
        id: &str,
        leaving: &mut Vec<Worker>,
    ) -> bool {
        if let Some(mut fresh) = self.incoming.take_if(|worker| worker.id == id) {
            fresh.is_attached = true;
            if let Some(before) = self.serving.replace(fresh) {
                // This comes first. Otherwise the old worker might still get a job that is meant for the new code.
                around.front.worker_leaves(&before.id);
                before.stop();
                say::note(&format!(
                    "{id} has taken over; {} finishes {}",
                    before.id,
                    around.front.words().running
                ));
                leaving.push(before);
            }
            return true;
        }
        let Some(worker) = self.serving.as_mut().filter(|worker| worker.id == id) else {
            return false;
        };
        worker.is_attached = true;
        let works = around.front.words().works;
        let previous = self.previous.take();
        if previous.is_some_and(|previous| previous.is_second_try) {
            self.stops_first = true;
            say::note(&format!(
                "{id} {works}; from now on, the old worker stops before the new one starts, as with --stop-first"
            ));
        } else {
            say::note(&format!("{id} {works}"));
        }
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
        if let Some(incoming) = self.incoming.take_if(|worker| worker.id == id) {
            self.incoming_ended(around, &incoming, ended, missing);
            return true;
        }
        let Some(worker) = self.serving.take_if(|worker| worker.id == id) else {
            return false;
        };
        if let Some(next) = self.next.take() {
            self.serving = Some(self.start(around, next.program));
            self.previous = next.previous;
        } else if let Some(fresh) = self.incoming.take() {
            say::note(&format!(
                "{id} stopped: {}; {} takes its place",
                ended.told(),
                fresh.id
            ));
            self.serving = Some(fresh);
        } else if let Some(previous) = self.previous.take() {
            let fresh = self.start(around, previous.program);
            say::fault(&format!(
                "{id} stopped {}: {}{}; {} runs the previous program. Waiting for an edit",
                around.front.words().too_early,
                ended.told(),
                not_a_worker(ended, missing),
                fresh.id
            ));
            self.serving = Some(fresh);
        } else {
            self.serving_ended(around, worker, ended, missing);
        }
        true
    }

    fn incoming_ended(
        &mut self,
        around: &Surroundings,
        worker: &Worker,
        ended: &Ended,
        missing: &dyn Fn(Help) -> Option<String>,
    ) {
        let (id, told) = (&worker.id, ended.told());
        let too_early = around.front.words().too_early;
        let why = not_a_worker(ended, missing);
        let has_failed = ended.status.as_ref().is_ok_and(|status| !status.success());
        match &self.serving {
            // The two may not fit into the memory of the GPU at the same time.
            Some(serving) if serving.is_attached && has_failed && why.is_empty() => {
                say::fault(&format!(
                    "{id} stopped {too_early}: {told}; trying again without {} next to it, as with --stop-first",
                    serving.id
                ));
                let previous = Previous {
                    program: Arc::clone(&serving.program),
                    is_second_try: true,
                };
                self.stop_and_start(around, &worker.program, Some(previous));
            }
            serving => {
                let stays = serving.as_ref().map_or("none", |it| it.id.as_str());
                say::fault(&format!(
                    "{id} stopped {too_early}: {told}{why}; {stays} continues. Waiting for an edit"
                ));
            }
        }
    }

    fn serving_ended(
        &mut self,
        around: &Surroundings,
        worker: Worker,
        ended: &Ended,
        missing: &dyn Fn(Help) -> Option<String>,
    ) {
        let id = &worker.id;
        let status = &ended.status;
        let too_early = around.front.words().too_early;
        let why = not_a_worker(ended, missing);
        if worker.is_attached && status.as_ref().is_ok_and(ExitStatus::success) {
            self.pause = SHORTEST_PAUSE;
            let fresh = self.start(around, worker.program);
            say::note(&format!(
                "{id} has stopped; {} replaces it as a fresh process",
                fresh.id
            ));
            self.serving = Some(fresh);
        } else if !why.is_empty() {
            say::fault(&format!(
                "{id} stopped {too_early}: {}{why}. Waiting for an edit",
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
                "{id} stopped {too_early}: exit code 0{arguments}; it is not restarted. Waiting for an edit"
            ));
        } else {
            self.crashed(around, worker, ended);
        }
    }

    fn crashed(&mut self, around: &Surroundings, worker: Worker, ended: &Ended) {
        if worker.is_attached && worker.since.elapsed() >= LONG_LIFE {
            self.pause = SHORTEST_PAUSE;
        }
        let when = if worker.is_attached {
            String::new()
        } else {
            format!(" {}", around.front.words().too_early)
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
        self.next = None;
        self.serving.take().into_iter().chain(self.incoming.take())
    }

    fn start(&mut self, around: &Surroundings, program: Arc<Program>) -> Worker {
        self.lives += 1;
        Worker::start(around, self.id(self.lives), &self.name, program)
    }

    fn id(&self, life: u32) -> String {
        format!("{}-{life}", self.name)
    }
}

/// Returns the part of a message that tells what the program lacks. It is empty if the program may be a worker.
fn not_a_worker(ended: &Ended, missing: &dyn Fn(Help) -> Option<String>) -> String {
    let lacks = ended.help.and_then(missing);
    lacks.map_or_else(String::new, |lacks| {
        format!(", and the program is not a worker: {lacks}")
    })
}
