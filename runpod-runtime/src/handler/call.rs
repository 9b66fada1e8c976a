//! One call of a handler.

use std::fmt;

use super::argument::FromJob;
use super::context::JobContext;
use super::emitter::ItemSink;
use super::failure::Failure;
use super::job::TakenJob;
use super::state::StateCell;

/// All that a handler's arguments are made from.
pub struct Call {
    pub(crate) job: TakenJob,
    /// The key of the input that names the handler, if there is such a key.
    pub(crate) route: Option<&'static str>,
    pub(crate) context: JobContext,
    pub(crate) state: Option<StateCell>,
    /// Only for handlers that stream.
    pub(crate) items: Option<ItemSink>,
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
