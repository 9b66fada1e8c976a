//! The settings of the log.

use super::format::Format;
use crate::config::{LogLevel, Mode, Secrets, Settings};
use crate::process::dev_link::dev_link;

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

    pub(super) fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Terminal { color: self.color }
        }
    }
}
