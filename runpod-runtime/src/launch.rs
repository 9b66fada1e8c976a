//! From a linked binary to a running worker: what `#[runpod::main]` and `Worker::run` do.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Arguments, Environment, Settings, Surroundings};
use crate::error::{Error, ErrorKind};
use crate::handler::{
    Choice, Dispatch, Failure, FunctionId, Handler, Setup, SetupRun, StateCell, StateType,
    registered,
};
use crate::logging::{self, LogSettings};
use crate::panics;
use crate::ready::Ready;
use crate::show_schema;
use crate::user_values::UserValues;
use crate::worker::{Concurrency, Handlers, Modifier};

/// The options of `#[runpod::main(...)]`, as they were given.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    refresh_worker: Option<bool>,
    return_aggregate_stream: Option<bool>,
    concurrency: Option<usize>,
    concurrency_modifier: Option<fn(usize) -> usize>,
    handler: Option<fn() -> FunctionId>,
    route: Option<&'static str>,
    max_consecutive_failures: Option<usize>,
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
        max_consecutive_failures: None,
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

    /// The handler that gets all jobs.
    #[must_use]
    pub fn handler(self, value: fn() -> FunctionId) -> Self {
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

    /// How many failed jobs in a row mean that the worker is broken.
    #[must_use]
    pub fn max_consecutive_failures(self, value: usize) -> Self {
        Self {
            max_consecutive_failures: Some(value),
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
    let _last = FlushAtEnd;
    let modifier = options
        .concurrency_modifier
        .map(|modifier| Arc::new(modifier) as Modifier);
    let plan = Plan {
        handlers: registered(),
        choice: Choice {
            handler: options.handler.map(|id| id()),
            route: options.route,
        },
        makes: setup.makes,
        refresh_worker: options.refresh_worker.unwrap_or(false),
        return_aggregate_stream: options.return_aggregate_stream.unwrap_or(false),
        concurrency: Concurrency::new(options.concurrency.unwrap_or(1), modifier),
        max_consecutive_failures: options.max_consecutive_failures.and_then(NonZeroUsize::new),
    };
    let ended = run_process(plan, setup.run, options.worker_threads);
    if let Err(error) = &ended {
        logging::error(&format!("{error:?}"));
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Writes what is in the log when `main` ends. After a panic too: the panicking code may have held standard output, which is
/// free again only when it has been unwound.
struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        logging::flush();
    }
}

fn run_process(plan: Plan, setup: SetupRun, threads: Option<usize>) -> Result<(), Error> {
    let Some(ready) = plan.prepare()? else {
        return Ok(());
    };
    let handlers = Handlers::own(threads, ready.may_block())?;
    let state = make_state(setup, &handlers).map_err(|failure| ready.setup_error(&failure))?;
    let (handlers, kept) = handlers.keeping(UserValues::new(state.clone()));
    let ended = ready.run(state, handlers);
    kept.drop_blocking();
    ended
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

/// What a worker is to be, before the environment and the arguments were looked at.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) handlers: Vec<Handler>,
    pub(crate) choice: Choice,
    pub(crate) makes: Option<StateType>,
    pub(crate) refresh_worker: bool,
    pub(crate) return_aggregate_stream: bool,
    pub(crate) concurrency: Concurrency,
    pub(crate) max_consecutive_failures: Option<NonZeroUsize>,
}

impl Plan {
    /// Reads the environment and the arguments, chooses the handler, sets up the log. Nothing when only words
    /// were wanted, and they were printed.
    pub(crate) fn prepare(self) -> Result<Option<Ready>, Error> {
        let begun = Instant::now();
        let arguments = Arguments::parse(std::env::args_os());
        if arguments.help {
            // Whoever closed standard output has read enough of it (`--help | head -1`).
            let _ = write!(io::stdout(), "{}", crate::config::help(&arguments.program));
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
        panics::log_from_now_on(&settings.secrets);
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
            max_consecutive_failures: self.max_consecutive_failures,
            begun,
        }))
    }
}
