//! The resources that a job keeps while code of its handler runs: its own directory.

use super::context::JobContext;

/// Exists as long as code of the job's handler may run. A plain `fn` and a call of a batch handler have copies of their
/// own, because they run on if their job is cancelled.
#[derive(Debug, Clone)]
pub(crate) struct InUse {
    #[cfg(feature = "download")]
    _directory: super::own_directory::KeptDirectory,
}

impl InUse {
    #[cfg_attr(
        not(feature = "download"),
        expect(unused_variables, reason = "without downloads, jobs have no directory")
    )]
    pub(crate) fn of(context: &JobContext) -> Self {
        Self {
            #[cfg(feature = "download")]
            _directory: context.keep_directory(),
        }
    }
}
