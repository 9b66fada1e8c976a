//! The workers behind the balancer: which are ready, which gets the next request, and why none is ready.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::running::OpenJobs;
use crate::text::one_line;

/// How long to wait for requests that a worker may not have read yet.
const UNREAD: Duration = Duration::from_secs(1);

/// The maximum length of a reason in characters.
const LONGEST_REASON: usize = 512;

/// The workers. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    state: Arc<Mutex<State>>,
    /// Changes whenever the state changes.
    changes: watch::Sender<u64>,
    notice: Notice,
}

/// Prints a line for the person who runs the balancer.
pub(crate) type Notice = fn(&str);

#[derive(Debug, Default)]
struct State {
    workers: Vec<Worker>,
    /// The number of requests so far, for taking turns.
    turns: usize,
    is_building: bool,
    /// Why the newest build failed.
    build_fault: Option<String>,
    /// How the newest worker crashed. It is forgotten when a worker is ready.
    crash: Option<String>,
    is_closing: bool,
    waiting: usize,
    examples: Vec<Value>,
    /// How often a worker has become ready. The page reads the handlers again when this number changes.
    generation: u64,
}

#[derive(Debug)]
struct Worker {
    id: String,
    port: Option<u16>,
    is_ready: bool,
    is_leaving: bool,
    /// The requests that the worker has.
    open: usize,
    /// Those of them that the worker has not started to answer.
    unanswered: usize,
    error: Option<String>,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct View {
    ready: Vec<String>,
    /// Why no worker is ready.
    problem: Option<String>,
    /// Why the newest build failed, while older workers continue.
    fault: Option<String>,
    generation: u64,
    examples: Vec<Value>,
}

impl Pool {
    pub(crate) fn new(examples: Vec<Value>, notice: Notice) -> Self {
        let state = State {
            examples,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            changes: watch::Sender::new(0),
            notice,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changes.send_modify(|version| *version += 1);
        changed
    }

    fn change_worker(&self, id: &str, change: impl FnOnce(&mut Worker)) {
        self.change(|state| {
            if let Some(worker) = state.workers.iter_mut().find(|it| it.id == id) {
                change(worker);
            }
        });
    }

    /// Prints a line for the person who runs the balancer.
    pub(super) fn say(&self, text: &str) {
        (self.notice)(text);
    }

    pub(super) fn describe(&self, examples: Vec<Value>) {
        self.change(|state| state.examples = examples);
    }

    pub(super) fn build_started(&self) {
        self.change(|state| {
            state.is_building = true;
            state.crash = None;
        });
    }

    pub(super) fn build_failed(&self, reason: &str) {
        self.change(|state| {
            state.is_building = false;
            state.build_fault = Some(one_line(reason, LONGEST_REASON).into_owned());
        });
    }

    pub(super) fn build_finished(&self) {
        self.change(|state| {
            state.is_building = false;
            state.build_fault = None;
        });
    }

    pub(super) fn worker_starts(&self, id: &str) {
        self.change(|state| {
            state.workers.push(Worker {
                id: id.to_owned(),
                port: None,
                is_ready: false,
                is_leaving: false,
                open: 0,
                unanswered: 0,
                error: None,
            });
        });
    }

    pub(super) fn has_port(&self, port: u16) -> bool {
        let state = self.state();
        state.workers.iter().any(|it| it.port == Some(port))
    }

    pub(super) fn worker_listens(&self, id: &str, port: u16) {
        self.change_worker(id, |worker| worker.port = Some(port));
    }

    /// Handles the answer to a health check. Returns whether the worker still exists.
    pub(super) fn probed(&self, id: &str, is_ready: bool) -> bool {
        let known = {
            let state = self.state();
            let worker = state.workers.iter().find(|it| it.id == id);
            match worker {
                Some(worker) if worker.is_ready == is_ready || worker.is_leaving => return true,
                worker => worker.is_some(),
            }
        };
        if known {
            self.change(|state| {
                if let Some(worker) = state.workers.iter_mut().find(|it| it.id == id)
                    && !worker.is_leaving
                {
                    worker.is_ready = is_ready;
                    if is_ready {
                        state.crash = None;
                        state.generation += 1;
                    }
                }
            });
        }
        known
    }

    pub(super) async fn attached(&self, id: &str) {
        let is_ready = |state: &State| state.workers.iter().any(|it| it.id == id && it.is_ready);
        self.until(is_ready).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if is_so(&self.state()) {
                return;
            }
            // The sender is in `self`.
            let _ = changes.changed().await;
        }
    }

    pub(super) fn worker_leaves(&self, id: &str) {
        self.change_worker(id, |worker| {
            worker.is_ready = false;
            worker.is_leaving = true;
        });
    }

    pub(super) async fn settled(&self, id: &str) {
        let has_answered = |state: &State| {
            let worker = state.workers.iter().find(|it| it.id == id);
            worker.is_none_or(|worker| worker.unanswered == 0)
        };
        // A request that is still unanswered then was read long ago.
        let _ = timeout(UNREAD, self.until(has_answered)).await;
    }

    pub(super) fn worker_logged_error(&self, id: &str, message: &str) {
        self.change_worker(id, |worker| {
            worker.error = Some(one_line(message, LONGEST_REASON).into_owned());
        });
    }

    pub(super) fn worker_ended(&self, id: &str) {
        self.change(|state| state.workers.retain(|it| it.id != id));
    }

    pub(super) fn worker_crashed(&self, id: &str, reason: &str) {
        self.change(|state| {
            let error = state
                .workers
                .iter_mut()
                .find(|it| it.id == id)
                .and_then(|it| it.error.take());
            let error = error.map_or_else(String::new, |error| format!(": {error}"));
            state.crash = Some(format!(
                "{id} stopped: {}{error}",
                one_line(reason, LONGEST_REASON)
            ));
            state.workers.retain(|it| it.id != id);
        });
    }

    pub(super) fn open_requests(&self) -> OpenJobs {
        let state = self.state();
        OpenJobs {
            queued: state.waiting,
            running: state.workers.iter().map(|it| it.open).sum(),
        }
    }

    pub(super) fn close(&self) {
        self.change(|state| state.is_closing = true);
    }

    /// Returns whether a worker is ready for a request.
    pub(super) fn has_ready(&self) -> bool {
        self.state().workers.iter().any(|it| it.is_ready)
    }

    /// Waits for a worker, and gives it a request. `tried` are the ids of workers that could not be reached.
    ///
    /// # Errors
    ///
    /// Returns the reason if no worker is ready at `deadline`, or if the balancer is closing.
    pub(super) async fn pick(&self, tried: &[String], deadline: Instant) -> Result<Turn, String> {
        let mut changes = self.changes.subscribe();
        let mut waits = None;
        loop {
            changes.borrow_and_update();
            if self.state().is_closing {
                return Err("the load balancer is shutting down".to_owned());
            }
            if let Some(turn) = self.turn(tried) {
                return Ok(turn);
            }
            waits.get_or_insert_with(|| Waiting::of(self));
            if timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(self.state().reason());
            }
        }
    }

    fn turn(&self, tried: &[String]) -> Option<Turn> {
        let mut state = self.state();
        let turns = state.turns;
        let is_able = |worker: &Worker| worker.is_ready && !tried.contains(&worker.id);
        let able: Vec<_> = (0..state.workers.len())
            .filter(|index| is_able(&state.workers[*index]))
            .collect();
        let index = *able.get(turns.checked_rem(able.len())?)?;
        state.turns = turns.wrapping_add(1);
        let worker = &mut state.workers[index];
        let port = worker.port?;
        worker.open += 1;
        worker.unanswered += 1;
        Some(Turn {
            id: worker.id.clone(),
            port,
            is_answered: false,
            pool: self.clone(),
        })
    }

    pub(super) fn view(&self) -> View {
        let state = self.state();
        let ready = state.workers.iter().filter(|it| it.is_ready);
        let ready: Vec<_> = ready.map(|it| it.id.clone()).collect();
        View {
            problem: ready.is_empty().then(|| state.reason()),
            fault: state.build_fault.clone(),
            ready,
            generation: state.generation,
            examples: state.examples.clone(),
        }
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns whether the balancer is about to stop.
    pub(super) fn is_closing(&self) -> bool {
        self.state().is_closing
    }
}

impl State {
    /// Returns why no worker is ready.
    fn reason(&self) -> String {
        let starting = self.workers.iter().find(|it| !it.is_leaving);
        if let Some(fault) = &self.build_fault
            && self.workers.is_empty()
        {
            return format!("no worker is ready: {fault}");
        }
        if self.is_building && self.workers.is_empty() && self.crash.is_none() {
            return "no worker is ready: the worker is still being built".to_owned();
        }
        match (&self.crash, starting) {
            (Some(crash), _) => format!("no worker is ready: {crash}"),
            (None, Some(starting)) => format!(
                "no worker is ready: {} is still starting, because its health check has not answered 200",
                starting.id
            ),
            (None, None) => "no worker is ready: no worker is running".to_owned(),
        }
    }
}

/// Counts a request that waits for a worker.
struct Waiting(Pool);

impl Waiting {
    fn of(pool: &Pool) -> Self {
        pool.change(|state| state.waiting += 1);
        Self(pool.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.change(|state| state.waiting -= 1);
    }
}

/// A request that a worker has. Dropping this value ends it.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) port: u16,
    is_answered: bool,
    pool: Pool,
}

impl Turn {
    /// Prints a line for the person who runs the balancer.
    pub(super) fn say(&self, text: &str) {
        self.pool.say(text);
    }

    /// Reports that the worker has started to answer.
    pub(super) fn answered(&mut self) {
        if !std::mem::replace(&mut self.is_answered, true) {
            let id = &self.id;
            self.pool.change_worker(id, |worker| worker.unanswered -= 1);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.answered();
        self.pool.change_worker(&self.id, |worker| worker.open -= 1);
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod pool_tests;
