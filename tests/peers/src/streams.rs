//! The three ways to stream, and the streams of the SDK's own end-to-end suite.

use std::error::Error;
use std::time::Duration;

use runpod::{Emitter, JobContext, Stream, stream, try_stream};
use serde::Deserialize;
use serde_json::Value;

use crate::{Mock, line, line_async};

/// The input of a job that streams.
#[derive(Deserialize)]
pub(crate) struct Steps {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Item(Value),
    Progress(Value),
    Raise(String),
}

pub(crate) fn stream(input: Steps, ctx: JobContext) -> impl Stream<Item = Result<Value, String>> {
    try_stream! {
        for step in input.steps {
            match step {
                Step::Item(item) => yield item,
                Step::Progress(update) => {
                    ctx.progress(update);
                    line_async().await;
                }
                Step::Raise(message) => Err(message)?,
            }
        }
    }
}

pub(crate) fn iterator(
    input: Steps,
    ctx: JobContext,
) -> impl Iterator<Item = Result<Value, String>> {
    input.steps.into_iter().filter_map(move |step| match step {
        Step::Item(item) => Some(Ok(item)),
        Step::Progress(update) => {
            ctx.progress(update);
            line();
            None
        }
        Step::Raise(message) => Some(Err(message)),
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its arguments"
)]
pub(crate) fn emitter(
    input: Steps,
    ctx: JobContext,
    out: Emitter<Value>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    for step in input.steps {
        match step {
            Step::Item(item) => out.blocking_send(item)?,
            Step::Progress(update) => {
                ctx.progress(update);
                line();
            }
            Step::Raise(message) => return Err(message.into()),
        }
    }
    Ok(())
}

pub(crate) fn mock_stream(input: Mock) -> impl Stream<Item = Value> {
    stream! {
        tokio::time::sleep(Duration::from_secs_f64(input.mock_delay)).await;
        for item in items(input.mock_return) {
            yield item;
        }
    }
}

pub(crate) fn mock_iterator(input: Mock) -> impl Iterator<Item = Value> {
    items(input.mock_return).into_iter()
}

fn items(list: Value) -> Vec<Value> {
    match list {
        Value::Array(items) => items,
        other => vec![other],
    }
}
