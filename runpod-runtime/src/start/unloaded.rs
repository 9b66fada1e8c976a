//! The reasons for a start that ends before the first job, and how the worker then ends.

use std::time::Duration;

use crate::error::Error;
use crate::handler::Failure;
use crate::logging;
use crate::process::signals::StopSignal;
use crate::process::threads::single;
use crate::start::prepared::Prepared;
use crate::worker::Handlers;

/// Why the worker takes no job.
#[derive(Debug)]
pub(crate) enum Unloaded {
    /// `main` failed.
    Failed(Failure),
    /// A signal asked the process to stop. This is logged.
    Stopped,
    /// A fitness check failed, or the worker did not get something that it needs.
    Refused(Error),
}

/// Why `main` or a fitness check is cut off.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
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
    /// Notes that `main` is cut off: refuses the requests that wait for it, and logs why, unless that is a failure, which
    /// is logged later.
    pub(super) fn stop_loading(&self, cut: Cut) {
        self.refuse_after(&cut.into());
        self.log_cut(cut, "`main` was loading");
    }

    /// Notes that the fitness checks are cut off.
    pub(super) fn stop_checks(&self, cut: Cut) -> Unloaded {
        let unloaded = cut.into();
        self.refuse_after(&unloaded);
        self.log_cut(cut, "the fitness checks ran");
        unloaded
    }

    fn log_cut(&self, cut: Cut, meanwhile: &str) {
        let why = match cut {
            Cut::Signal(signal) => signal.to_string(),
            Cut::Stopped => "the graceful shutdown began".to_owned(),
            Cut::OutOfTime(_) => return,
        };
        tracing::warn!(
            "{why} while {meanwhile}, after {:.2} s: the worker stops and has taken no job",
            self.phases.in_phase().as_secs_f64()
        );
    }

    /// In HTTP mode, answers all requests with 503 from now on. Only the first reason counts.
    pub(crate) fn refuse_after(&self, unloaded: &Unloaded) {
        match unloaded {
            Unloaded::Stopped => self.refuse_requests(None),
            Unloaded::Refused(error) => self.refuse_requests(Some(&error.to_string())),
            Unloaded::Failed(failure) => self.refuse_requests(Some(&failure.message)),
        }
    }

    /// Reports a `main` that failed or was cut off, and returns the exit code of the process.
    ///
    /// # Errors
    ///
    /// Returns an error that has not been logged.
    pub(crate) fn end_unloaded(&self, unloaded: Unloaded, handlers: Handlers) -> Result<u8, Error> {
        self.refuse_after(&unloaded);
        match unloaded {
            Unloaded::Stopped => Ok(0),
            Unloaded::Refused(error) => Err(error),
            Unloaded::Failed(failure) => {
                // The report contains the log, so this comes first.
                logging::error(&format!("{:?}", self.setup_error(&failure)));
                single("the runtime that reports the failed start")?
                    .block_on(self.report_failed_start(&failure, handlers))?;
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
