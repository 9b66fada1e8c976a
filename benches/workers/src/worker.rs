//! The workers that are measured.

/// All workers, in the order of the table's columns.
pub(crate) const ALL: [Worker; 6] = [
    Worker::Hyper,
    Worker::Reqwest,
    Worker::Ours,
    Worker::OursWithoutSpool,
    Worker::RunpodSdk,
    Worker::Python,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worker {
    Hyper,
    Reqwest,
    Ours,
    OursWithoutSpool,
    RunpodSdk,
    Python,
}

impl Worker {
    /// Returns the name for `--only`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Reqwest => "reqwest",
            Self::Ours => "ours",
            Self::OursWithoutSpool => "ours-without-spool",
            Self::RunpodSdk => "runpod-sdk",
            Self::Python => "python",
        }
    }

    /// Returns the title of the table's column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Hyper => "bare hyper",
            Self::Reqwest => "bare reqwest",
            Self::Ours => "`runpod-worker`",
            Self::OursWithoutSpool => "`runpod-worker`, spool off",
            Self::RunpodSdk => "`runpod-sdk` 0.8",
            Self::Python => "Python SDK 1.12.0",
        }
    }

    /// Returns the name of the worker's program, which is empty for the Python SDK.
    pub(crate) fn program(self, streams: bool) -> &'static str {
        match self {
            Self::Hyper => "bare_hyper",
            Self::Reqwest => "bare_reqwest",
            Self::Ours | Self::OursWithoutSpool if streams => "ours_stream",
            Self::Ours | Self::OursWithoutSpool => "ours",
            Self::RunpodSdk => "runpod_sdk",
            Self::Python => "",
        }
    }
}
