//! The comparable parts of a request: everything except values that must differ between two processes (ports, times, a
//! random id).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::record::{Kind, Request, Run};
use crate::script::Case;

/// Headers that belong to the connection and not to the protocol.
const OF_THE_CONNECTION: [&str; 4] = ["host", "connection", "keep-alive", "content-length"];

/// The parts of a request by name. A missing part counts as a difference, like another value does.
pub(crate) type Parts = BTreeMap<String, String>;

/// Returns the method, path, query and headers of a request.
pub(crate) fn parts(request: &Request, worker_id: Option<&str>) -> Parts {
    let worker = |text: &str| match worker_id {
        Some(id) => text.replace(id, "<worker>"),
        None => text.to_owned(),
    };
    let mut parts = Parts::from([
        ("method".into(), request.method.clone()),
        ("path".into(), worker(&request.path)),
        ("query".into(), query(request)),
    ]);
    if request.kind == Kind::Ping {
        let separator = if request.query.contains("%2C") {
            "%2C"
        } else {
            ","
        };
        if request.job_ids().len() > 1 {
            parts.insert("between ids".into(), separator.into());
        }
    }
    for (name, value) in &request.headers {
        if OF_THE_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        let value = match name.as_str() {
            "user-agent" => user_agent(value),
            _ => value.clone(),
        };
        parts.insert(format!("header {name}"), value);
    }
    parts
}

/// Returns the query with the values masked that depend on timing or on the version.
fn query(request: &Request) -> String {
    let mut pairs: Vec<String> = request.query.split('&').map(str::to_owned).collect();
    for pair in &mut pairs {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let mask = match (request.kind, name) {
            (Kind::Take, "job_in_progress") if matches!(value, "0" | "1") => "<0 or 1>",
            (Kind::Take, "batch_size") if value.parse().is_ok_and(|n: u32| n > 1) => "<several>",
            (Kind::Ping, "job_id") if !value.is_empty() => "<ids>",
            (Kind::Ping, "runpod_version") if !value.is_empty() => "<version>",
            _ => continue,
        };
        *pair = format!("{name}={mask}");
    }
    pairs.join("&")
}

/// Returns `NAME/VERSION (SYSTEM; MACHINE) Language/NAME VERSION` if the value has that form, and the value itself
/// otherwise.
fn user_agent(value: &str) -> String {
    let shaped = || {
        let (name, rest) = value.split_once('/')?;
        let (version, rest) = rest.split_once(" (")?;
        let (system, rest) = rest.split_once(") ")?;
        let (_, machine) = system.split_once("; ")?;
        let (language, language_version) = rest.strip_prefix("Language/")?.split_once(' ')?;
        let parts = [name, version, machine, language, language_version];
        let are_words = parts
            .iter()
            .all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        are_words.then_some("NAME/VERSION (SYSTEM; MACHINE) Language/NAME VERSION")
    };
    shaped().unwrap_or(value).to_owned()
}

/// Returns all values of each part over many requests of one kind. If a request lacks a part, its value is "absent".
pub(crate) fn gathered(all: &[Parts]) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let values = |name: &String| {
        let values = all.iter().map(|parts| parts.get(name));
        values
            .map(|value| value.cloned().unwrap_or_else(|| "absent".into()))
            .collect()
    };
    names
        .into_iter()
        .map(|name| (name.clone(), values(name)))
        .collect()
}

/// Returns the random id that a worker has created. Returns `None` if its id was given.
pub(crate) fn worker_id(case: &Case, run: &Run) -> Option<String> {
    let is_random = case.environment.contains(&("RUNPOD_POD_ID", None));
    if !is_random {
        return None;
    }
    let take = run.requests.iter().find(|r| r.kind == Kind::Take)?;
    let id = take.path.rsplit('/').next()?;
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let is_uuid =
        groups == [8, 4, 4, 4, 12] && id.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    is_uuid.then(|| id.to_owned())
}

/// Returns a body in which texts that contain JSON are parsed, so that they are compared part by part.
pub(crate) fn body(request: &Request) -> Value {
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else {
        return json!({ "not JSON": String::from_utf8_lossy(&request.body) });
    };
    if let Some(error) = body.get_mut("error")
        && let Some(opened) = error.as_str().and_then(opened)
    {
        *error = opened;
    }
    if let Some(report) = body.pointer_mut("/output/rp_debugger") {
        mask_times(report);
    }
    body
}

/// Masks the times in a report of the debugger. Values that are not times stay as they are.
fn mask_times(report: &mut Value) {
    let mask = |value: Option<&mut Value>| {
        if let Some(value) = value {
            let is_utc = |text: &str| text.starts_with("20") && text.ends_with('Z');
            if value.as_f64().is_some_and(|ms| ms >= 0.0) {
                *value = json!("<milliseconds>");
            } else if value.as_str().is_some_and(is_utc) {
                *value = json!("<time>");
            }
        }
    };
    mask(report.get_mut("ready_delay_ms"));
    let timestamps = report.get_mut("timestamps").and_then(Value::as_array_mut);
    for timestamp in timestamps.into_iter().flatten() {
        for key in ["start_utc", "stop_utc", "duration_ms"] {
            mask(timestamp.get_mut(key));
        }
    }
}

/// Parses the report of a failed job, which is JSON in a string, or that of a failed stream.
fn opened(error: &str) -> Option<Value> {
    if let Ok(report) = serde_json::from_str::<Map<String, Value>>(error)
        && report.contains_key("error_type")
    {
        return Some(json!({ "report": report }));
    }
    let (message, trace) = error
        .strip_prefix("handler: ")?
        .split_once(" \ntraceback: ")?;
    Some(json!({ "handler": message, "traceback": trace }))
}

/// Returns whether the body contains every character beyond ASCII directly and not as `\u....`.
pub(crate) fn is_unescaped(request: &Request) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return true;
    };
    let raw = String::from_utf8_lossy(&request.body);
    let count = |text: &str| text.chars().filter(|c| !c.is_ascii()).count();
    // serde_json does not escape characters beyond ASCII.
    count(&raw) == count(&body.to_string())
}
