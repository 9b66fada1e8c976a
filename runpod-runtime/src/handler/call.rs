//! The call of a handler: the values from which its arguments are created.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::batch::HandlerSeat;
use super::context::JobContext;
use super::emitter::ItemSink;
use super::failure::Failure;
use super::in_use::InUse;
use super::job::TakenJob;
use super::state::StateCell;

/// The values from which a handler's arguments are created.
pub struct Call {
    pub(crate) job: TakenJob,
    /// The key of the input that names the handler, if the worker has a route.
    pub(crate) route: Option<&'static str>,
    pub(crate) context: JobContext,
    pub(crate) in_use: InUse,
    pub(crate) state: Option<StateCell>,
    /// `Some` only for `stream` handlers.
    pub(crate) items: Option<ItemSink>,
    /// The request that a handler with the option `openai` gets.
    #[cfg(feature = "openai")]
    pub(crate) openai: Option<super::openai::Parsed>,
    /// The values of the handler's extractors, which run before the arguments are created.
    pub(crate) extracted: Extracted,
    /// The job's place in the next call, for `batch` handlers.
    pub(crate) seat: Option<HandlerSeat>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("job", &self.job.id)
            .finish_non_exhaustive()
    }
}

/// A value of any type, for one argument.
pub(super) type AnyValue = Box<dyn Any + Send>;

/// The values of a handler's extractors. The mutex only makes a call `Sync`, whatever the values are.
#[derive(Default)]
pub(crate) struct Extracted(Mutex<Vec<AnyValue>>);

impl Extracted {
    /// Keeps the values in the order of the arguments.
    pub(super) fn new(values: Vec<AnyValue>) -> Self {
        Self(Mutex::new(values))
    }

    /// Returns the next value of this type.
    pub(super) fn take<T: 'static>(&mut self) -> Result<T, Failure> {
        let values = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let found = values.iter().position(|value| value.is::<T>());
        let value = found.and_then(|index| values.remove(index).downcast().ok());
        // All extractors have run before the arguments are created, so this failure should not happen.
        value.map(|value| *value).ok_or_else(|| {
            Failure::new(
                "ExtractorError",
                "the extractor of an argument has not run; this is a bug in runpod-worker",
            )
        })
    }
}
