//! Runs `main`, which creates the state, and cuts it off at a signal or at the end of its time.
//!
//! On the platform, a thread of its own watches `main`, because a plain `main` has the main thread. At a signal or at
//! the end of the time, it asks an async `main` to stop. The main thread then drops it and continues. A `main` that does
//! not stop within five seconds is left behind, and the watching thread ends the process. A plain `main` cannot be
//! asked to stop, so it is left behind immediately.

mod watch;

use std::future::Future;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::phases::Phase;
use super::prepared::Prepared;
use super::unloaded::{Cut, Unloaded};
use crate::config::Mode;
use crate::handler::{Failure, SetupRun, StateCell};
use crate::process::panics::{Panic, caught, caught_now};
use crate::process::signals::next;
use crate::worker::Handlers;
use watch::Watch;

impl Prepared {
    /// Runs `main` on this thread. Must not be called from asynchronous code.
    ///
    /// # Errors
    ///
    /// Returns an error if `main` fails or is cut off.
    pub(crate) fn load(
        &self,
        setup: SetupRun,
        handlers: &Handlers,
    ) -> Result<Option<StateCell>, Unloaded> {
        self.phases.finished(Phase::Checks);
        if matches!(setup, SetupRun::Nothing) {
            return Ok(None);
        }
        let watch = match (&self.settings.mode, &self.signals) {
            (Mode::Platform(_) | Mode::Http(_), Some(signals)) => {
                let is_async = matches!(setup, SetupRun::Future(_));
                let watch = Watch::new(is_async);
                let watch = watch.start(self, signals.clone(), handlers.share());
                Some(watch.map_err(Unloaded::Refused)?)
            }
            _ => None,
        };
        let cutting = watch.as_ref().map(|watch| watch.cutting.clone());
        let made = run(setup, handlers, &cutting.unwrap_or_default());
        if let Some(watch) = watch
            && let Some(cut) = watch.main_has_returned()
        {
            return Err(cut.into());
        }
        self.phases.finished(Phase::Main);
        // `main` is only cut off if the watch has decided that.
        made.unwrap_or_else(|| Ok(None)).map_err(Unloaded::Failed)
    }

    /// Awaits `make`, which creates the state of a worker from the builder. If it is cut off, it is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if `make` fails or is cut off.
    pub(crate) async fn load_with<T>(
        &self,
        make: impl Future<Output = Result<T, Failure>>,
        handlers: &Handlers,
    ) -> Result<T, Unloaded> {
        self.phases.finished(Phase::Checks);
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        let (most, stop) = (self.init_timeout(), self.stop.clone());
        let mut signals = self.signals.clone();
        let is_limited = matches!(self.settings.mode, Mode::Platform(_) | Mode::Http(_));
        // Any executor may await this, and not every executor has timers.
        let cut = handlers.handle().spawn(async move {
            tokio::select! {
                () = over.cancelled() => None,
                signal = next(&mut signals) => Some(Cut::Signal(signal)),
                () = stop.cancelled() => Some(Cut::Stopped),
                () = sleep(most), if is_limited => Some(Cut::OutOfTime(most)),
            }
        });
        let cut = tokio::select! {
            biased;
            loaded = make => {
                self.phases.finished(Phase::Main);
                return loaded.map_err(Unloaded::Failed);
            }
            cut = cut => cut.ok().flatten(),
        };
        // There is no reason if the handlers' runtime is shutting down.
        let cut = cut.unwrap_or(Cut::Stopped);
        self.stop_loading(cut);
        Err(cut.into())
    }
}

/// Runs `main`. Returns `None` if it was cut off.
fn run(
    setup: SetupRun,
    handlers: &Handlers,
    cutting: &CancellationToken,
) -> Option<Result<Option<StateCell>, Failure>> {
    let made = match setup {
        SetupRun::Nothing => return Some(Ok(None)),
        SetupRun::Blocking(make) => {
            // A plain `main` may spawn tasks and create clients that need a runtime.
            let _entered = handlers.handle().enter();
            caught_now(make)
        }
        SetupRun::Future(make) => handlers.handle().block_on(async {
            tokio::select! {
                biased;
                loaded = caught(async { make().await }) => Some(loaded),
                () = cutting.cancelled() => None,
            }
        })?,
    };
    let made = made.unwrap_or_else(|panic| Err(panicked(panic)));
    Some(made.map(Some))
}

fn panicked(panic: Panic) -> Failure {
    let failure = Failure::new("panic", format!("`main` panicked: {}", panic.message));
    match panic.place {
        Some(place) => failure.at(format!("panicked at {place}")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::*;
    use crate::config::Environment;
    use crate::worker::WorkerConfig;

    fn prepared(environment: &[(&str, &str)]) -> Prepared {
        let urls = [
            ("RUNPOD_WEBHOOK_GET_JOB", "http://127.0.0.1:9/take/$ID"),
            ("RUNPOD_WEBHOOK_POST_OUTPUT", "http://127.0.0.1:9/post/$ID"),
            ("RUNPOD_AI_API_KEY", "key"),
        ];
        let variables = urls.iter().chain(environment);
        let environment = Environment::of(variables.map(|&(name, value)| (name, value.to_owned())));
        Prepared::under_test(&environment, WorkerConfig::NEW.init_timeout(30), Vec::new())
    }

    #[tokio::test(start_paused = true)]
    async fn a_state_of_a_builder_gets_the_time_of_its_option_or_of_the_environment() {
        for (environment, most) in [
            (&[][..], "30 s"),
            (&[("RUNPOD_INIT_TIMEOUT", "7.5")][..], "7.5 s"),
        ] {
            let prepared = prepared(environment);
            let hangs = pending::<Result<(), Failure>>();
            let loaded = prepared.load_with(hangs, &Handlers::current()).await;
            let Err(Unloaded::Failed(failure)) = loaded else {
                panic!("{loaded:?}");
            };
            assert_eq!(failure.error_type, "TimeoutError");
            assert!(failure.message.contains(most), "{}", failure.message);
        }
        let mut prepared = prepared(&[]);
        prepared.config = WorkerConfig::NEW;
        assert_eq!(prepared.init_timeout(), Duration::from_secs(800));
    }

    #[tokio::test(start_paused = true)]
    async fn a_graceful_shutdown_stops_the_loading_of_a_state_that_does_not_exist_yet() {
        let prepared = prepared(&[]);
        let handlers = Handlers::current();
        prepared.stop.cancel();
        let loaded = prepared.load_with(ready(Ok(7)), &handlers).await;
        assert!(matches!(loaded, Ok(7)), "{loaded:?}");
        let hangs = pending::<Result<(), Failure>>();
        let loaded = prepared.load_with(hangs, &handlers).await;
        assert!(matches!(loaded, Err(Unloaded::Stopped)), "{loaded:?}");
    }
}
