//! One call of a handler.

use std::fmt;
use std::sync::Arc;

use super::argument::FromJob;
use super::context::JobContext;
use super::emitter::ItemSink;
use super::failure::Failure;
use super::job::TakenJob;
use super::state::StateCell;

/// A place for one running job. It is free again when the last clone is gone, which is when the handler's code has
/// really ended: a blocking handler that was told to stop keeps it until its thread is back.
pub(crate) type Slot = Arc<dyn Send + Sync>;

/// All that a handler's arguments are made from.
pub struct Call {
    pub(crate) job: Arc<TakenJob>,
    /// The key of the input that names the handler, if there is such a key.
    pub(crate) route: Option<&'static str>,
    pub(crate) context: JobContext,
    pub(crate) state: Option<StateCell>,
    pub(crate) items: ItemSink,
    pub(crate) slot: Slot,
}

impl Call {
    /// Makes one argument. `Via` is inferred from the type.
    ///
    /// # Errors
    ///
    /// When the job's input does not fit the type.
    pub fn argument<T: FromJob<Via>, Via>(&mut self) -> Result<T, Failure> {
        T::from_job(self)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("job", &self.job.id)
            .finish_non_exhaustive()
    }
}
