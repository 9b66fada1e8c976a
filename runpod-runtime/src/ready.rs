//! A worker that is checked and has its settings, about to run in one of the three modes.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Arguments, Environment, Mode, PlatformUrls, Settings, Surroundings};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Failure, Handler, StateCell, StateType};
use crate::local_test;
use crate::logging::{self, LogSettings};
use crate::panics;
use crate::platform::{Platform, Reporter, Runpod};
#[cfg(feature = "local")]
use crate::serve_api;
use crate::show_schema;
use crate::spool::SpoolWriter;
use crate::threads::Refused;
use crate::worker::{self, Ended, Handlers, Parts, WorkerConfig};

/// A worker that can run: everything is checked that can be checked before its state is made.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) dispatch: Dispatch,
    pub(crate) settings: Settings,
    pub(crate) config: WorkerConfig,
    pub(crate) begun: Instant,
}

impl Ready {
    /// Reads the environment and the arguments, chooses the handler, sets up the log. Nothing when only words
    /// were wanted, and they were printed.
    ///
    /// # Errors
    ///
    /// When handlers, environment or arguments have a fault.
    pub(crate) fn prepare(
        config: WorkerConfig,
        handlers: Vec<Handler>,
        makes: Option<StateType>,
    ) -> Result<Option<Self>, Error> {
        let begun = Instant::now();
        let arguments = Arguments::parse(std::env::args_os());
        if arguments.help {
            // Whoever closed standard output has read enough of it (`--help | head -1`).
            let _ = write!(io::stdout(), "{}", crate::config::help(&arguments.program));
            return Ok(None);
        }
        let dispatch = Dispatch::choose(handlers, config.choice, makes)
            .map_err(|error| Error::new(ErrorKind::Handlers, error.to_string()))?;
        if arguments.schema {
            show_schema::show(&dispatch)?;
            return Ok(None);
        }
        let surroundings = Surroundings::of_process(dispatch.streams());
        let settings = Settings::resolve(&Environment::from_process(), &arguments, &surroundings)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        logging::init(&LogSettings::of(&settings));
        panics::log_from_now_on(&settings.secrets);
        tracing::info!("Starting Serverless Worker | Version {}", crate::VERSION);
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Some(Self {
            dispatch,
            settings,
            config,
            begun,
        }))
    }

    /// The runtime that handlers run on.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn handlers_runtime(&self) -> Result<Handlers, Error> {
        // A concurrency modifier is asked on a blocking thread.
        let may_block = self.dispatch.may_block() || self.config.concurrency_modifier.is_some();
        Handlers::own(self.config.worker_threads, may_block)
    }

    pub(crate) fn setup_error(&self, failure: &Failure) -> Error {
        let mut text = format!("the worker's state could not be made: {}", failure.message);
        for line in &failure.trace {
            text.push_str("\n  ");
            text.push_str(line);
        }
        Error::new(ErrorKind::Setup, text).printable(&self.settings.secrets)
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
    fn for_test(mut self) -> Self {
        self.config.refresh_worker = false;
        self.config.return_aggregate_stream = true;
        self
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
            config: self.config,
            ping_interval: settings.ping_interval,
            shutdown_grace: settings.shutdown_grace,
            handles_signals,
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
