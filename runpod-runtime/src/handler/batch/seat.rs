//! The batcher of a handler.

use crate::batch::{Batcher, Seat};
use crate::handler::output::Output;

pub(crate) use crate::batch::EndedCall;

/// Collects the jobs of a handler.
pub(crate) type HandlerBatcher = Batcher<Output>;
/// An announced job of a batch handler.
pub(crate) type HandlerSeat = Seat<Output>;
