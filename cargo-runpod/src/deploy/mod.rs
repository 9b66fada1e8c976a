//! `cargo runpod deploy`: creates or updates an endpoint, and waits until a worker runs the new version.

mod arguments;
mod changes;
mod checks;
mod deployment;
mod image;
mod names;
mod plan;
mod report;
mod rollback;
mod rollout;
mod secret;
mod show;
mod stage;
mod watch;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use arguments::Arguments;

use rollout::Rollout;
use stage::Stage;

use crate::failure::Failure;
use crate::invoke::signals::Signals;
use crate::threads;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let code = runtime.block_on(interruptible(arguments));
    // A question may still wait for an answer.
    runtime.shutdown_background();
    code
}

async fn interruptible(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    let stage = Stage::default();
    let stop = tokio::select! {
        result = deployment::run(arguments, &stage) => return result.map(|()| ExitCode::SUCCESS),
        stop = signals.next() => stop,
    };
    let cancelled = tokio::select! {
        cancelled = Rollout::cancel(&stage) => cancelled,
        _ = signals.next() => Some("stopped before the smoke job was cancelled; it may still start workers".to_owned()),
    };
    let lines = [Some("\nstopped".to_owned()), cancelled, Some(stage.told())];
    for line in lines.into_iter().flatten() {
        let _ = writeln!(io::stderr(), "{line}");
    }
    Ok(ExitCode::from(stop.code()))
}
