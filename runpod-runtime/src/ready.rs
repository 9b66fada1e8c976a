//! A worker that is checked and has its settings, about to run in one of the three modes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Mode, PlatformUrls, Settings};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Failure, StateCell};
use crate::local_test;
use crate::platform::{Platform, Reporter, Runpod};
#[cfg(feature = "local")]
use crate::serve_api;
use crate::spool::SpoolWriter;
use crate::threads::Refused;
use crate::worker::{self, Concurrency, Ended, Handlers, Parts, Policy};

/// A worker that can run: everything is checked that can be checked before its state is made.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) dispatch: Dispatch,
    pub(crate) settings: Settings,
    pub(crate) refresh_worker: bool,
    pub(crate) return_aggregate_stream: bool,
    pub(crate) concurrency: Concurrency,
    pub(crate) max_consecutive_failures: Option<NonZeroUsize>,
    pub(crate) begun: Instant,
}

impl Ready {
    pub(crate) fn setup_error(&self, failure: &Failure) -> Error {
        let mut text = format!("the worker's state could not be made: {}", failure.message);
        for line in &failure.trace {
            text.push_str("\n  ");
            text.push_str(line);
        }
        Error::new(ErrorKind::Setup, text).printable(&self.settings.secrets)
    }

    /// Whether some of the user's code runs on blocking threads.
    pub(crate) fn may_block(&self) -> bool {
        self.dispatch.may_block() || self.concurrency.varies()
    }

    /// Runs the worker, or the local test job, to its end: on this thread, which must not run asynchronous code.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub(crate) fn run(self, state: Option<StateCell>, handlers: Handlers) -> Result<(), Error> {
        let Mode::Platform(urls) = self.settings.mode.clone() else {
            let waiting = handlers.handle().clone();
            return waiting.block_on(self.serve(state, handlers));
        };
        let secrets = self.settings.secrets.clone();
        self.on_the_platform(urls, state, handlers)
            .and_then(worker::run_here)
            .and_then(Ended::reported)
            .map_err(|error| error.printable(&secrets))
    }

    /// Runs the worker, or the local test job, to its end.
    ///
    /// # Errors
    ///
    /// What [`WorkerBuilder::run`](crate::WorkerBuilder::run) says. A handler's own words may be in it, but no key.
    pub(crate) async fn serve(
        self,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        let secrets = self.settings.secrets.clone();
        let served = self.serve_in_mode(state, handlers).await;
        served.map_err(|error| error.printable(&secrets))
    }

    async fn serve_in_mode(
        self,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        match self.settings.mode.clone() {
            Mode::Platform(urls) => {
                let parts = self.on_the_platform(urls, state, handlers)?;
                worker::start(parts)?.ended().await?.reported()
            }
            Mode::TestJob { job, source } => {
                tracing::info!("Using {source} as job input.");
                let expected = self.settings.test_output.clone();
                local_test::run(&job, expected.as_ref(), |platform| {
                    self.for_test().parts(platform, state, handlers, None)
                })
                .await
            }
            Mode::MissingTestInput => Err(Error::new(
                ErrorKind::LocalTest,
                "test_input.json not found, exiting.\n\
                 This worker runs locally, because RUNPOD_WEBHOOK_GET_JOB is not set, and has no job.\n  \
                 - To run one job, pass --test_input '{\"input\": …}', or write the job into test_input.json in the \
                 working directory.\n  \
                 - To serve an endpoint on this machine, with a page to send jobs from, pass --rp_serve_api.\n  \
                 - To do that and rebuild the worker after each edit, run `cargo runpod dev`.",
            )),
            #[cfg(feature = "local")]
            Mode::ServeApi(api) => serve_api::serve(self, &api, state, &handlers).await,
            #[cfg(not(feature = "local"))]
            Mode::ServeApi(_) => Err(Error::new(
                ErrorKind::Config,
                "--rp_serve_api needs the feature `local` of runpod-worker, without which this program was built. It is \
                 on by default; take `default-features = false` out of the dependency in Cargo.toml, or add the feature.",
            )),
        }
    }

    fn on_the_platform(
        self,
        urls: PlatformUrls,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<Parts, Error> {
        let spool = self.spool();
        let platform = Runpod::of(urls, &self.settings, handlers.handle())?;
        Ok(self.parts(Arc::new(platform), state, handlers, spool))
    }

    /// A local test looks at one job's result: the flag is about the worker, and a stream is shown whole.
    fn for_test(self) -> Self {
        Self {
            refresh_worker: false,
            return_aggregate_stream: true,
            ..self
        }
    }

    /// The thread that keeps results on disk, if there is to be one.
    fn spool(&self) -> Option<SpoolWriter> {
        if self.settings.spools.is_empty() {
            return None;
        }
        match SpoolWriter::start(self.settings.spools.clone()) {
            Ok(spool) => Some(spool),
            Err(error) => {
                tracing::warn!(
                    "results that cannot be delivered are not kept: {}",
                    Refused::from(error)
                );
                None
            }
        }
    }

    pub(crate) fn parts(
        self,
        platform: Arc<dyn Platform>,
        state: Option<StateCell>,
        handlers: Handlers,
        spool: Option<SpoolWriter>,
    ) -> Parts {
        let settings = self.settings;
        let handles_signals = matches!(settings.mode, Mode::Platform(_));
        Parts {
            platform,
            dispatch: self.dispatch,
            state,
            policy: Policy {
                concurrency: self.concurrency,
                refresh_worker: self.refresh_worker,
                return_aggregate_stream: self.return_aggregate_stream,
                max_consecutive_failures: self.max_consecutive_failures,
                ping_interval: settings.ping_interval,
                shutdown_grace: settings.shutdown_grace,
                handles_signals,
            },
            reporter: Reporter {
                hostname: settings.hostname,
                worker_id: settings.reported_worker_id,
                secrets: settings.secrets,
                debugger: settings
                    .debugger
                    .then(|| self.begun.elapsed().as_secs_f64() * 1000.0),
            },
            spool,
            worker_id: settings.worker_id.into(),
            handlers,
        }
    }
}
