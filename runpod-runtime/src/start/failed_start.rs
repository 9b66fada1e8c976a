//! What a worker on the platform does if its start fails: it tells the client of one job, and the platform.

use std::sync::Arc;

use super::prepared::Prepared;
use crate::config::Mode;
use crate::error::Error;
use crate::handler::Failure;
use crate::logging;
use crate::platform::{FailedStart, Runpod, Unhealthy};
use crate::process::dev_link::dev_link;
use crate::worker::{self, Handlers};

/// The part of the start that creates the state, in reports.
const MAIN: &str = "main";

impl Prepared {
    /// Reports that a state of the builder could not be created, unless the worker runs inside another program, which gets
    /// the error and may try again.
    pub(crate) async fn report_failed_state(&self, failure: &Failure, handlers: Handlers) {
        if self.embedded {
            return;
        }
        // The report contains the log, so this comes first.
        logging::error(&format!("{:?}", self.setup_error(failure)));
        if let Err(error) = self.report_failed_start(failure, handlers).await {
            logging::error(&format!(
                "the failed start could not be reported: {error:?}"
            ));
        }
    }

    /// Reports that `main` failed: takes one job, for ten seconds at most, fails it with the reason, and reports the
    /// worker as unhealthy. In HTTP mode, it takes no job. The failure is already in the log. Does nothing in a local run,
    /// and with `cargo runpod dev`, which keeps its queue and waits for an edit.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses something that the report needs.
    pub(crate) async fn report_failed_start(
        &self,
        failure: &Failure,
        handlers: Handlers,
    ) -> Result<(), Error> {
        if dev_link().is_some() {
            return Ok(());
        }
        let Mode::Platform(urls) = self.settings.mode.clone() else {
            self.ping_after_failed_start(failure, &handlers).await;
            return Ok(());
        };
        let failed = FailedStart {
            hook: MAIN,
            failure: failure.clone(),
            logs: logging::recent(),
        };
        let spool = self.spool();
        let platform = Runpod::of(urls, &self.settings, handlers.handle())?;
        let mut parts = self
            .clone()
            .parts(Arc::new(platform), None, handlers, spool);
        parts.failed_start = Some(failed);
        parts.ready = Box::new(|| {
            tracing::info!(
                "asking for one job, to tell its client why this worker could not start"
            );
        });
        worker::start(parts)?.ended().await.map(drop)
    }

    /// Reports the worker as unhealthy. In HTTP mode, this is the whole report, because the clients of the requests get
    /// the reason from the server.
    async fn ping_after_failed_start(&self, failure: &Failure, handlers: &Handlers) {
        let unhealthy = self.without_keys(Unhealthy {
            check: MAIN.into(),
            reason: failure.message.clone(),
        });
        let (prepared, threads) = (self.clone(), handlers.handle().clone());
        // Any executor may await this, and the client needs one with I/O and timers.
        let reporting = handlers
            .handle()
            .spawn(async move { prepared.report_unhealthy(&unhealthy, &threads).await });
        let _ = reporting.await;
    }
}
