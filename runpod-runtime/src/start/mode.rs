//! Runs a prepared worker in its mode: on the platform, with one local test job, or with a local endpoint.

use std::sync::Arc;

#[cfg(feature = "local")]
use super::local_endpoint;
use super::local_test;
use super::prepared::Prepared;
use crate::config::{Mode, PlatformUrls};
use crate::error::{Error, ErrorKind};
use crate::handler::StateCell;
use crate::platform::{Runpod, SingleJob};
use crate::process::threads::Refused;
use crate::spool::SpoolWriter;
use crate::worker::{self, Ended, Handlers, Parts};

impl Prepared {
    /// Runs the worker or the local test job on this thread until it finishes. Must not be called from asynchronous
    /// code.
    ///
    /// # Errors
    ///
    /// See [`serve`](Self::serve).
    pub(crate) fn run(self, state: Option<StateCell>, handlers: Handlers) -> Result<(), Error> {
        let secrets = self.settings.secrets.clone();
        let ended = match self.settings.mode.clone() {
            Mode::Platform(urls) => self
                .on_the_platform(urls, state, handlers)
                .and_then(worker::run_here)
                .and_then(Ended::reported),
            Mode::Http(http) => self.run_http(&http, state, handlers),
            _ => {
                let waiting = handlers.handle().clone();
                return waiting.block_on(self.serve(state, handlers));
            }
        };
        ended.map_err(|error| error.printable(&secrets))
    }

    /// Runs the worker or the local test job until it finishes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`WorkerBuilder::run`](crate::WorkerBuilder::run). The message may contain text from a
    /// handler, but no key.
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
            Mode::Http(http) => self.serve_http(&http, state, handlers).await,
            Mode::TestJob { job, source } => {
                tracing::info!("Using {source} as job input.");
                let expected = self.settings.test_output.clone();
                let largest = self.settings.largest_result;
                // `for_test` sets this option for every worker.
                let only_here = !self.config.return_aggregate_stream;
                let adjusted = |platform: SingleJob| {
                    platform
                        .limited_to(largest)
                        .repeating_items_only_here(only_here)
                };
                local_test::run(&job, expected.as_ref(), adjusted, |platform| {
                    self.for_test().parts(platform, state, handlers, None)
                })
                .await
            }
            Mode::MissingTestInput => Err(Error::new(
                ErrorKind::LocalTest,
                "test_input.json not found, exiting.\n\
                 RUNPOD_WEBHOOK_GET_JOB is not set, so this worker runs locally, and it has no test job.\n  \
                 - To run one job, pass --test_input '{\"input\": …}', or write the job into test_input.json in the \
                 working directory.\n  \
                 - To serve a local endpoint, with a page to send jobs from, pass --rp_serve_api.\n  \
                 - To serve the handlers over HTTP, as on a load-balancing endpoint, pass --serve-http (feature `http`).\n  \
                 - To serve a local endpoint and rebuild the worker after each edit, run `cargo runpod dev`.",
            )),
            // The checks have run, and the table shows them.
            Mode::Check => Ok(()),
            #[cfg(feature = "local")]
            Mode::ServeApi(api) => local_endpoint::serve(self, &api, state, &handlers).await,
            #[cfg(not(feature = "local"))]
            Mode::ServeApi(_) => Err(Error::new(
                ErrorKind::Config,
                "--rp_serve_api needs the feature `local` of runpod-worker, but this program was built without it. The \
                 feature is on by default: remove `default-features = false` from the dependency in Cargo.toml, or add \
                 the feature.",
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

    /// Adjusts the options for a local test job: a refresh has no meaning there, and the result shows the whole
    /// stream.
    fn for_test(mut self) -> Self {
        self.config.refresh_worker = false;
        self.config.return_aggregate_stream = true;
        self
    }

    /// Starts the thread that keeps results on disk, unless the spool is off.
    pub(super) fn spool(&self) -> Option<SpoolWriter> {
        if self.settings.spools.is_empty() {
            return None;
        }
        match SpoolWriter::start(self.settings.spools.clone()) {
            Ok(spool) => Some(spool),
            Err(error) => {
                tracing::warn!(
                    "undelivered results cannot be kept on disk: {}",
                    Refused::from(error)
                );
                None
            }
        }
    }
}
