//! A worker inside another program: its settings are explicit, and it leaves everything of the process alone.

use std::fmt;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::phases::StartPhases;
use super::prepared::{Prepared, with_faults_of};
use crate::config::{self, Arguments, Environment, Mode, ProcessContext};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Handler, Hook, StateType};
use crate::process::panics;
use crate::worker::WorkerConfig;

/// The settings of a worker inside another program ([`WorkerBuilder::embedded`](crate::WorkerBuilder::embedded)).
///
/// They have the names of the environment variables of a worker, which `docs/reference/running.md` lists. An empty value
/// counts as unset. The variables of the log have no effect.
///
/// ```
/// use runpod::Settings;
///
/// // The settings of the process, with another id for the second worker:
/// let settings = Settings::from_env().var("RUNPOD_POD_ID", "worker-2");
///
/// // Settings that do not depend on the environment of the process:
/// let settings = Settings::new()
///     .var("RUNPOD_WEBHOOK_GET_JOB", "https://api.runpod.ai/v2/my-endpoint/job-take/$RUNPOD_POD_ID")
///     .var("RUNPOD_AI_API_KEY", "the worker's key");
/// ```
#[derive(Clone, Default)]
pub struct Settings(Environment);

impl Settings {
    /// Creates settings without any value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the environment variables of this process.
    pub fn from_env() -> Self {
        Self(Environment::from_process())
    }

    /// Sets a value, in place of the value that it may already have. An empty value removes it.
    #[must_use]
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.set(name.into(), value.into());
        self
    }
}

impl fmt::Debug for Settings {
    /// Shows only the names, because any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Prepared {
    /// Chooses the handlers and resolves the settings of a worker inside another program.
    ///
    /// # Errors
    ///
    /// Returns an error if the handlers or the settings are invalid.
    pub(super) fn embedded(
        config: WorkerConfig,
        handlers: Vec<Handler>,
        hooks: Vec<Hook>,
        makes: &[StateType],
        settings: &Settings,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let phases = StartPhases::after(Duration::ZERO);
        let choice = config.choice;
        let dispatch = with_faults_of(&hooks, makes, |makes| {
            Dispatch::choose(handlers, choice, makes)
        })?;
        let Settings(environment) = settings;
        if environment.get(TAKE).is_none() {
            return Err(Error::new(ErrorKind::Config, NO_ENDPOINT));
        }
        let context = ProcessContext::of_process(dispatch.streams());
        let settings = config::Settings::resolve(environment, &Arguments::default(), &context)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        config.check()?;
        debug_assert!(matches!(settings.mode, Mode::Platform(_)));
        panics::leave_the_hook();
        tracing::info!(
            "Starting Serverless Worker | Version {}",
            crate::platform::VERSION
        );
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            dispatch,
            hooks: hooks.into(),
            settings,
            config,
            begun,
            phases,
            signals: None,
            stop: CancellationToken::new(),
            #[cfg(feature = "http")]
            makes: makes.to_vec(),
            #[cfg(feature = "http")]
            server: None,
            embedded: true,
        })
    }
}

const TAKE: &str = "RUNPOD_WEBHOOK_GET_JOB";

const NO_ENDPOINT: &str = "RUNPOD_WEBHOOK_GET_JOB is not set, so this embedded worker has no endpoint to take jobs from. On \
     Runpod, use `Settings::from_env()`. Elsewhere, start a local endpoint and set the variables that it gives for \
     further workers with `Settings::var`, or do not run this worker.";
