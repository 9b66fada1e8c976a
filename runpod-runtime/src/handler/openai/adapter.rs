//! The adapter around a handler with the option `openai`.

use std::sync::Arc;

use super::client_error::input_failure;
use super::job_request::{self, JobRequest, Refused};
use super::text_answer::TextAnswer;
use super::vectors;
use crate::handler::call::Call;
use crate::handler::failure::{Failure, IntoFailure as _};
use crate::handler::form::ItemForm;
use crate::handler::invocation::{Form, Invocation};
use crate::openai::{Endpoint, Route};

type CallFn = dyn Fn(&mut Call) -> Result<Invocation, Failure> + Send + Sync;

/// Returns a call that reads the request, and writes the answer in the form that the client expects.
pub(in crate::handler) fn adapted(
    call: impl Fn(&mut Call) -> Result<Invocation, Failure> + Send + Sync + 'static,
    endpoint: Endpoint,
    model: String,
) -> Arc<CallFn> {
    Arc::new(move |job| {
        let request = match job_request::read(&job.job, &endpoint, &model) {
            Ok(request) => request,
            Err(refused) => return refusal(&endpoint, &model, refused),
        };
        let is_openai = request.is_openai;
        let (form, items) = form_of(&endpoint, &request);
        if let Some(items) = items {
            job.items = job.items.take().map(|sink| sink.in_form(items));
        }
        job.openai = Some(request.parsed);
        match call(job) {
            Ok(invocation) => Ok(invocation.in_form(form)),
            Err(failure) if is_openai => Ok(failing(&endpoint, failure).in_form(form)),
            Err(failure) => Err(failure),
        }
    })
}

fn form_of(endpoint: &Endpoint, request: &JobRequest) -> (Form, Option<Arc<dyn ItemForm>>) {
    if endpoint.route == Route::Embeddings {
        return (vectors::form(request), None);
    }
    let answer: Arc<dyn ItemForm> = Arc::new(TextAnswer::new(endpoint.route, request));
    (Form::Items(Arc::clone(&answer)), Some(answer))
}

/// Answers with an error, without a call of the handler.
fn refusal(endpoint: &Endpoint, model: &str, refused: Refused) -> Result<Invocation, Failure> {
    let Refused {
        error,
        is_openai,
        streams,
    } = refused;
    if !is_openai {
        return Err(input_failure(error));
    }
    tracing::info!(
        "the request was refused: {}",
        // The message may repeat a value of the client.
        error.param().unwrap_or("the body is not a JSON object")
    );
    let form = if endpoint.route == Route::Embeddings {
        Form::Value(Box::new(vectors::refused))
    } else {
        Form::Items(Arc::new(TextAnswer::refused(
            endpoint.route,
            model,
            streams,
        )))
    };
    let failing = failing(endpoint, error.into_failure());
    Ok(failing.in_form(form))
}

/// Creates an invocation that fails.
fn failing(endpoint: &Endpoint, failure: Failure) -> Invocation {
    if endpoint.route == Route::Embeddings {
        Invocation::future(async move { Err(failure) })
    } else {
        Invocation::failing_stream(failure)
    }
}
