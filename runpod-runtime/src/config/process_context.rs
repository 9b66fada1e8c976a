//! What the settings depend on beside environment and arguments.

use std::io::IsTerminal as _;
use std::path::PathBuf;

/// What the settings depend on beside environment and arguments.
#[derive(Debug, Clone)]
pub(crate) struct ProcessContext {
    /// Whether a handler of this worker streams.
    pub(crate) streams: bool,
    pub(crate) working_directory: PathBuf,
    /// Where the platform mounts a network volume.
    pub(crate) volume: PathBuf,
    pub(crate) temporary: PathBuf,
    pub(crate) stdout_is_terminal: bool,
}

impl ProcessContext {
    /// Those of this process.
    pub(crate) fn of_process(streams: bool) -> Self {
        Self {
            streams,
            working_directory: PathBuf::from("."),
            volume: PathBuf::from("/runpod-volume"),
            temporary: std::env::temp_dir(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
        }
    }
}
