//! A worker with checked handlers and settings, ready to run in one of the three modes.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Instant;

use super::schema;
use crate::config::{Arguments, Environment, Mode, ProcessContext, Settings};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Failure, Handler, StateCell, StateType};
use crate::logging::{self, LogSettings};
use crate::platform::{Platform, Reporter};
use crate::process::dev_link::dev_link;
use crate::process::panics;
use crate::spool::SpoolWriter;
use crate::worker::{Handlers, Parts, WorkerConfig};

/// A worker that is ready to run. Everything that can be checked before its state is created has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) dispatch: Dispatch,
    pub(crate) settings: Settings,
    pub(crate) config: WorkerConfig,
    pub(crate) begun: Instant,
    /// Whether the worker runs inside another program, which handles the signals itself.
    pub(crate) embedded: bool,
}

impl Prepared {
    /// Reads the environment and the arguments, chooses the handlers, and sets up logging. Returns `None` if `--help`
    /// or `--schema` was given and its text has been printed.
    ///
    /// # Errors
    ///
    /// Returns an error if the handlers, the environment or the arguments are invalid.
    pub(crate) fn prepare(
        config: WorkerConfig,
        handlers: Vec<Handler>,
        makes: impl IntoIterator<Item = StateType>,
    ) -> Result<Option<Self>, Error> {
        let begun = Instant::now();
        // This comes first, because an early exit of `cargo runpod dev` must not leave this process behind.
        dev_link();
        let arguments = Arguments::parse(std::env::args_os());
        if arguments.help {
            // If standard output is closed, its reader needs no more of the text (`--help | head -1`).
            let _ = write!(io::stdout(), "{}", crate::config::help(&arguments.program));
            return Ok(None);
        }
        let dispatch = Dispatch::choose(handlers, config.choice, makes)
            .map_err(|error| Error::new(ErrorKind::Handlers, error.to_string()))?;
        if arguments.schema {
            schema::show(&dispatch)?;
            return Ok(None);
        }
        let context = ProcessContext::of_process(dispatch.streams());
        let settings = Settings::resolve(&Environment::from_process(), &arguments, &context)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        logging::init(&LogSettings::of(&settings));
        panics::log_from_now_on(&settings.secrets);
        tracing::info!(
            "Starting Serverless Worker | Version {}",
            crate::platform::VERSION
        );
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Some(Self {
            dispatch,
            settings,
            config,
            begun,
            embedded: false,
        }))
    }

    /// Creates the runtime for the handlers.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses a thread.
    pub(crate) fn handlers_runtime(&self) -> Result<Handlers, Error> {
        // The concurrency modifier is called on a blocking thread.
        let may_block = self.dispatch.may_block() || self.config.concurrency_modifier.is_some();
        Handlers::own(self.config.worker_threads, may_block)
    }

    pub(crate) fn setup_error(&self, failure: &Failure) -> Error {
        let mut text = format!(
            "the worker's state could not be created: {}",
            failure.message
        );
        for line in &failure.trace {
            text.push_str("\n  ");
            text.push_str(line);
        }
        Error::new(ErrorKind::Setup, text).printable(&self.settings.secrets)
    }

    pub(crate) fn parts(
        self,
        platform: Arc<dyn Platform>,
        state: Option<StateCell>,
        handlers: Handlers,
        spool: Option<SpoolWriter>,
    ) -> Parts {
        let settings = self.settings;
        let handles_signals = matches!(settings.mode, Mode::Platform(_)) && !self.embedded;
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
