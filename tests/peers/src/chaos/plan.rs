//! The plan in a job's input, which tells a handler what to do.

use serde::{Deserialize, Serialize};

/// The input of a job.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Plan {
    /// How long the handler takes, in milliseconds.
    #[serde(default)]
    pub(crate) ms: u64,
    /// The number of items of a stream.
    #[serde(default)]
    pub(crate) items: u64,
    #[serde(default)]
    pub(crate) progress: u64,
    /// The size of the padding in the result or in each item, in bytes.
    #[serde(default)]
    pub(crate) size: usize,
    /// Whether the handler waits before its end until the endpoint opens the gate.
    #[serde(default)]
    pub(crate) gate: bool,
    #[serde(default)]
    pub(crate) end: End,
}

/// How the handler ends.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    #[default]
    Value,
    Error,
    Panic,
    /// Returns a value and asks for a fresh worker.
    Refresh,
    /// Never ends.
    Hang,
    /// Never ends, and blocks its thread.
    Block,
}

/// A result, an item or an update. It names its job for the ledger.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pad: String,
}

impl Plan {
    pub(crate) fn result(&self, job: &str) -> Made {
        Made {
            job: job.to_owned(),
            number: None,
            pad: "x".repeat(self.size),
        }
    }

    pub(crate) fn item(&self, job: &str, number: u64) -> Made {
        Made {
            number: Some(number),
            ..self.result(job)
        }
    }
}

/// Returns a progress update.
pub(crate) fn update(job: &str, number: u64) -> Made {
    Made {
        job: job.to_owned(),
        number: Some(number),
        pad: String::new(),
    }
}

/// Announces on standard error that the handler has started.
pub(crate) fn started(job: &str) {
    announce("started", job);
}

/// Announces that the handler has produced its output and is about to return.
pub(crate) fn produced(job: &str) {
    announce("produced", job);
}

/// Writes the line with one call, so that it stays whole when several handlers write.
fn announce(what: &str, job: &str) {
    use std::io::Write as _;
    if std::env::var_os("CHAOS_ANNOUNCE").is_some() {
        // The suite may already be gone, so an error does not matter.
        let _ = std::io::stderr().write_all(format!("{what} {job}\n").as_bytes());
    }
}
