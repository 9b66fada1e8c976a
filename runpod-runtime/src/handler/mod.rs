//! What a user's function becomes: its arguments are made from a job, its result becomes an [`Output`].
//!
//! This room knows nothing of the platform and nothing of the worker's loop. It hands the worker a [`Handler`]; the
//! worker calls it with a [`Call`] and gets something that runs ([`Running`]) or a [`Failure`].

mod argument;
mod builtin;
mod call;
mod cancel;
mod context;
mod emitter;
mod failure;
mod field_names;
mod function;
mod handler_error;
mod input;
mod into_output;
mod items;
mod job;
mod outbox;
mod output;
mod registration;
mod registry;
mod route;
mod running;
#[cfg_attr(not(feature = "schema"), path = "no_schema.rs")]
pub(crate) mod schema;
mod setup;
mod slot;
mod state;
mod state_checks;
mod takes;
mod top_level;
mod unit_input;
#[cfg_attr(not(feature = "validate"), path = "no_validation.rs")]
pub(crate) mod validation;

pub use argument::FromJob;
pub use builtin::{ViaEmitter, ViaInput, ViaJob, ViaWorker};
pub use call::Call;
pub use context::{CancelReason, Checkpoint, JobContext};
pub use emitter::{Cancelled, Emitter};
pub use failure::{Failure, IntoFailure};
pub use function::{AsyncFunction, BlockingFunction, StreamFunction};
pub use handler_error::HandlerError;
pub use into_output::{HandlerValue, IntoOutput, Returned, ReturnedValue};
pub use items::{AwaitedItems, IntoItems, SendStream};
pub use job::Job;
pub use registration::{Function, FunctionId};
pub use running::{Async, Blocking};
pub use setup::{Made, Setup, SetupValue, WorkerState};
pub use state::State;
pub use state_checks::{Awaited, NoExitCode};
pub use takes::{Beside, Emits, ask};

#[cfg(feature = "schema")]
pub(crate) use argument::Role;
pub(crate) use argument::StateType;
pub(crate) use emitter::{ItemSink, StreamEnd};
pub(crate) use job::TakenJob;
pub(crate) use outbox::{Message, Outbox, WorkerLink};
pub(crate) use output::{Payload, truthy};
pub(crate) use registration::Kind;
pub(crate) use registry::{Choice, Dispatch, Handler, registered};
pub(crate) use running::{Done, catch_panic};
pub(crate) use setup::SetupRun;
pub(crate) use slot::{Slot, Slots};
pub(crate) use state::{StateCell, cell};
pub(crate) use top_level::is_special;
