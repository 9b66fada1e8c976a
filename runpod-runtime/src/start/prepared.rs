//! A worker with checked handlers and settings, ready to run in one of the three modes.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::phases::{StartPhases, age_of_process};
use super::schema;
use crate::config::{Arguments, Environment, Mode, ProcessContext, Settings, serves_handlers};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Failure, Handler, Hook, StateCell, StateType};
use crate::logging::{self, LogSettings};
#[cfg(feature = "http")]
use crate::platform::serving::Server;
use crate::platform::{Platform, Reporter};
use crate::process::dev_link::dev_link;
use crate::process::orphans;
use crate::process::panics;
use crate::process::signals::Signals;
use crate::spool::SpoolWriter;
use crate::traces;
use crate::worker::{Handlers, Parts, WorkerConfig, WorkerEvent};

/// How long `main` may run by default.
const INIT_TIMEOUT: Duration = Duration::from_secs(800);

/// A worker that is ready to run. Everything that can be checked before its state is created has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) dispatch: Dispatch,
    pub(crate) hooks: Arc<[Hook]>,
    pub(crate) settings: Settings,
    pub(crate) config: WorkerConfig,
    pub(crate) begun: Instant,
    pub(crate) phases: StartPhases,
    /// The signals that stop the worker. Only a worker that takes jobs from the platform handles them itself.
    pub(crate) signals: Option<Signals>,
    /// Stops the worker like a signal.
    pub(crate) stop: CancellationToken,
    /// The types of the worker's states.
    #[cfg(feature = "http")]
    pub(crate) makes: Vec<StateType>,
    /// The HTTP server, once it is open.
    #[cfg(feature = "http")]
    pub(crate) server: Option<Arc<Server>>,
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
        hooks: Vec<Hook>,
        makes: impl IntoIterator<Item = StateType>,
    ) -> Result<Option<Self>, Error> {
        let begun = Instant::now();
        let makes: Vec<_> = makes.into_iter().collect();
        let phases = StartPhases::after(age_of_process());
        // This comes first, because an early exit of `cargo runpod dev` must not leave this process behind.
        dev_link();
        let arguments = Arguments::parse(std::env::args_os());
        if arguments.help {
            // If standard output is closed, its reader needs no more of the text (`--help | head -1`).
            let _ = write!(io::stdout(), "{}", crate::config::help(&arguments.program));
            return Ok(None);
        }
        let environment = Environment::from_process();
        let choose = if serves_handlers(&environment, &arguments) {
            Dispatch::choose_by_name
        } else {
            Dispatch::choose
        };
        let dispatch = with_faults_of(&hooks, &makes, |makes| {
            choose(handlers, config.choice, makes)
        })?;
        if arguments.schema {
            schema::show(&dispatch)?;
            return Ok(None);
        }
        let context = ProcessContext::of_process(dispatch.streams());
        let settings = Settings::resolve(&environment, &arguments, &context)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        config.check()?;
        let signals =
            matches!(settings.mode, Mode::Platform(_) | Mode::Http(_)).then(Signals::handle);
        logging::keep_recent();
        // The log adds the spans of the user's code to the traces.
        let trace_warnings = traces::begin(&settings);
        logging::begin(&LogSettings::of(&settings));
        panics::log_from_now_on(&settings.secrets);
        tracing::info!(
            "Starting Serverless Worker | Version {}",
            crate::platform::VERSION
        );
        for warning in settings.warnings.iter().chain(&trace_warnings) {
            tracing::warn!("{warning}");
        }
        Ok(Some(Self {
            dispatch,
            hooks: hooks.into(),
            settings,
            config,
            begun,
            phases,
            signals: signals.and_then(handled),
            stop: CancellationToken::new(),
            #[cfg(feature = "http")]
            makes,
            #[cfg(feature = "http")]
            server: None,
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
        let may_block = self.dispatch.may_block() || self.config.concurrency.modifier.is_some();
        Handlers::own(self.config.worker_threads, may_block)
    }

    /// Returns how long `main` may run.
    pub(crate) fn init_timeout(&self) -> Duration {
        let given = self.settings.init_timeout.or(self.config.init_timeout);
        given.unwrap_or(INIT_TIMEOUT)
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
        let phases = self.phases;
        // `cargo run` replaces itself with the worker, so in a local run the age of the process includes the build.
        let has_true_times = match &settings.mode {
            Mode::Platform(_) => true,
            Mode::Http(http) => !http.is_local(),
            _ => false,
        };
        Parts {
            platform,
            dispatch: self.dispatch,
            state,
            config: self.config,
            ping_interval: settings.ping_interval,
            shutdown_grace: settings.shutdown_grace,
            signals: self.signals,
            stop: self.stop,
            failed_start: None,
            ready: Box::new(move || {
                logging::forget_recent();
                orphans::spare_children_so_far();
                if let Some(times) = phases.ready().filter(|_| has_true_times) {
                    tracing::info!("{times}");
                    for (phase, took) in times.by_phase() {
                        WorkerEvent::StartPhase { phase, took }.emit();
                    }
                }
            }),
            reporter: Reporter {
                hostname: settings.hostname,
                worker_id: settings.reported_worker_id,
                secrets: settings.secrets,
                debugger: settings
                    .debugger
                    .then(|| self.begun.elapsed().as_secs_f64() * 1000.0),
                reports_streams_alike: false,
            },
            spool,
            worker_id: settings.worker_id.into(),
            handlers,
        }
    }
}

#[cfg(test)]
impl Prepared {
    /// Creates a worker with one handler and these settings, which does not handle signals.
    pub(super) fn under_test(
        environment: &Environment,
        config: WorkerConfig,
        hooks: Vec<Hook>,
    ) -> Self {
        let handler = crate::handler::AsyncFunction::into_handler(async || ()).0;
        let context = ProcessContext::of_process(false);
        Self {
            dispatch: Dispatch::choose(vec![handler], config.choice, None).unwrap(),
            hooks: hooks.into(),
            settings: Settings::resolve(environment, &Arguments::default(), &context).unwrap(),
            config,
            begun: Instant::now(),
            phases: StartPhases::after(Duration::ZERO),
            signals: None,
            stop: CancellationToken::new(),
            #[cfg(feature = "http")]
            makes: Vec::new(),
            #[cfg(feature = "http")]
            server: None,
            embedded: false,
        }
    }
}

/// Returns the signals, if the worker can handle them.
pub(super) fn handled(signals: io::Result<Signals>) -> Option<Signals> {
    signals
        .inspect_err(|error| {
            tracing::warn!(
                "signals cannot be handled, so a SIGTERM would kill this worker immediately: {error}"
            );
        })
        .ok()
}

/// Chooses the handlers and reports the faults of the hooks together with those of the handlers.
pub(super) fn with_faults_of<E: std::fmt::Display>(
    hooks: &[Hook],
    makes: &[StateType],
    choose: impl FnOnce(Vec<StateType>) -> Result<Dispatch, E>,
) -> Result<Dispatch, Error> {
    let chosen = choose(makes.to_vec()).map_err(|error| error.to_string());
    let faults = hooks.iter().filter_map(|hook| hook.fault(makes));
    let faults: Vec<String> = chosen
        .as_ref()
        .err()
        .cloned()
        .into_iter()
        .chain(faults)
        .collect();
    match chosen {
        Ok(dispatch) if faults.is_empty() => Ok(dispatch),
        _ => Err(Error::new(ErrorKind::Handlers, faults.join("\n"))),
    }
}
