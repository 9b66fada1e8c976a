//! What the compiler names in its messages about a handler's signature.
//!
//! There is nothing here to be used: the traits are implemented for whatever fits, and the attributes ask for them.

pub use crate::handler::{
    Beside, Emits, HandlerValue, ViaEmitter, ViaInput, ViaJob, ViaWorker, WorkerState,
};
