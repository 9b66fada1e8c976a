//! What a job's input tells a handler to do.

use serde::{Deserialize, Serialize};

/// The input of a job.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Plan {
    /// How long it takes, in milliseconds.
    #[serde(default)]
    pub(crate) ms: u64,
    /// Of a stream.
    #[serde(default)]
    pub(crate) items: u64,
    #[serde(default)]
    pub(crate) progress: u64,
    /// Bytes of the result beside what says whose it is, or of each item.
    #[serde(default)]
    pub(crate) size: usize,
    /// Waits before its end until the endpoint opens the gate.
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
    /// A value, and a fresh worker after it.
    Refresh,
    /// Never.
    Hang,
    /// Never, and its thread is lost to others.
    Block,
}

/// The result, and each item and update: the ledger sees whose it is.
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

/// An update of the progress.
pub(crate) fn update(job: &str, number: u64) -> Made {
    Made {
        job: job.to_owned(),
        number: Some(number),
        pad: String::new(),
    }
}

/// Says on standard error that the handler has begun.
pub(crate) fn started(job: &str) {
    announce("started", job);
}

/// Says that it has what it was to make, and is about to end.
pub(crate) fn produced(job: &str) {
    announce("produced", job);
}

/// One write, whole even where many write at once.
fn announce(what: &str, job: &str) {
    use std::io::Write as _;
    if std::env::var_os("CHAOS_ANNOUNCE").is_some() {
        // A suite that has gone needs no news.
        let _ = std::io::stderr().write_all(format!("{what} {job}\n").as_bytes());
    }
}
