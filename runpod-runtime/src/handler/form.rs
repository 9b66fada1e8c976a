//! Rewrites the items of a handler on their way to the client, and reports its failure in the client's own format.

use std::fmt;

use super::failure::Failure;
use super::output::Payload;

/// Rewrites the items of one job.
pub(crate) trait ItemForm: Send + Sync + fmt::Debug {
    /// Returns the items to send instead of this one.
    fn items(&self, item: Payload) -> Result<Vec<Payload>, Failure>;

    /// Returns the items to send after the last one. Returns `None` if the client learns of the failure in the usual
    /// way: the job fails.
    fn end(&self, failure: Option<&Failure>) -> Option<Vec<Payload>>;
}
