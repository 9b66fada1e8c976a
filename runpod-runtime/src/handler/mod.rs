//! Turns a user's function into a handler: its arguments are created from a job, and its result becomes an
//! [`Output`].
//!
//! This module knows nothing about the platform or the worker's loop. It gives the worker a [`Handler`]. The worker
//! calls it with a [`Call`] and gets either an [`Invocation`] to run or a [`Failure`].

mod argument;
mod argument_checks;
mod argument_kinds;
mod around;
mod batch;
mod call;
mod cancel;
mod checkpoint;
mod clean;
mod context;
mod dispatch;
mod dispatch_error;
mod emitter;
mod error_text;
mod extract;
mod failure;
#[cfg(feature = "openai")]
mod form;
mod function;
mod handler_error;
mod hook_function;
mod hook_run;
mod hooks;
mod in_use;
mod input;
mod invocation;
mod items;
mod job;
mod job_call;
#[cfg(feature = "download")]
mod job_directory;
mod job_failure;
#[cfg(feature = "openai")]
mod openai;
mod outbox;
mod output;
#[cfg(feature = "download")]
mod own_directory;
mod registration;
mod registry;
#[cfg_attr(not(feature = "schema"), path = "schema_off.rs")]
pub(crate) mod schema;
mod setup;
mod slot;
mod state;
mod state_checks;
#[cfg(feature = "http")]
mod user_router;
mod user_values;
#[cfg_attr(not(feature = "validate"), path = "validation_off.rs")]
pub(crate) mod validation;

pub use argument::FromJob;
pub use argument_checks::{Beside, Emits, ask};
pub use argument_kinds::{ViaEmitter, ViaExtractor, ViaInput, ViaJob, ViaWorker};
pub use around::{JobOutput, JobResult, Next};
pub use batch::{
    BatchArgument, BatchCall, BatchFunction, BatchOutput, Batching, ReturnedBatch, ReturnedList,
    ViaEach, join, split,
};
pub use call::Call;
pub use cancel::CancelReason;
pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::{Timing, Timings};
pub use context::JobContext;
pub use emitter::{Cancelled, Emitter};
pub use extract::FromJobCall;
pub use failure::{Failure, IntoFailure};
pub use function::{AsyncFunction, BlockingFunction, StreamFunction};
pub use handler_error::HandlerError;
pub use hook_function::HookFunction;
pub use hook_run::HookRun;
pub use hooks::{HookArgument, HookRegistration, HookResult};
pub use invocation::{Async, Blocking};
pub use items::{AwaitedItems, IntoItems, SendStream};
pub use job::Job;
pub use job_call::{JobCall, MissingState};
pub use job_failure::JobFailure;
#[cfg(feature = "openai")]
pub use openai::{IntoPiece, IntoVectors};
pub use output::{HandlerValue, IntoOutput, Returned, ReturnedValue};
pub use registration::{Function, FunctionId};
pub use setup::{Setup, SetupReturned, SetupValue, WorkerState};
pub use state::State;
pub use state_checks::{Awaited, NoExitCode};

#[cfg(feature = "http")]
pub use user_router::{IntoRouter, UserRouter};

#[cfg(feature = "schema")]
pub(crate) use argument::Role;
pub(crate) use around::{Around, Wrapped, around};
pub(crate) use batch::{EndedCall, HandlerBatcher, HandlerSeat};
pub(crate) use call::Extracted;
pub(crate) use dispatch::{Choice, Dispatch};
pub(crate) use emitter::{ItemSink, StreamEnd};
pub(crate) use hook_run::HookOutcome;
pub(crate) use hooks::{Hook, HookKind, registered_hooks};
pub(crate) use in_use::InUse;
pub(crate) use invocation::{Done, catch_panic};
#[cfg(all(feature = "http", feature = "otel"))]
pub(crate) use job::RequestTrace;
pub(crate) use job::TakenJob;
pub(crate) use outbox::{Message, Outbox, WorkerLink};
pub(crate) use output::{Payload, is_special, truthy};
pub(crate) use registration::Kind;
pub(crate) use registry::{Handler, registered};
pub(crate) use setup::SetupRun;
pub(crate) use slot::{Slot, Slots};
pub(crate) use state::{StateCell, StateType, cell};
pub(crate) use user_values::{LONGEST_DROP, Modifier, StateFuture, StateSource, UserValues};
