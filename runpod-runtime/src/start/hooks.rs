//! Runs the hooks around the jobs: the fitness checks before the first job, and the shutdown hooks after the last one.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::prepared::Prepared;
use super::unloaded::{Cut, Unloaded};
use crate::config::Mode;
use crate::error::{Error, ErrorKind};
use crate::fitness::{Check, Row, Verdict, built_in, one_after_another, table, together};
use crate::handler::{Hook, LONGEST_DROP, StateCell};
use crate::logging;
use crate::platform::Unhealthy;
use crate::process::exit;
use crate::process::signals::next;
use crate::process::threads::{self, Refused};
use crate::worker::Handlers;

/// The time limit of a shutdown hook that sets none.
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(10);
/// The time limit of all shutdown hooks together, unless the limits that they set are longer together.
const LONGEST_SHUTDOWN_OF_ALL: Duration = Duration::from_secs(20);

/// The size in bytes of the stack of a thread that waits for hooks.
const STACK: usize = 512 << 10;

/// The hooks of a prepared worker. Clones share the results of the checks.
#[derive(Debug, Clone)]
pub(crate) struct Hooks {
    prepared: Prepared,
    /// The threads on which the hooks run.
    threads: Handle,
    /// The results that the table of `--check` has not shown yet.
    rows: Arc<Mutex<Vec<Row>>>,
}

impl Prepared {
    /// Returns the hooks of this worker, which run on the handlers' threads.
    pub(crate) fn hooks(&self, handlers: &Handlers) -> Hooks {
        Hooks {
            prepared: self.clone(),
            threads: handlers.handle().clone(),
            rows: Arc::default(),
        }
    }
}

impl Hooks {
    /// Runs the checks that need no state: first the user's, in their order, and then the built-in ones.
    ///
    /// Local runs skip all checks. With `--check`, no failure is an error yet, because all checks have to run.
    ///
    /// # Errors
    ///
    /// Returns an error if a check failed. The worker has then reported it to the platform.
    pub(crate) fn fitness_before_state(&self) -> Result<(), Unloaded> {
        if !self.checks_run() {
            return Ok(());
        }
        let own = self.own_checks(|hook| hook.state.is_none(), None);
        let built_in = built_in(&self.prepared.settings.fitness);
        self.checked(async |threads, all| {
            let mut rows = one_after_another(own, threads, all).await;
            if all || !any_failed(&rows) {
                rows.extend(together(built_in, threads, all).await);
            }
            rows
        })
    }

    /// Runs the checks that take the state. With `--check`, prints the table of all checks.
    ///
    /// # Errors
    ///
    /// Returns an error if a check failed. The worker has then reported it to the platform.
    pub(crate) fn fitness_with_state(&self, state: Option<&StateCell>) -> Result<(), Unloaded> {
        if !self.checks_run() {
            return Ok(());
        }
        let own = self.own_checks(|hook| hook.state.is_some(), state);
        self.checked(async |threads, all| one_after_another(own, threads, all).await)?;
        match self.prepared.settings.mode {
            Mode::Check => self.show().map_err(Unloaded::Refused),
            _ => Ok(()),
        }
    }

    /// Runs the shutdown hooks in the reverse order of their registration, each with its time limit. A hook that takes
    /// the state is left out if the worker has none, because its start failed. No failure changes the worker's result.
    pub(crate) fn shut_down(&self, state: Option<&StateCell>) {
        if !self.rows().is_empty() {
            // `main` failed, and the results of the checks before it may show why. The error of `main` counts.
            let _ = self.show();
        }
        let due: Vec<_> = self
            .shutdown_hooks()
            .filter(|hook| hook.state.is_none() || state.is_some())
            .collect();
        if due.is_empty() {
            return;
        }
        let most = self.longest_shutdown();
        let ran = waiting(async {
            let end = tokio::time::Instant::now() + most;
            for hook in due {
                run_at_shutdown(hook, state, &self.threads, end).await;
            }
        });
        if let Err(error) = ran {
            tracing::error!("no shutdown hook ran: {error:?}");
        }
    }

    /// Like [`fitness_before_state`](Self::fitness_before_state), on a thread of its own, so that any executor can await
    /// this.
    ///
    /// # Errors
    ///
    /// Returns an error if a check failed or if the system refuses the thread.
    pub(crate) async fn fitness_before_state_elsewhere(&self) -> Result<(), Unloaded> {
        if !self.checks_run() {
            return Ok(());
        }
        let checked = self.on_a_thread(Self::fitness_before_state).await;
        checked.map_err(Unloaded::Refused).flatten()
    }

    /// Like [`fitness_with_state`](Self::fitness_with_state), on a thread of its own, so that any executor can await
    /// this.
    ///
    /// # Errors
    ///
    /// Returns an error if a check failed or if the system refuses the thread.
    pub(crate) async fn fitness_with_state_elsewhere(
        &self,
        state: Option<StateCell>,
    ) -> Result<(), Unloaded> {
        if !self.checks_run() {
            return Ok(());
        }
        let checked = self.on_a_thread(move |hooks| hooks.fitness_with_state(state.as_ref()));
        checked.await.map_err(Unloaded::Refused).flatten()
    }

    /// Runs the shutdown hooks on a thread of their own, so that any executor can await this.
    pub(crate) async fn shut_down_elsewhere(&self, state: Option<StateCell>) {
        if !self.prepared.hooks.iter().any(Hook::is_for_shutdown) {
            return;
        }
        let shut_down = self.on_a_thread(move |hooks| hooks.shut_down(state.as_ref()));
        if let Err(error) = shut_down.await {
            tracing::error!("no shutdown hook ran: {error:?}");
        }
    }

    fn shutdown_hooks(&self) -> impl Iterator<Item = &Hook> {
        let hooks = self.prepared.hooks.iter().rev();
        hooks.filter(|hook| hook.is_for_shutdown())
    }

    /// Returns how long all shutdown hooks may take together.
    fn longest_shutdown(&self) -> Duration {
        let own = self.shutdown_hooks().filter_map(|hook| hook.limit);
        let own = own.fold(Duration::ZERO, Duration::saturating_add);
        own.max(LONGEST_SHUTDOWN_OF_ALL)
    }

    /// Returns how long the process may run after its last job: the time for the shutdown hooks, for the last answers of
    /// the HTTP server, for dropping the user's values, and for the rest.
    pub(crate) fn longest_end(&self) -> Duration {
        let answers = self.prepared.last_answers().unwrap_or_default();
        let rest = answers + LONGEST_DROP + exit::LONGEST;
        self.longest_shutdown().saturating_add(rest)
    }

    /// Sends the answers to the requests that an HTTP server has refused, and closes the server.
    pub(crate) fn close_server(&self) {
        if let Err(error) = waiting(self.prepared.close_server()) {
            tracing::error!("the HTTP server was not closed: {error:?}");
        }
    }

    /// Like [`close_server`](Self::close_server), on a thread of its own, so that any executor can await this.
    pub(crate) async fn close_server_elsewhere(&self) {
        if self.prepared.last_answers().is_some()
            && let Err(error) = self.on_a_thread(Self::close_server).await
        {
            tracing::error!("the HTTP server was not closed: {error:?}");
        }
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, called) = oneshot::channel();
        let hooks = self.clone();
        std::thread::Builder::new()
            .name("runpod-hooks".to_owned())
            // It only waits, and sends a ping. The user's functions run on the handlers' threads.
            .stack_size(STACK)
            .spawn(move || {
                logging::enter_thread();
                let value = call(&hooks);
                // The user's values must be dropped before the caller drops its own.
                drop(hooks);
                let _ = sender.send(value);
            })
            .map_err(|error| {
                Error::new(
                    ErrorKind::System,
                    "the thread for hooks could not be started",
                )
                .with_source(Refused::from(error))
            })?;
        called.await.map_err(|_| {
            Error::new(
                ErrorKind::System,
                "the thread for hooks panicked; this is a bug in runpod-worker",
            )
        })
    }

    /// Returns whether the checks run in the worker's mode.
    fn checks_run(&self) -> bool {
        match &self.prepared.settings.mode {
            Mode::Platform(_) | Mode::Check => true,
            Mode::Http(http) => http.is_deployed(),
            Mode::TestJob { .. } | Mode::MissingTestInput | Mode::ServeApi(_) => false,
        }
    }

    fn own_checks(&self, is_due: impl Fn(&Hook) -> bool, state: Option<&StateCell>) -> Vec<Check> {
        let hooks = self.prepared.hooks.iter();
        hooks
            .filter(|hook| !hook.is_for_shutdown() && is_due(hook))
            .map(|hook| Check::of_hook(hook, state))
            .collect()
    }

    /// Runs checks, logs their results, and reports the first failure.
    fn checked(&self, run: impl AsyncFnOnce(&Handle, bool) -> Vec<Row>) -> Result<(), Unloaded> {
        let all = matches!(self.prepared.settings.mode, Mode::Check);
        let begun = Instant::now();
        let running = waiting(async {
            tokio::select! {
                biased;
                rows = run(&self.threads, all) => Ok(rows),
                cut = self.cut() => Err(cut),
            }
        });
        let rows = running.map_err(Unloaded::Refused)?;
        let rows = rows.map_err(|cut| self.prepared.stop_checks(cut))?;
        if all {
            self.rows().extend(rows);
            return Ok(());
        }
        for row in &rows {
            log(row);
        }
        if let Some(unhealthy) = rows.iter().find_map(Row::unhealthy) {
            return Err(Unloaded::Refused(self.report(unhealthy)));
        }
        let passed = rows.iter().filter(|row| row.has_passed()).count();
        if passed > 0 {
            let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
            tracing::info!("{passed} fitness checks passed in {milliseconds:.1} ms");
        }
        Ok(())
    }

    /// Waits until the worker must stop.
    async fn cut(&self) -> Cut {
        let mut signals = self.prepared.signals.clone();
        tokio::select! {
            signal = next(&mut signals) => Cut::Signal(signal),
            () = self.prepared.stop.cancelled() => Cut::Stopped,
        }
    }

    /// Refuses all requests, reports to the platform that the worker is broken, and returns the error.
    fn report(&self, unhealthy: Unhealthy) -> Error {
        let unhealthy = self.prepared.without_keys(unhealthy);
        self.prepared.refuse_requests(Some(&unhealthy.reason));
        let reported = waiting(self.prepared.report_unhealthy(&unhealthy, &self.threads));
        if let Err(error) = reported {
            tracing::warn!(
                "this worker could not report to the platform that it is broken: {error:?}"
            );
        }
        Error::from(unhealthy).printable(&self.prepared.settings.secrets)
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the table of `--check`.
    fn show(&self) -> Result<(), Error> {
        let rows = std::mem::take(&mut *self.rows());
        let secrets = &self.prepared.settings.secrets;
        // If standard output is closed, its reader needs no more of the text.
        let _ = write!(io::stdout(), "{}", secrets.redact(&table(&rows)));
        let failed = rows.iter().filter(|row| row.unhealthy().is_some()).count();
        if failed == 0 {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unhealthy,
            format!("{failed} of {} fitness checks failed", rows.len()),
        ))
    }
}

/// Waits for `future` on this thread. The timers do not depend on the handlers' threads, which a hook may block.
fn waiting<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = threads::single("the runtime that waits for hooks")?;
    let ended = runtime.block_on(future);
    // A DNS lookup may hang for a long time.
    runtime.shutdown_background();
    Ok(ended)
}

fn any_failed(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.unhealthy().is_some())
}

fn log(row: &Row) {
    let milliseconds = row.took.as_secs_f64() * 1000.0;
    match &row.verdict {
        Verdict::Passed(found) if found.is_empty() => {
            tracing::debug!("fitness check {} passed ({milliseconds:.1} ms)", row.name);
        }
        Verdict::Passed(found) => {
            tracing::debug!(
                "fitness check {} passed ({milliseconds:.1} ms): {found}",
                row.name
            );
        }
        Verdict::Skipped(why) => tracing::debug!("{} skipped: {why}", row.name),
        // The worker's error is the line about the failure.
        Verdict::Failed(_) => {}
    }
}

/// Runs a shutdown hook until its own limit, or until `end`, when the time of all hooks together is over.
async fn run_at_shutdown(
    hook: &Hook,
    state: Option<&StateCell>,
    threads: &Handle,
    end: tokio::time::Instant,
) {
    let left = end.saturating_duration_since(tokio::time::Instant::now());
    let limit = hook.limit.unwrap_or(LONGEST_SHUTDOWN).min(left);
    if limit.is_zero() {
        tracing::error!(
            "shutdown hook {hook} did not run, because the hooks before it took too long; to give all hooks more time \
             together, set `timeout_s` on each of them"
        );
        return;
    }
    let running = async { hook.call(state)?.run(threads).await };
    match timeout(limit, running).await {
        Ok(Ok(_)) => tracing::debug!("shutdown hook {hook} finished"),
        Ok(Err(failure)) => tracing::error!("shutdown hook {hook} failed: {}", failure.message),
        Err(_) => tracing::error!(
            "shutdown hook {hook} took longer than {} s and was abandoned; `timeout_s` sets the limit",
            limit.as_secs_f64()
        ),
    }
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
