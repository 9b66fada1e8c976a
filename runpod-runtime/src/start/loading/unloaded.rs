//! The reasons for a start without a state, and how the worker then ends.

use std::time::Duration;

use crate::error::Error;
use crate::handler::Failure;
use crate::logging;
use crate::process::signals::StopSignal;
use crate::process::threads::single;
use crate::start::prepared::Prepared;
use crate::worker::Handlers;

/// Why there is no state.
#[derive(Debug)]
pub(crate) enum Unloaded {
    /// `main` failed.
    Failed(Failure),
    /// A signal asked the process to stop. This is logged.
    Stopped,
    /// The system refused something that the worker needs.
    Refused(Error),
}

/// Why `main` is cut off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    Signal(StopSignal),
    /// The future of `with_graceful_shutdown` has completed.
    Stopped,
    OutOfTime(Duration),
}

impl From<Cut> for Unloaded {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Signal(_) | Cut::Stopped => Self::Stopped,
            Cut::OutOfTime(most) => Self::Failed(out_of_time(most)),
        }
    }
}

impl Prepared {
    /// Logs that `main` is cut off, unless that is a failure, which is logged later.
    pub(super) fn log_cut(&self, cut: Cut) {
        let why = match cut {
            Cut::Signal(signal) => signal.to_string(),
            Cut::Stopped => "the graceful shutdown began".to_owned(),
            Cut::OutOfTime(_) => return,
        };
        tracing::warn!(
            "{why} while `main` was loading, after {:.2} s: the worker stops and has taken no job",
            self.phases.in_phase().as_secs_f64()
        );
    }

    /// Reports a `main` that failed or was cut off, and returns the exit code of the process.
    ///
    /// # Errors
    ///
    /// Returns an error that has not been logged.
    pub(crate) fn end_unloaded(
        &self,
        unloaded: Unloaded,
        handlers: &Handlers,
    ) -> Result<u8, Error> {
        match unloaded {
            Unloaded::Stopped => Ok(0),
            Unloaded::Refused(error) => Err(error),
            Unloaded::Failed(failure) => {
                // The report contains the log, so this comes first.
                logging::error(&format!("{:?}", self.setup_error(&failure)));
                single("the runtime that reports the failed start")?
                    .block_on(self.report_failed_start(&failure, handlers.share()))?;
                Ok(1)
            }
        }
    }
}

fn out_of_time(most: Duration) -> Failure {
    Failure::new(
        "TimeoutError",
        format!(
            "`main` did not return within {} s; to give it more time, set RUNPOD_INIT_TIMEOUT, or the option \
             `init_timeout` of `#[runpod::main]`, to a larger number of seconds",
            most.as_secs_f64()
        ),
    )
}
