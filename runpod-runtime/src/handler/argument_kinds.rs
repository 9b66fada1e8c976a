//! The kinds of arguments, and how each one is created.

use std::any::type_name;

use serde::de::DeserializeOwned;

use super::argument::{Argument, FromJob, Role};
use super::call::Call;
use super::context::JobContext;
use super::emitter::Emitter;
use super::extract::{Extractor, FromJobCall};
use super::failure::Failure;
use super::job::Job;
use super::output::HandlerValue;
use super::state::{State, StateType};

/// Marker for [`FromJob`]: the job's input, deserialised into the handler's type.
///
/// ```
/// use runpod::FromJob;
/// use runpod::prelude::*;
/// use runpod::signature::ViaInput;
///
/// fn is_an_input<T: FromJob<ViaInput>>() {}
///
/// is_an_input::<String>();
/// is_an_input::<Value>();
/// ```
#[derive(Debug)]
pub struct ViaInput;
/// Marker for [`FromJob`]: the job with its input, a [`Job<T>`](Job).
///
/// ```
/// use runpod::FromJob;
/// use runpod::prelude::*;
/// use runpod::signature::ViaJob;
///
/// fn is_a_job<T: FromJob<ViaJob>>() {}
///
/// is_a_job::<Job<String>>();
/// ```
#[derive(Debug)]
pub struct ViaJob;
/// Marker for [`FromJob`]: a value that the worker provides, a [`JobContext`] or a [`State<T>`](State).
///
/// ```
/// use runpod::FromJob;
/// use runpod::prelude::*;
/// use runpod::signature::ViaWorker;
///
/// fn is_of_the_worker<T: FromJob<ViaWorker>>() {}
///
/// is_of_the_worker::<JobContext>();
/// is_of_the_worker::<State<Vec<f32>>>();
/// ```
#[derive(Debug)]
pub struct ViaWorker;
/// Marker for [`FromJob`]: an [`Emitter<T>`](Emitter), which sends a stream's items.
///
/// ```
/// use runpod::FromJob;
/// use runpod::prelude::*;
/// use runpod::signature::ViaEmitter;
///
/// fn sends_items<T: FromJob<ViaEmitter>>() {}
///
/// sends_items::<Emitter<String>>();
/// ```
#[derive(Debug)]
pub struct ViaEmitter;
/// Marker: a request of `OpenAI`'s API.
#[derive(Debug)]
pub struct ViaOpenAi;

/// Marker for [`FromJob`]: a value that a user's extractor creates for each job ([`FromJobCall`]).
///
/// ```
/// use runpod::prelude::*;
/// use runpod::signature::ViaExtractor;
/// use runpod::{FromJob, FromJobCall, JobCall};
///
/// struct Batch(Option<String>);
///
/// impl FromJobCall for Batch {
///     type Error = std::convert::Infallible;
///
///     async fn from_job_call(job: &JobCall) -> Result<Self, Self::Error> {
///         Ok(Self(job.extra().get("batchId").and_then(Value::as_str).map(str::to_owned)))
///     }
/// }
///
/// fn is_extracted<T: FromJob<ViaExtractor>>() {}
///
/// is_extracted::<Batch>();
/// ```
#[derive(Debug)]
pub struct ViaExtractor;

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromJob<ViaInput> for T {
    const VIA: ViaInput = ViaInput;

    fn describe() -> Argument {
        Argument(Role::Input(type_name::<T>()))
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        call.job.input(call.route)
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromJob<ViaJob> for Job<T> {
    const VIA: ViaJob = ViaJob;

    fn describe() -> Argument {
        Argument(Role::Input(type_name::<Self>()))
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        call.job.to_job(call.route)
    }
}

#[diagnostic::do_not_recommend]
impl FromJob<ViaWorker> for JobContext {
    const VIA: ViaWorker = ViaWorker;

    fn describe() -> Argument {
        Argument(Role::Context)
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        Ok(call.context.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> FromJob<ViaWorker> for State<T> {
    const VIA: ViaWorker = ViaWorker;

    fn describe() -> Argument {
        Argument(Role::State(StateType::of::<T>()))
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        // The type was checked at startup, so this failure should not happen.
        State::of_cell(call.state.as_ref()).ok_or_else(|| {
            Failure::new(
                "StateError",
                "this worker has no state of the type that the handler takes; this is a bug in runpod-worker",
            )
        })
    }
}

#[diagnostic::do_not_recommend]
impl<T: HandlerValue + 'static> FromJob<ViaEmitter> for Emitter<T> {
    const VIA: ViaEmitter = ViaEmitter;

    fn describe() -> Argument {
        Argument(Role::Emitter)
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        // The program was checked when it was compiled or when the worker started, so this failure should not happen.
        call.items.clone().map(Emitter::new).ok_or_else(|| {
            Failure::new(
                "EmitterError",
                "only a `stream` handler has an emitter; this is a bug in runpod-worker",
            )
        })
    }
}

// This impl might apply to any type, so the compiler does not assume that a type without an impl is an input, and reports
// the error only once.
#[diagnostic::do_not_recommend]
impl<T: FromJobCall> FromJob<ViaExtractor> for T {
    const VIA: ViaExtractor = ViaExtractor;

    fn describe() -> Argument {
        Argument(Role::Extracted(Extractor::of::<T>()))
    }

    fn from_job(call: &mut Call) -> Result<Self, Failure> {
        call.extracted.take()
    }
}
