//! Runs a binary as a worker, for `#[runpod::main]`.

use std::io;
use std::process::ExitCode;

use super::prepared::Prepared;
use super::unloaded::Unloaded;
use crate::config::Mode;
use crate::error::{Error, ErrorKind};
use crate::handler::UserValues;
use crate::handler::{Setup, SetupRun, registered, registered_hooks};
use crate::logging;
use crate::process::threads::Refused;
use crate::process::{exit, signals};
use crate::traces;
use crate::worker::WorkerConfig;

/// Runs the worker of this binary. Used by `#[runpod::main]`.
///
/// `setup` creates the worker's state.
pub fn launch(config: WorkerConfig, setup: Setup) -> ExitCode {
    let _last = FlushAtEnd;
    // This comes first, because a signal may come at any time.
    let caught = signals::catch_in_workers_process();
    run_process(config, setup, caught).unwrap_or_else(|error| {
        logging::error(&format!("{error:?}"));
        ExitCode::FAILURE
    })
}

/// Flushes the log when `main` ends, also after a panic: the panicking code may hold the lock on standard output, and
/// releases it only while it unwinds.
struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        // The export may log a warning.
        traces::flush();
        logging::flush();
    }
}

fn run_process(
    config: WorkerConfig,
    setup: Setup,
    caught: io::Result<()>,
) -> Result<ExitCode, Error> {
    let Some(prepared) = Prepared::prepare(config, registered(), registered_hooks(), setup.makes)?
    else {
        return Ok(ExitCode::SUCCESS);
    };
    caught.map_err(not_caught)?;
    let prepared = prepared.with_server()?;
    if matches!(setup.run, SetupRun::Nothing) {
        logging::settle();
    }
    let handlers = prepared.handlers_runtime()?;
    let hooks = prepared.hooks(&handlers);
    let is_limited = matches!(prepared.settings.mode, Mode::Platform(_) | Mode::Http(_));
    let loaded = hooks
        .fitness_before_state()
        .and_then(|()| prepared.load(setup.run, &handlers));
    let observed = prepared.settle_observers();
    let (handlers, kept) =
        handlers.keeping(UserValues::new(loaded.as_ref().ok().cloned().flatten()));
    let fit = if let Ok(state) = &loaded {
        observed
            .map_err(Unloaded::Refused)
            .and_then(|()| hooks.fitness_with_state(state.as_ref()))
    } else {
        // The reason of the failed start counts.
        if let Err(error) = observed {
            logging::error(&format!("{error:?}"));
        }
        Ok(())
    };
    let ended = match loaded.and_then(|state| fit.map(|()| state)) {
        Ok(state) => prepared.run(state, handlers).map(|()| 0),
        Err(unloaded) => prepared.end_unloaded(unloaded, handlers),
    };
    if is_limited {
        exit::limit(hooks.longest_end());
    }
    hooks.shut_down(kept.state().as_ref());
    hooks.close_server();
    kept.drop_blocking();
    ended.map(ExitCode::from)
}

fn not_caught(error: io::Error) -> Error {
    Error::new(ErrorKind::System, "the signals cannot be caught").with_source(Refused::from(error))
}
