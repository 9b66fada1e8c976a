//! Submits jobs: run and runsync, and the rules for their bodies.
//!
//! The input is not parsed into values. The worker gets it exactly as the client wrote it.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::status::{no_ttl, wait};
use crate::context::Context;
use crate::queue::{JobId, JobPolicy, Status, Submission};
use crate::response::{self, ErrorResponse};
use crate::settings::Timing;
use crate::text::quoted;
use crate::{job_body, request_body};

pub(crate) const EXECUTION_TIMEOUT: RangeInclusive<u64> = 5_000..=604_800_000;
pub(crate) const TTL: RangeInclusive<u64> = 10_000..=604_800_000;

pub(super) async fn run(
    State(context): State<Context>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    no_ttl(request.uri().query())?;
    let limit = context.limits.run_body;
    let submission = submission(&context, request, limit, false).await?;
    let id = submission.id;
    context.queue.submit(submission)?;
    Ok(response::ok(job_body::brief(id, Status::InQueue)))
}

pub(super) async fn runsync(
    State(context): State<Context>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    no_ttl(request.uri().query())?;
    let wait = wait(request.uri().query(), context.timing.sync_wait)?;
    let limit = context.limits.runsync_body;
    let submission = submission(&context, request, limit, true).await?;
    let report = context.queue.run_sync(submission, wait).await?;
    Ok(response::ok(job_body::whole(&report)))
}

async fn submission(
    context: &Context,
    request: Request,
    limit: usize,
    sync: bool,
) -> Result<Submission, ErrorResponse> {
    request_body::demand_json(request.headers())?;
    let body = request_body::read_body(request, limit).await?;
    let id = JobId::new(sync);
    read(id, &body, &context.timing)
}

pub(super) fn read(id: JobId, body: &[u8], timing: &Timing) -> Result<Submission, ErrorResponse> {
    let body: SubmissionBody<'_> =
        serde_json::from_slice(body).map_err(|error| not_read(&error))?;
    let input = present(body.input).ok_or_else(|| {
        ErrorResponse::bad_request(match body.input {
            Some(_) => "`input` is null; expected a job such as {\"input\": {…}}",
            None => "the body has no `input`; expected a job such as {\"input\": {…}}",
        })
    })?;
    let policy = policy(present(body.policy), timing)?;
    let webhook = present(body.webhook).map(webhook).transpose()?;

    let others: usize = body
        .others
        .iter()
        .map(|(key, value)| key.len() + value.get().len() + 8)
        .sum();
    let mut task = Vec::with_capacity(input.get().len() + others + 64);
    // Writing to memory cannot fail.
    let _ = write!(task, "{{\"id\":\"{id}\",\"input\":");
    let start = task.len();
    task.extend_from_slice(input.get().as_bytes());
    let input = start..task.len();
    for (key, value) in &body.others {
        task.push(b',');
        let _ = serde_json::to_writer(&mut task, key);
        task.push(b':');
        task.extend_from_slice(value.get().as_bytes());
    }
    task.push(b'}');
    // A boxed slice has no spare capacity. This matters because many jobs may wait.
    let task = task.into_boxed_slice().into();
    Ok(Submission {
        id,
        task,
        input,
        policy,
        webhook,
    })
}

/// The body of a submission. `policy` is for the endpoint; the other keys are passed to the worker.
struct SubmissionBody<'a> {
    input: Option<&'a RawValue>,
    policy: Option<&'a RawValue>,
    webhook: Option<&'a RawValue>,
    others: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'de> Deserialize<'de> for SubmissionBody<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SubmissionVisitor)
    }
}

struct SubmissionVisitor;

impl<'de> Visitor<'de> for SubmissionVisitor {
    type Value = SubmissionBody<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SubmissionBody<'de>, A::Error> {
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut body = SubmissionBody {
            input: None,
            policy: None,
            webhook: None,
            others: Vec::new(),
        };
        while let Some(Key(key)) = map.next_key()? {
            let value = map.next_value()?;
            match &*key {
                "input" => once(&mut body.input, value, "input")?,
                "policy" => once(&mut body.policy, value, "policy")?,
                "webhook" => {
                    once(&mut body.webhook, value, "webhook")?;
                    body.others.push((key, value));
                }
                // The endpoint assigns the job's id.
                "id" => {}
                _ => body.others.push((key, value)),
            }
        }
        Ok(body)
    }
}

fn once<'a, E: serde::de::Error>(
    place: &mut Option<&'a RawValue>,
    value: &'a RawValue,
    key: &'static str,
) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}

fn present(value: Option<&RawValue>) -> Option<&RawValue> {
    value.filter(|value| value.get() != "null")
}

fn not_read(error: &serde_json::Error) -> ErrorResponse {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    ErrorResponse::bad_request(match error.classify() {
        Category::Data if what.starts_with("invalid type") => {
            "the body is not a JSON object; expected a job such as {\"input\": {…}}".to_owned()
        }
        Category::Data => format!("the body: {what}, at line {line}, column {column}"),
        _ => format!("the body is not JSON: {what}, at line {line}, column {column}"),
    })
}

fn policy(given: Option<&RawValue>, timing: &Timing) -> Result<JobPolicy, ErrorResponse> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given<'a> {
        #[serde(borrow, default)]
        execution_timeout: Option<&'a RawValue>,
        #[serde(borrow, default)]
        ttl: Option<&'a RawValue>,
        #[serde(borrow, default)]
        low_priority: Option<&'a RawValue>,
    }

    let mut policy = JobPolicy {
        execution_timeout: timing.execution_timeout,
        ttl: timing.ttl,
    };
    let Some(given) = given else {
        return Ok(policy);
    };
    if !given.get().starts_with('{') {
        return Err(wrong("policy", given, "an object"));
    }
    let given: Given<'_> = serde_json::from_str(given.get())
        .map_err(|error| ErrorResponse::bad_request(format!("policy: {error}")))?;
    if let Some(value) = given.execution_timeout {
        policy.execution_timeout = ms("policy.executionTimeout", value, &EXECUTION_TIMEOUT)?;
    }
    if let Some(value) = given.ttl {
        policy.ttl = ms("policy.ttl", value, &TTL)?;
    }
    // On Runpod, a job with low priority starts no workers. Here no job does, and jobs are taken in the order of
    // submission.
    if let Some(value) = given.low_priority
        && !matches!(value.get(), "true" | "false")
    {
        return Err(wrong("policy.lowPriority", value, "true or false"));
    }
    Ok(policy)
}

fn ms(key: &str, value: &RawValue, range: &RangeInclusive<u64>) -> Result<Duration, ErrorResponse> {
    match whole(value.get()) {
        Some(ms) if range.contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => {
            let (least, most) = (range.start(), range.end());
            let expected = format!("a whole number of milliseconds from {least} to {most}");
            Err(wrong(key, value, &expected))
        }
    }
}

/// Parses a whole number. JSON does not distinguish kinds of numbers, so 5000.0 and 5e3 are whole, too.
fn whole(number: &str) -> Option<u64> {
    number.parse().ok().or_else(|| {
        let number: f64 = number.parse().ok()?;
        let is_whole = number.fract() == 0.0 && (0.0..1e15).contains(&number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and within bounds"
        )]
        is_whole.then_some(number as u64)
    })
}

fn webhook(value: &RawValue) -> Result<Box<str>, ErrorResponse> {
    let url: Option<Box<str>> = serde_json::from_str(value.get()).ok();
    url.filter(|url| reqwest::Url::parse(url).is_ok_and(|url| is_for_http(&url)))
        // The message does not repeat the address, because it may contain a secret.
        .ok_or_else(|| {
            ErrorResponse::bad_request(
                "webhook: expected an address that begins with http:// or https://",
            )
        })
}

fn is_for_http(url: &reqwest::Url) -> bool {
    // The client's name may use any script. The parsed host is the name that is looked up.
    let is_host = |host: &str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
    };
    matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(is_host)
}

fn wrong(key: &str, found: &RawValue, expected: &str) -> ErrorResponse {
    let found = quoted(found.get());
    ErrorResponse::bad_request(format!("{key}: found {found}; expected {expected}"))
}
