//! The traits that the compiler names in its messages about a handler's signature.
//!
//! You neither implement nor call anything here. The traits are implemented for all suitable types, and the
//! attributes require them. Each trait's page explains the requirement, with one example that compiles and one that
//! does not. `docs/reference/compiler-errors.md` lists the compiler's message for each mistake.
//!
//! ```
//! use runpod::FromJob;
//! use runpod::prelude::*;
//! use runpod::signature::{HandlerValue, ViaInput};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Text {
//!     text: String,
//! }
//!
//! fn can_be_an_input<T: FromJob<ViaInput>>() {}
//! fn can_be_an_output<T: HandlerValue>() {}
//!
//! can_be_an_input::<Text>();
//! can_be_an_output::<Text>();
//! ```

pub use crate::handler::{
    AwaitedItems, BatchArgument, BatchOutput, Beside, Emits, HandlerValue, HookArgument,
    HookFunction, HookResult, ViaEach, ViaEmitter, ViaExtractor, ViaInput, ViaJob, ViaWorker,
    WorkerState,
};
