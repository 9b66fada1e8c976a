//! A job as the platform writes it.

use serde_json::{Map, Value};

use super::{BrokenJob, lenient};
use crate::handler::TakenJob;
use crate::json;

/// Reads one job from what should be its JSON text.
pub(crate) fn read_job_in(bytes: &[u8]) -> Result<TakenJob, BrokenJob> {
    match str::from_utf8(bytes) {
        Ok(text) => read_job(text),
        Err(error) if error.error_len().is_none() => Err(cut_off(bytes)),
        Err(error) => Err(BrokenJob {
            id: readable_id(bytes),
            reason: format!("it is not UTF-8: {error}"),
        }),
    }
}

/// A job whose end is missing. Its client gets no failure: the job itself may be valid, and the platform can hand it over again
/// because no heartbeat names it.
fn cut_off(job: &[u8]) -> BrokenJob {
    let named = readable_id(job).map_or_else(String::new, |id| format!(" {id:?}"));
    BrokenJob {
        id: None,
        reason: format!("the platform's answer ends in the middle of the job{named}"),
    }
}

/// The id of a job that is not JSON as a whole.
fn readable_id(job: &[u8]) -> Option<String> {
    let last = lenient::values_of(job, "id").pop()?;
    let id: String = serde_json::from_slice(last).ok()?;
    can_be_told(&id).then_some(id)
}

/// The longest id that a job may have, in bytes. Ids are in addresses, in headers and in every line of the log. Servers take
/// addresses of 8 KiB, and heartbeats name all running jobs.
const LONGEST_ID: usize = 1024;

/// How much of what stands in place of an id is repeated, in characters.
const LONGEST_FOUND: usize = 100;

/// `.` and `..` have a meaning of their own in the path of an address: a result would go astray.
fn can_be_told(id: &str) -> bool {
    id.len() <= LONGEST_ID && !matches!(id, "" | "." | "..")
}

/// Reads one job from its JSON text.
pub(crate) fn read_job(text: &str) -> Result<TakenJob, BrokenJob> {
    let broken = |id: Option<&String>, reason: String| BrokenJob {
        id: id.cloned(),
        reason,
    };
    let entries = json::entries(text).map_err(|error| {
        if error.is_eof() {
            return cut_off(text.as_bytes());
        }
        // Of another kind of value serde repeats what is in it.
        let why = if error.is_data() {
            String::new()
        } else {
            format!(": {error}")
        };
        BrokenJob {
            id: readable_id(text.as_bytes()),
            reason: format!("it is not a JSON object{why}"),
        }
    })?;
    let mut id = None;
    let mut input = None;
    let mut webhook = None;
    let mut extra = Map::new();
    for (key, value) in entries {
        match key.as_str() {
            "id" => id = Some(value),
            "input" => input = Some(value),
            "webhook" => webhook = serde_json::from_str(value.get()).ok().flatten(),
            _ => {
                if let Ok(value) = serde_json::from_str::<Value>(value.get()) {
                    extra.insert(key, value);
                }
            }
        }
    }
    let id = id.ok_or_else(|| broken(None, "it has no `id`".to_owned()))?;
    let id: String = serde_json::from_str(id.get())
        .map_err(|_| broken(None, format!("its `id` is not a text: {}", found(id.get()))))?;
    if !can_be_told(&id) {
        let length = id.len();
        return Err(broken(
            None,
            if length > LONGEST_ID {
                format!("its `id` is {length} bytes long; the limit is {LONGEST_ID}")
            } else {
                format!("its `id` is {id:?}")
            },
        ));
    }
    let input = input.ok_or_else(|| broken(Some(&id), "it has no `input`".to_owned()))?;
    Ok(TakenJob {
        input: input.to_owned(),
        id,
        webhook,
        extra,
    })
}

/// The start of a text, on one line.
fn found(text: &str) -> String {
    let start = text.chars().take(LONGEST_FOUND);
    start
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}
