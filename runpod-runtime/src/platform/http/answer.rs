//! Interprets the platform's answers. Nothing is sent from here.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::read_job::{UnreadJob, jobs_before, read_job, read_job_in, readable_ids};
use super::super::{BrokenJob, Posted, Taken, broken_json};
use super::body::Unfinished;
use crate::handler::TakenJob;
use crate::process::panics;

/// Reads the jobs from the body of a job-take answer with status 200. A broken job does not affect the others.
pub(super) fn jobs(content_type: &str, body: &[u8]) -> Taken {
    let Some(body) = json_of("a job-take request", content_type, body) else {
        return Taken::Nothing;
    };
    match body.first() {
        Some(b'{') => Taken::Jobs(vec![read_job_in(body)]),
        Some(b'[') => {
            let jobs: Vec<_> = match serde_json::from_slice::<Vec<UnreadJob<'_>>>(body) {
                Ok(jobs) => jobs.into_iter().map(UnreadJob::read).collect(),
                Err(_) => each_of(body),
            };
            if jobs.is_empty() {
                Taken::Nothing
            } else {
                Taken::Jobs(jobs)
            }
        }
        _ => {
            tracing::warn!(
                "the answer to a job-take request is ignored: it is neither a job nor a list of jobs"
            );
            Taken::Nothing
        }
    }
}

/// Reads each job of a list in which at least one element is not a job.
fn each_of(list: &[u8]) -> Vec<Result<TakenJob, BrokenJob>> {
    match serde_json::from_slice::<Vec<&RawValue>>(list) {
        Ok(jobs) => jobs.into_iter().map(|raw| read_job(raw.get())).collect(),
        Err(error) => {
            tracing::warn!("the answer to a job-take request is not valid JSON: {error}");
            let jobs = broken_json::elements(list).into_iter();
            jobs.map(read_job_in).collect()
        }
    }
}

/// Decides what happens to the jobs in an answer that was not read completely.
///
/// If the answer is too large, the jobs before the limit run, because the platform has handed them over. If the
/// connection broke, no job runs, because the platform sees that too and hands the jobs over again.
pub(super) fn jobs_of_unfinished(limit: usize, unfinished: &Unfinished) -> Taken {
    let Unfinished { why, read, .. } = unfinished;
    if unfinished.is_too_large {
        let jobs = jobs_before(limit, read);
        let is_known = |job: &Result<TakenJob, BrokenJob>| match job {
            Ok(_) => true,
            Err(broken) => broken.id.is_some(),
        };
        if jobs.iter().any(is_known) {
            return Taken::Jobs(jobs);
        }
    }
    Taken::Failed(with_ids(why.clone(), &readable_ids(read)))
}

fn with_ids(why: String, ids: &[String]) -> String {
    match ids {
        [] => why,
        ids => format!("{why}. These jobs were in it: {}", ids.join(", ")),
    }
}

/// Calls `jobs`, which reads this body. If it panics, the request counts as failed, and the log names the jobs that
/// were in the answer.
pub(super) fn caught(body: &[u8], jobs: impl FnOnce() -> Taken) -> Taken {
    panics::caught_now(jobs).unwrap_or_else(|panic| {
        let place = panic.place.unwrap_or_default();
        let why = format!(
            "reading the answer panicked ({place}: {}); this is a bug in runpod-worker",
            panic.message
        );
        let ids = panics::caught_now(|| readable_ids(body)).unwrap_or_default();
        Taken::Failed(with_ids(why, &ids))
    })
}

/// Returns whether an answer with this status may mean that the URL is too long.
pub(super) fn may_be_too_long(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 414 | 431)
}

/// Returns the JSON body of an answer, unless it is empty or has another content type.
fn json_of<'b>(what: &str, content_type: &str, body: &'b [u8]) -> Option<&'b [u8]> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        tracing::warn!(
            "the answer to {what} is ignored: its content type is {kind:?}, not application/json"
        );
        return None;
    }
    let body = body.trim_ascii();
    if body.is_empty() {
        tracing::debug!("the answer to {what} is empty");
        return None;
    }
    Some(body)
}

/// Reads the ids in the answer to a stop poll. An entry that is not an id is skipped with a log line.
pub(super) fn stops(content_type: &str, body: &[u8]) -> Vec<String> {
    let Some(body) = json_of("a stop poll", content_type, body) else {
        return Vec::new();
    };
    let list = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut answer)) => match answer.remove("jobsToStop") {
            Some(Value::Array(ids)) => return texts_of(ids.into_iter().map(text_of)),
            None => return Vec::new(),
            Some(_) => None,
        },
        Ok(_) => None,
        Err(error) => {
            tracing::warn!("the answer to a stop poll is not valid JSON: {error}");
            let list = broken_json::values_of(body, "jobsToStop").pop();
            list.filter(|list| list.starts_with(b"["))
        }
    };
    let Some(list) = list else {
        tracing::warn!("the answer to a stop poll has no list `jobsToStop`");
        return Vec::new();
    };
    let ids = broken_json::elements(list).into_iter();
    texts_of(ids.map(|id| serde_json::from_slice(id).ok()))
}

fn text_of(id: Value) -> Option<String> {
    match id {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts_of(ids: impl Iterator<Item = Option<String>>) -> Vec<String> {
    let mut others = 0;
    let texts = ids
        .filter_map(|id| {
            others += usize::from(id.is_none());
            id
        })
        .collect();
    if others > 0 {
        let entries = if others == 1 {
            "entry of `jobsToStop` that is not a string"
        } else {
            "entries of `jobsToStop` that are not strings"
        };
        tracing::warn!("ignored {others} {entries}");
    }
    texts
}

/// Returns the message for an answer with an unexpected status.
pub(super) fn refusal(status: StatusCode) -> String {
    let mut text = format!("the platform answered {status}");
    if status.is_redirection() {
        text.push_str("; the redirect is not followed, because the API key must not be sent to another address");
    }
    text
}

/// Parses a `Retry-After` header, which contains seconds or a date, and returns how long to wait.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

/// Decides from the status of the answer whether a post that was not accepted can succeed later.
pub(super) fn not_accepted(status: StatusCode, after: Option<Duration>, size: usize) -> Posted {
    let why = refusal(status);
    match status.as_u16() {
        404 => Posted::UnknownJob { why },
        409 | 410 => Posted::NotWanted { why },
        413 => Posted::Refused {
            why: format!(
                "the platform refused {size} bytes as too large ({status}). The limits are 10 MB for a result after /run, 20 MB \
                 after /runsync, and 1 MB for a stream item: upload the data and return its URL"
            ),
        },
        400 | 405 | 406 | 411 | 414 | 415 | 422 | 431 => Posted::Refused {
            why: format!("the platform refused {size} bytes permanently ({status})"),
        },
        _ => Posted::Later { why, after },
    }
}

#[cfg(test)]
#[path = "answer_properties.rs"]
mod properties;

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
