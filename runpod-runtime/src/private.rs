//! The items that macro-generated code uses. Not a public API: anything here may change at any time.

#[cfg(feature = "http")]
pub use crate::handler::UserRouter;
pub use crate::handler::{
    Async, Awaited, AwaitedItems, BatchArgument, BatchCall, BatchOutput, Batching, Beside,
    Blocking, Call, Emits, Failure, FromJob, Function, FunctionId, HandlerValue, HookArgument,
    HookRegistration, HookResult, HookRun, IntoFailure, IntoItems, JobCall, Next, NoExitCode,
    Returned, ReturnedBatch, ReturnedList, ReturnedValue, SendStream, Setup, SetupReturned,
    SetupValue, WorkerState, ask, join, split,
};
pub use crate::handler::{schema::*, validation::*};
pub use crate::start::launch;
pub use crate::worker::WorkerConfig;
pub use inventory::submit;
