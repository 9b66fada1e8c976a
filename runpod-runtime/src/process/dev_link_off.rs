//! The connection to `cargo runpod dev` on systems where that command does not exist.

use std::io::Sink;
use std::sync::Arc;

/// Returns `None`, because no `cargo runpod dev` can have started this process.
pub(crate) fn dev_link() -> Option<Arc<Sink>> {
    None
}
