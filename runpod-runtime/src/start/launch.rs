//! Runs a binary as a worker, for `#[runpod::main]`.

use std::io;
use std::process::ExitCode;

use super::prepared::Prepared;
use crate::error::{Error, ErrorKind};
use crate::handler::UserValues;
use crate::handler::{Setup, SetupRun, registered, registered_hooks};
use crate::logging;
use crate::process::signals;
use crate::process::threads::Refused;
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
    if let Err(error) = hooks.fitness_before_state() {
        hooks.shut_down(None);
        return Err(error);
    }
    let loaded = prepared.load(setup.run, &handlers);
    prepared.settle_observers()?;
    let state = match loaded {
        Ok(state) => state,
        Err(unloaded) => {
            let ended = prepared.end_unloaded(unloaded, &handlers);
            hooks.shut_down(None);
            return ended.map(ExitCode::from);
        }
    };
    let (handlers, kept) = handlers.keeping(UserValues::new(state.clone()));
    let fit = hooks.fitness_with_state(state.as_ref());
    let ended = fit.and_then(|()| prepared.run(state, handlers));
    hooks.shut_down(kept.state().as_ref());
    kept.drop_blocking();
    ended.map(|()| ExitCode::SUCCESS)
}

fn not_caught(error: io::Error) -> Error {
    Error::new(ErrorKind::System, "the signals cannot be caught").with_source(Refused::from(error))
}
