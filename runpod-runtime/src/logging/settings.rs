//! How the log looks.

use super::format::Format;
use crate::config::{LogLevel, Mode, Secrets, Settings};

/// How the log looks.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) level: LogLevel,
    /// JSON lines for the platform.
    pub(crate) json: bool,
    /// What must appear in no line.
    pub(crate) secrets: Secrets,
    pub(crate) color: bool,
    /// Whoever logs waits until the line is written.
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
