//! From a linked binary to a running worker: what `#[runpod::main]` and `Worker::run` do.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Arguments, Environment, Mode, Settings, Surroundings};
use crate::error::{Error, ErrorKind};
use crate::handler::{
    Choice, Dispatch, Failure, Handler, Setup, SetupRun, StateCell, StateType, registered,
};
use crate::local_test;
use crate::logging::{self, LogSettings};
use crate::platform::spool::Spool;
use crate::platform::{Platform, Reporter, Runpod};
use crate::show_schema;
use crate::worker::{self, Concurrency, Ended, Handlers, Modifier, Parts, Policy};

/// The options of `#[runpod::main(...)]`, as they were given.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    refresh_worker: Option<bool>,
    return_aggregate_stream: Option<bool>,
    concurrency: Option<usize>,
    concurrency_modifier: Option<fn(usize) -> usize>,
    handler: Option<fn() -> &'static str>,
    route: Option<&'static str>,
    worker_threads: Option<usize>,
}

impl Options {
    /// Nothing was given.
    pub const NEW: Self = Self {
        refresh_worker: None,
        return_aggregate_stream: None,
        concurrency: None,
        concurrency_modifier: None,
        handler: None,
        route: None,
        worker_threads: None,
    };

    /// A fresh worker after every job, even a failed one.
    #[must_use]
    pub fn refresh_worker(self, value: bool) -> Self {
        Self {
            refresh_worker: Some(value),
            ..self
        }
    }

    /// Whether a stream's result repeats all its items.
    #[must_use]
    pub fn return_aggregate_stream(self, value: bool) -> Self {
        Self {
            return_aggregate_stream: Some(value),
            ..self
        }
    }

    /// How many jobs may run at once.
    #[must_use]
    pub fn concurrency(self, value: usize) -> Self {
        Self {
            concurrency: Some(value),
            ..self
        }
    }

    /// From the current concurrency to the next one, asked before every take.
    #[must_use]
    pub fn concurrency_modifier(self, value: fn(usize) -> usize) -> Self {
        Self {
            concurrency_modifier: Some(value),
            ..self
        }
    }

    /// The handler that gets all jobs: the full path of its function.
    #[must_use]
    pub fn handler(self, value: fn() -> &'static str) -> Self {
        Self {
            handler: Some(value),
            ..self
        }
    }

    /// The key of the input that names the handler.
    #[must_use]
    pub fn route(self, value: &'static str) -> Self {
        Self {
            route: Some(value),
            ..self
        }
    }

    /// Threads for async handlers.
    #[must_use]
    pub fn worker_threads(self, value: usize) -> Self {
        Self {
            worker_threads: Some(value),
            ..self
        }
    }
}

/// Runs the worker that a binary is. For `#[runpod::main]`.
///
/// `setup` is how the state is made.
pub fn launch(options: Options, setup: Setup) -> ExitCode {
    let modifier = options
        .concurrency_modifier
        .map(|modifier| Box::new(modifier) as Modifier);
    let plan = Plan {
        handlers: registered(),
        choice: Choice {
            handler: options.handler.map(|path| path()),
            route: options.route,
        },
        makes: setup.makes,
        refresh_worker: options.refresh_worker.unwrap_or(false),
        return_aggregate_stream: options.return_aggregate_stream.unwrap_or(false),
        concurrency: Concurrency::new(options.concurrency.unwrap_or(1), modifier),
    };
    match run_process(plan, setup.run, options.worker_threads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_process(plan: Plan, setup: SetupRun, threads: Option<usize>) -> Result<(), Error> {
    let Some(ready) = plan.prepare()? else {
        return Ok(());
    };
    let handlers = Handlers::own(threads)?;
    let state = make_state(setup, &handlers).map_err(|failure| ready.setup_error(&failure))?;
    // Only to wait on: the worker has a thread of its own, and its handlers have theirs.
    let waiting = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::System, "the process cannot wait for its worker")
                .with_source(error)
        })?;
    waiting.block_on(ready.serve(state, handlers))
}

fn make_state(setup: SetupRun, handlers: &Handlers) -> Result<Option<StateCell>, Failure> {
    match setup {
        SetupRun::Nothing => Ok(None),
        SetupRun::Blocking(make) => {
            // So that a plain `main` can spawn tasks and make clients that belong to the runtime.
            let _entered = handlers.handle().enter();
            make().map(Some)
        }
        SetupRun::Future(make) => handlers.handle().block_on(make()).map(Some),
    }
}

/// A log line where there is a log already, else text for a person.
fn report(error: &Error) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{error:?}");
    } else {
        eprintln!("error: {error:?}");
    }
}

/// What a worker is to be, before the environment and the arguments were looked at.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) handlers: Vec<Handler>,
    pub(crate) choice: Choice,
    pub(crate) makes: Option<StateType>,
    pub(crate) refresh_worker: bool,
    pub(crate) return_aggregate_stream: bool,
    pub(crate) concurrency: Concurrency,
}

/// A worker that can run: everything is checked that can be checked before its state is made.
#[derive(Debug)]
pub(crate) struct Ready {
    dispatch: Dispatch,
    settings: Settings,
    refresh_worker: bool,
    return_aggregate_stream: bool,
    concurrency: Concurrency,
    begun: Instant,
}

impl Plan {
    /// Reads the environment and the arguments, chooses the handler, sets up the log. Nothing when only words
    /// were wanted, and they were printed.
    pub(crate) fn prepare(self) -> Result<Option<Ready>, Error> {
        let begun = Instant::now();
        let arguments = Arguments::parse(std::env::args_os());
        if arguments.help {
            print!("{}", crate::config::help(&arguments.program));
            return Ok(None);
        }
        let dispatch = Dispatch::choose(self.handlers, self.choice, self.makes)
            .map_err(|error| Error::new(ErrorKind::Handlers, error.to_string()))?;
        if arguments.schema {
            show_schema::show(&dispatch)?;
            return Ok(None);
        }
        let surroundings = Surroundings::of_process(dispatch.streams());
        let settings = Settings::resolve(&Environment::from_process(), &arguments, &surroundings)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        logging::init(&LogSettings::of(&settings));
        tracing::info!("Starting Serverless Worker | Version {}", crate::VERSION);
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Some(Ready {
            dispatch,
            settings,
            refresh_worker: self.refresh_worker,
            return_aggregate_stream: self.return_aggregate_stream,
            concurrency: self.concurrency,
            begun,
        }))
    }
}

impl Ready {
    fn setup_error(&self, failure: &Failure) -> Error {
        let mut text = format!("the worker's state could not be made: {}", failure.message);
        for line in &failure.trace {
            text.push_str("\n  ");
            text.push_str(line);
        }
        let text = match &self.settings.api_key {
            Some(key) => key.redact(&text).into_owned(),
            None => text,
        };
        Error::new(ErrorKind::Setup, text)
    }

    /// Runs the worker, or the local test job, to its end.
    pub(crate) async fn serve(
        self,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        match self.settings.mode.clone() {
            Mode::Platform(urls) => {
                let platform = Runpod::new(
                    urls,
                    self.settings.api_key.as_ref(),
                    self.settings.ping_interval,
                )
                .map_err(|error| {
                    Error::new(
                        ErrorKind::System,
                        "the connection to the platform could not be set up",
                    )
                    .with_source(error)
                })?;
                let spool = self.open_spool();
                let parts = self.parts(Arc::new(platform), state, handlers, spool);
                match worker::start(parts)?.ended().await? {
                    Ended::Finished => Ok(()),
                    // Their failed results say why; the worker itself did as it was told.
                    Ended::Cut(jobs) => {
                        tracing::warn!("{jobs} jobs were cut off");
                        Ok(())
                    }
                    Ended::Unhealthy(reason) => Err(Error::new(
                        ErrorKind::Unhealthy,
                        format!("a handler declared this worker unhealthy: {reason}"),
                    )),
                }
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
                 This worker runs locally, because RUNPOD_WEBHOOK_GET_JOB is not set, and has no job. Give it one with \
                 --test_input '{\"input\": …}', or write it into test_input.json in the working directory.",
            )),
            Mode::ServeApi { .. } => Err(Error::new(
                ErrorKind::Config,
                "--rp_serve_api is not part of this version. Run one job with --test_input '{\"input\": …}'.",
            )),
        }
    }

    /// A local test looks at one job's result: the flag is about the worker, and a stream is shown whole.
    fn for_test(self) -> Self {
        Self {
            refresh_worker: false,
            return_aggregate_stream: true,
            ..self
        }
    }

    fn open_spool(&self) -> Option<Spool> {
        let directory = self.settings.spool.as_ref()?;
        match Spool::open(directory) {
            Ok(spool) => Some(spool),
            Err(error) => {
                tracing::warn!("a result that cannot be delivered will not be kept: {error}");
                None
            }
        }
    }

    fn parts(
        self,
        platform: Arc<dyn Platform>,
        state: Option<StateCell>,
        handlers: Handlers,
        spool: Option<Spool>,
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
                ping_interval: settings.ping_interval,
                shutdown_grace: settings.shutdown_grace,
                handles_signals,
            },
            reporter: Reporter {
                hostname: settings.hostname,
                worker_id: settings.reported_worker_id,
                secret: settings.api_key,
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
