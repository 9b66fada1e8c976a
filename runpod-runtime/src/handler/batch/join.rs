//! Connects the parts of jobs to the batcher.

use std::future::Future;
use std::sync::Arc;

use crate::batch::{Fault, Finish, Job, Left, Run};
use crate::handler::call::Call;
use crate::handler::failure::Failure;
use crate::handler::in_use::InUse;
use crate::handler::input;
use crate::handler::invocation::Invocation;
use crate::handler::output::Output;

/// The call of a batch handler with its arguments, ready to run.
#[expect(missing_debug_implementations, reason = "contains closures")]
pub struct BatchCall(Run<Output>);

impl BatchCall {
    /// Creates a call without jobs.
    pub fn nothing() -> Self {
        Self(Run::Blocking(Box::new(|_| Vec::new())))
    }

    /// Creates the call of an async function. `list` separates the failure of the whole call from the list, and
    /// `each` converts one result.
    pub fn future<F, L, T>(
        jobs: usize,
        call: F,
        list: impl FnOnce(F::Output) -> Result<L, Failure> + Send + 'static,
        results: fn(L) -> Vec<T>,
        each: impl Fn(T) -> Output + Send + 'static,
    ) -> Self
    where
        F: Future + Send + 'static,
        L: 'static,
        T: 'static,
    {
        Self(Run::Future(Box::new(move |finish| {
            Box::pin(async move {
                let returned = call.await;
                outputs(jobs, list(returned).map(results), finish, each)
            })
        })))
    }

    /// Creates the call of a plain `fn`, which runs on a thread that may block.
    pub fn blocking<R, L, T>(
        jobs: usize,
        call: impl FnOnce() -> R + Send + 'static,
        list: impl FnOnce(R) -> Result<L, Failure> + Send + 'static,
        results: fn(L) -> Vec<T>,
        each: impl Fn(T) -> Output + Send + 'static,
    ) -> Self
    where
        L: 'static,
        T: 'static,
    {
        Self(Run::Blocking(Box::new(move |finish| {
            outputs(jobs, list(call()).map(results), finish, each)
        })))
    }
}

/// Reports that the function has returned, and converts its results.
fn outputs<T>(
    jobs: usize,
    returned: Result<Vec<T>, Failure>,
    finish: Finish<Output>,
    each: impl Fn(T) -> Output,
) -> Vec<Output> {
    finish.report(returned.is_ok());
    match returned {
        Ok(results) => results.into_iter().map(each).collect(),
        Err(failure) => {
            let failure = failure.at(in_a_call(jobs));
            vec![Err(failure); jobs]
        }
    }
}

/// Adds a job's parts to the next call. `prepare` creates the call from the parts of its jobs.
///
/// # Errors
///
/// Never returns an error outside a batch handler's adapter.
pub fn join<P: Send + 'static>(
    call: &mut Call,
    weight: usize,
    parts: P,
    prepare: impl Fn(Vec<P>) -> BatchCall + Send + Sync + 'static,
) -> Result<Invocation, Failure> {
    // Every batch handler has a batcher, so this failure should not happen.
    let seat = call.seat.take().ok_or_else(|| {
        Failure::new(
            "BatchError",
            "the handler of this job has no batch; this is a bug in runpod-worker",
        )
    })?;
    // A too heavy input is a fault of the client, so it must not count as a call that failed.
    seat.check(weight).map_err(failure)?;
    let job = Job {
        part: Box::new((parts, call.in_use.clone())),
        weight,
        prepare: Arc::new(move |parts| {
            let parts = parts.into_iter().filter_map(|it| it.downcast().ok());
            let (parts, in_use) = parts.map(|part: Box<(P, InUse)>| *part).unzip();
            using(in_use, prepare(parts).0)
        }),
    };
    Ok(Invocation::future(async move {
        seat.join(job)
            .await
            .unwrap_or_else(|left| Err(failure(left)))
    }))
}

/// Keeps this until the call has returned, because it runs on if one of its jobs is cancelled.
fn using(in_use: Vec<InUse>, run: Run<Output>) -> Run<Output> {
    match run {
        Run::Future(call) => Run::Future(Box::new(move |finish| {
            let future = call(finish);
            Box::pin(async move {
                let outputs = future.await;
                drop(in_use);
                outputs
            })
        })),
        Run::Blocking(call) => Run::Blocking(Box::new(move |finish| {
            let outputs = call(finish);
            drop(in_use);
            outputs
        })),
    }
}

/// Separates the last part of each job from the others.
pub fn split<Rest, Last>(jobs: Vec<(Rest, Last)>) -> (Vec<Rest>, Vec<Last>) {
    jobs.into_iter().unzip()
}

fn failure(left: Left) -> Failure {
    let (fault, jobs) = match left {
        Left::Fault(fault, jobs) => (fault, jobs),
        Left::TooHeavy(job) => {
            let message = format!(
                "input: its weight is {}, but `max_weight` allows at most {}",
                job.weight, job.max_weight
            );
            return about_input(message);
        }
    };
    let failure = match fault {
        Fault::Panicked(panic) => panic.into(),
        Fault::WrongLength { results, jobs } => Failure::new(
            "BatchError",
            format!(
                "the batch handler returned {results} results for {jobs} jobs; it must return one result for each job, \
                 in the order of its inputs"
            ),
        ),
        Fault::Refused(refused) => Failure::new(
            "ThreadRefused",
            format!("the handler was not called: {refused}"),
        ),
        Fault::Shutdown => Failure::new(
            "Shutdown",
            "the worker shut down before the handler had finished",
        ),
    };
    failure.at(in_a_call(jobs))
}

/// Creates the failure of a job whose input is the cause, also for an `OpenAI` client.
fn about_input(message: String) -> Failure {
    #[cfg(feature = "openai")]
    return Failure {
        error_type: input::ERROR_TYPE.to_owned(),
        ..Failure::of_api_error(&crate::openai::ApiError::invalid("input", message))
    };
    #[cfg(not(feature = "openai"))]
    Failure::new(input::ERROR_TYPE, message)
}

fn in_a_call(jobs: usize) -> String {
    match jobs {
        1 => "in a call with 1 job".to_owned(),
        jobs => format!("in a call with {jobs} jobs"),
    }
}
