//! Rewrites the items or the value of a handler on their way to the client, and reports its failure in the client's own
//! format.

use std::fmt;
use std::sync::Arc;

use super::failure::Failure;
use super::invocation::Done;
use super::output::{Output, Payload};

/// The form of a handler's answer.
pub(crate) enum Form {
    /// For a handler that sends items.
    Items(Arc<dyn ItemForm>),
    /// For a handler that returns a value.
    Value(Box<dyn FnOnce(Output) -> Result<Done, Failure> + Send>),
}

/// Rewrites the items of one job.
pub(crate) trait ItemForm: Send + Sync + fmt::Debug {
    /// Returns the items to send instead of this one.
    fn items(&self, item: Payload) -> Result<Vec<Payload>, Failure>;

    /// Returns the items to send after the last one. Returns `None` if the client learns of the failure in the usual
    /// way: the job fails.
    fn end(&self, failure: Option<&Failure>) -> Option<Vec<Payload>>;
}
