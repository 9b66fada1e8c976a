//! Runs a binary as a worker, for `#[runpod::main]`.

use std::process::ExitCode;

use super::prepared::Prepared;
use crate::error::Error;
use crate::handler::UserValues;
use crate::handler::{Failure, Setup, SetupRun, StateCell, registered};
use crate::logging;
use crate::worker::{Handlers, WorkerConfig};

/// Runs the worker of this binary. Used by `#[runpod::main]`.
///
/// `setup` creates the worker's state.
pub fn launch(config: WorkerConfig, setup: Setup) -> ExitCode {
    let _last = FlushAtEnd;
    let ended = run_process(config, setup);
    if let Err(error) = &ended {
        logging::error(&format!("{error:?}"));
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Flushes the log when `main` ends, also after a panic: the panicking code may hold the lock on standard output, and
/// releases it only while it unwinds.
struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        logging::flush();
    }
}

fn run_process(config: WorkerConfig, setup: Setup) -> Result<(), Error> {
    let Some(prepared) = Prepared::prepare(config, registered(), setup.makes)? else {
        return Ok(());
    };
    if matches!(setup.run, SetupRun::Nothing) {
        logging::settle();
    }
    let handlers = prepared.handlers_runtime()?;
    let made = make_state(setup.run, &handlers);
    prepared.settle_observers()?;
    let state = made.map_err(|failure| prepared.setup_error(&failure))?;
    let (handlers, kept) = handlers.keeping(UserValues::new(state.clone()));
    let ended = prepared.run(state, handlers);
    kept.drop_blocking();
    ended
}

fn make_state(setup: SetupRun, handlers: &Handlers) -> Result<Option<StateCell>, Failure> {
    match setup {
        SetupRun::Nothing => Ok(None),
        SetupRun::Blocking(make) => {
            // A plain `main` may spawn tasks and create clients that need a runtime.
            let _entered = handlers.handle().enter();
            make().map(Some)
        }
        SetupRun::Future(make) => handlers.handle().block_on(make()).map(Some),
    }
}
