//! What the compiler names in its messages about a handler's signature.
//!
//! There is nothing here to be used or implemented: the traits are implemented for whatever fits, and the attributes ask
//! for them. Each page says what is asked, with a form that compiles and one that does not; `docs/reference/compiler-errors.md` has the
//! compiler's words for each mistake.
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
    AwaitedItems, Beside, Emits, HandlerValue, ViaEmitter, ViaInput, ViaJob, ViaWorker, WorkerState,
};
