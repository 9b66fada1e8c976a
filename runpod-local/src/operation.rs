//! The operation that a path requests. Rate limits and faults refer to operations by name.

/// An operation of the public API or of the workers' API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Run,
    Runsync,
    Status,
    StatusSync,
    Stream,
    Cancel,
    Retry,
    PurgeQueue,
    Health,
    OpenAi,
    JobTake,
    JobTakeBatch,
    JobStop,
    JobStream,
    JobDone,
    Ping,
}

impl Operation {
    pub(crate) const ALL: [Self; 16] = [
        Self::Run,
        Self::Runsync,
        Self::Status,
        Self::StatusSync,
        Self::Stream,
        Self::Cancel,
        Self::Retry,
        Self::PurgeQueue,
        Self::Health,
        Self::OpenAi,
        Self::JobTake,
        Self::JobTakeBatch,
        Self::JobStop,
        Self::JobStream,
        Self::JobDone,
        Self::Ping,
    ];

    /// Returns the operation's name: the first word of its path.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Runsync => "runsync",
            Self::Status => "status",
            Self::StatusSync => "status-sync",
            Self::Stream => "stream",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::PurgeQueue => "purge-queue",
            Self::Health => "health",
            Self::OpenAi => "openai",
            Self::JobTake => "job-take",
            Self::JobTakeBatch => "job-take-batch",
            Self::JobStop => "job-stop",
            Self::JobStream => "job-stream",
            Self::JobDone => "job-done",
            Self::Ping => "ping",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "run" => Self::Run,
            "runsync" => Self::Runsync,
            "status" => Self::Status,
            "status-sync" => Self::StatusSync,
            "stream" => Self::Stream,
            "cancel" => Self::Cancel,
            "retry" => Self::Retry,
            "purge-queue" => Self::PurgeQueue,
            "health" => Self::Health,
            "openai" => Self::OpenAi,
            "job-take" => Self::JobTake,
            "job-take-batch" => Self::JobTakeBatch,
            "job-stop" => Self::JobStop,
            "job-stream" => Self::JobStream,
            "job-done" => Self::JobDone,
            "ping" => Self::Ping,
            _ => return None,
        })
    }

    /// Returns the operation of a path, with or without the prefix `/v2/<endpoint id>`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let bare = path.strip_prefix('/')?;
        let bare = match bare.strip_prefix("v2/") {
            Some(rest) => rest.split_once('/')?.1,
            None => bare,
        };
        Self::named(bare.split('/').next()?)
    }

    /// Returns whether workers, and not clients, use this path.
    pub(crate) fn is_workers_path(path: &str) -> bool {
        Self::of_path(path).is_some_and(Self::is_of_workers)
    }

    /// Returns whether workers, and not clients, use this operation.
    fn is_of_workers(self) -> bool {
        match self {
            Self::JobTake
            | Self::JobTakeBatch
            | Self::JobStop
            | Self::JobStream
            | Self::JobDone
            | Self::Ping => true,
            Self::Run
            | Self::Runsync
            | Self::Status
            | Self::StatusSync
            | Self::Stream
            | Self::Cancel
            | Self::Retry
            | Self::PurgeQueue
            | Self::Health
            | Self::OpenAi => false,
        }
    }

    /// Returns whether the operation hands jobs to a worker.
    pub(crate) fn takes_jobs(self) -> bool {
        matches!(self, Self::JobTake | Self::JobTakeBatch)
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn an_operation_is_found_by_its_own_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::named(operation.name()), Some(operation));
        }
    }

    #[test]
    fn an_operation_is_found_bare_and_under_the_endpoint() {
        for (path, expected) in [
            ("/run", Some(Operation::Run)),
            ("/v2/local/run", Some(Operation::Run)),
            ("/v2/v2/run", Some(Operation::Run)),
            ("/job-done/worker/job", Some(Operation::JobDone)),
            ("/v2/local/status/run", Some(Operation::Status)),
            ("/", None),
            ("/v2", None),
            ("/v2/run", None),
            ("/local/faults", None),
            ("/local/run", None),
            ("/runs", None),
            ("*", None),
        ] {
            assert_eq!(Operation::of_path(path), expected, "{path}");
        }
    }
}
