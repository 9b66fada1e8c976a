//! What the benchmark and its workers tell each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The input of the job that a worker runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// The URLs to download.
    pub download: Vec<String>,
    /// The files to upload.
    pub upload: Vec<PathBuf>,
    /// The folder for downloaded files.
    pub into: PathBuf,
    /// The file for the report.
    pub report: PathBuf,
}

/// The figures that a worker measures itself, without its start.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Report {
    /// The time of the transfer.
    pub seconds: f64,
    /// The processor time of all threads during the transfer.
    pub processor_seconds: f64,
    /// The peak of the resident memory since the start of the process.
    pub megabytes: f64,
}
