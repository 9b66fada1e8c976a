//! The settings of the log.

use std::sync::OnceLock;

use super::format::Format;
use crate::config::{Arguments, Environment, LogLevel, Mode, ProcessContext, Secrets, Settings};
use crate::process::dev_link::dev_link;

/// The settings of this process's log, once a worker has resolved them.
static OF_PROCESS: OnceLock<LogSettings> = OnceLock::new();

/// The settings of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) level: LogLevel,
    /// Whether to write JSON lines, for the platform or for `cargo runpod dev`.
    pub(crate) json: bool,
    /// The secrets that must not appear in any line.
    pub(crate) secrets: Secrets,
    pub(crate) color: bool,
    /// Whether a logging thread writes its line itself, and therefore waits for a slow reader.
    pub(crate) waits_for_reader: bool,
}

impl LogSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        let is_linked = dev_link().is_some();
        Self {
            level: settings.log_level,
            json: settings.json_logs || is_linked,
            secrets: settings.secrets.clone(),
            color: settings.color,
            waits_for_reader: match settings.mode {
                Mode::Platform(_) | Mode::ServeApi(_) | Mode::Http(_) => false,
                Mode::TestJob { .. } | Mode::MissingTestInput | Mode::Check => !is_linked,
            },
        }
    }

    /// Remembers these settings for [`of_process`](Self::of_process).
    pub(super) fn remember(&self) {
        let _ = OF_PROCESS.set(self.clone());
    }

    /// Returns the settings of this process's worker. If no worker has been prepared yet, reads them from the
    /// environment and the arguments. If these are invalid, the worker reports that when it starts.
    pub(super) fn of_process() -> Self {
        if let Some(settings) = OF_PROCESS.get() {
            return settings.clone();
        }
        let arguments = Arguments::parse(std::env::args_os());
        let context = ProcessContext::of_process(false);
        match Settings::resolve(&Environment::from_process(), &arguments, &context) {
            Ok(settings) => Self::of(&settings),
            Err(_) => Self {
                level: LogLevel::Debug,
                json: false,
                secrets: Secrets::default(),
                color: false,
                waits_for_reader: true,
            },
        }
    }

    pub(super) fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Terminal { color: self.color }
        }
    }
}
