//! The resources that a job keeps while code of its handler runs: its own directory.

use super::context::JobContext;

/// Exists as long as code of the job's handler may run. A plain `fn` and a call of a batch handler have copies of their
/// own, because they run on if their job is cancelled.
#[derive(Debug)]
pub(crate) struct InUse(JobContext);

impl InUse {
    pub(crate) fn of(context: &JobContext) -> Self {
        #[cfg(feature = "download")]
        context.own_directory().keep();
        Self(context.clone())
    }
}

impl Clone for InUse {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        #[cfg(feature = "download")]
        self.0.own_directory().leave();
    }
}
