//! The settings of the log.

use super::format::Format;
use crate::config::{LogLevel, Mode, Secrets, Settings};

/// The settings of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) level: LogLevel,
    /// Whether to write lines in the platform's JSON format.
    pub(crate) json: bool,
    /// The secrets that must not appear in any line.
    pub(crate) secrets: Secrets,
    pub(crate) color: bool,
    /// Whether a logging thread writes its line itself, and therefore waits for a slow reader.
    pub(crate) waits_for_reader: bool,
}

impl LogSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            level: settings.log_level,
            json: settings.json_logs,
            secrets: settings.secrets.clone(),
            color: settings.color,
            waits_for_reader: match settings.mode {
                Mode::Platform(_) | Mode::ServeApi(_) => false,
                Mode::TestJob { .. } | Mode::MissingTestInput => true,
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
