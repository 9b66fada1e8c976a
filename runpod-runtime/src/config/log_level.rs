//! The log levels, with the SDK's names.

use std::fmt;

/// The SDK's log levels: `NotSet` logs nothing; the others go from `Trace` (everything) to `Error` (errors only).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Nothing is logged.
    NotSet,
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    /// The names that [`named`](LogLevel::named) accepts, for messages.
    pub(super) const NAMES: &str = "NOTSET, TRACE, DEBUG, INFO, WARN or ERROR";

    /// Returns the level with this name, in any case. It also accepts `WARNING`, Python's own name for `WARN`, which
    /// the SDK rejects.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_uppercase().as_str() {
            "NOTSET" => Self::NotSet,
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" | "WARNING" => Self::Warn,
            "ERROR" => Self::Error,
            _ => return None,
        })
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSet => "NOTSET",
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_known_by_its_name_in_any_case() {
        for name in ["NOTSET", "TRACE", "DEBUG", "INFO", "WARN", "ERROR"] {
            let level = LogLevel::named(&name.to_lowercase()).unwrap();
            assert_eq!(level.to_string(), name);
            assert!(LogLevel::NAMES.contains(name));
        }
        assert_eq!(LogLevel::named("Warning"), Some(LogLevel::Warn));
        assert_eq!(LogLevel::named("loud"), None);
        assert_eq!(LogLevel::named("1"), None);
    }
}
