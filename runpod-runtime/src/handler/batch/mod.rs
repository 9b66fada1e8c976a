//! Batch handlers: functions that get the inputs of several jobs, and return one result for each.
//!
//! For each job, the adapter creates the job's part of every argument, so an input that does not match the type fails
//! only its own job. The parts then wait in the handler's batcher (see [`crate::batch`]) for a call.

mod argument;
mod function;
mod join;
mod options;
mod output;
mod seat;

pub use argument::{BatchArgument, ViaEach};
pub use function::BatchFunction;
pub use join::{BatchCall, join, split};
pub use options::Batching;
pub use output::{BatchOutput, ReturnedBatch, ReturnedList};

pub(crate) use seat::{EndedCall, HandlerBatcher, HandlerSeat};
