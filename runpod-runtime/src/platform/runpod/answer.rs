//! What the platform's answers mean. Pure: nothing is sent from here.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{Posted, Taken, read_job};

/// The jobs in the body of a take that was answered with 200.
pub(super) fn jobs(content_type: &str, body: &[u8]) -> Taken {
    let Some(text) = text_of("a take", content_type, body) else {
        return Taken::Nothing;
    };
    match text.as_bytes().first() {
        Some(b'{') => Taken::Jobs(vec![read_job(text)]),
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(jobs) if jobs.is_empty() => Taken::Nothing,
            Ok(jobs) => Taken::Jobs(jobs.into_iter().map(|raw| read_job(raw.get())).collect()),
            Err(error) => nothing(&format!("it is not JSON: {error}")),
        },
        _ => nothing("it is neither a job nor a list of jobs"),
    }
}

fn nothing(why: &str) -> Taken {
    tracing::warn!("the answer to a take is taken as no job: {why}");
    Taken::Nothing
}

/// The text of an answer, if there is JSON in it at all.
fn text_of<'b>(what: &str, content_type: &str, body: &'b [u8]) -> Option<&'b str> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        tracing::warn!(
            "the answer to {what} is not read: its content type is {kind:?}, not application/json"
        );
        return None;
    }
    match std::str::from_utf8(body).map(str::trim_ascii) {
        Ok("") => {
            tracing::debug!("the answer to {what} is empty");
            None
        }
        Ok(text) => Some(text),
        Err(error) => {
            tracing::warn!("the answer to {what} is not UTF-8: {error}");
            None
        }
    }
}

/// The ids of the jobs to stop in a stop answer; what is not one is left out with a log line.
pub(super) fn stops(content_type: &str, body: &[u8]) -> Vec<String> {
    let Some(text) = text_of("a stop poll", content_type, body) else {
        return Vec::new();
    };
    let payload: Value = match serde_json::from_str(text) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::warn!("the answer to a stop poll is not JSON: {error}");
            return Vec::new();
        }
    };
    let ids = match payload.get("jobsToStop") {
        Some(Value::Array(ids)) => ids,
        None if payload.is_object() => return Vec::new(),
        _ => {
            tracing::warn!("the answer to a stop poll has no list `jobsToStop`");
            return Vec::new();
        }
    };
    let texts: Vec<String> = ids
        .iter()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    if texts.len() < ids.len() {
        tracing::warn!(
            "the answer to a stop poll names {} jobs by something else than a text",
            ids.len() - texts.len()
        );
    }
    texts
}

/// What an answer that is no answer says.
pub(super) fn refusal(status: StatusCode) -> String {
    let mut text = format!("the platform answered {status}");
    if status.is_redirection() {
        text.push_str("; it is not followed, since the key goes to no other address");
    }
    text
}

/// How long the value of a `Retry-After` header asks to wait: seconds, or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send.
    let (_, date) = value.strip_suffix(" GMT")?.split_once(", ")?;
    let [day, month, year, time] = date.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let then = humantime::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What the status of a post's answer means for the post.
pub(super) fn posted(status: StatusCode, after: Option<Duration>, size: usize) -> Posted {
    let why = refusal(status);
    match status.as_u16() {
        200..=299 => Posted::Accepted,
        404 => Posted::UnknownJob { why },
        409 | 410 => Posted::NotWanted { why },
        413 => Posted::Refused {
            why: format!(
                "the platform refused {size} bytes as too large ({status}). Results may have 10 MB after /run, 20 MB \
                 after /runsync, stream items 1 MB: upload the data and return its address"
            ),
        },
        400 | 405 | 406 | 411 | 414 | 415 | 422 | 431 => Posted::Refused {
            why: format!("the platform refused {size} bytes for good ({status})"),
        },
        _ => Posted::Later { why, after },
    }
}

#[cfg(test)]
#[path = "answer_properties.rs"]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";

    fn taken(body: &str) -> Vec<Result<String, String>> {
        match jobs(JSON, body.as_bytes()) {
            Taken::Jobs(jobs) => jobs
                .into_iter()
                .map(|job| job.map(|job| job.id).map_err(|broken| broken.reason))
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn one_job_and_several_are_read_with_all_their_keys() {
        let body = r#"{"id":"a","input":{"x": 1},"webhook":"http://h","batchId":"b","n":null}"#;
        let Taken::Jobs(mut jobs) = jobs("application/json; charset=utf-8", body.as_bytes()) else {
            panic!("no jobs");
        };
        let job = jobs.remove(0).unwrap();
        assert_eq!(job.input.get(), r#"{"x": 1}"#);
        assert_eq!(job.webhook.as_deref(), Some("http://h"));
        assert_eq!(job.batch_id(), Some("b"));
        assert_eq!(job.extra["n"], Value::Null);
        assert_eq!(
            taken(r#" [{"id":"a","input":null},{"input":1},{"id":"b","input":[]}] "#),
            [Ok("a".into()), Err("it has no `id`".into()), Ok("b".into())]
        );
    }

    #[test]
    fn broken_jobs_say_what_is_wrong() {
        let reason = |body: &str| taken(body).remove(0).unwrap_err();
        assert_eq!(reason(r#"{"id":"a"}"#), "it has no `input`");
        assert_eq!(reason(r#"{"id":7,"input":1}"#), "its `id` is not a text: 7");
        assert_eq!(reason(r#"{"id":"","input":1}"#), "its `id` is \"\"");
        assert_eq!(reason(r#"{"id":"..","input":1}"#), "its `id` is \"..\"");
        assert!(reason(r#"{"id":"a","input":"#).starts_with("it is not a JSON object: EOF"));
        assert!(reason("[1]").starts_with("it is not a JSON object"));
    }

    #[test]
    fn what_is_no_job_is_no_job() {
        for (content_type, body) in [
            ("text/html", "{\"id\":\"a\",\"input\":1}"),
            (JSON, ""),
            (JSON, "null"),
            (JSON, "[]"),
            (JSON, "[{]"),
            (JSON, "7"),
        ] {
            assert!(
                matches!(jobs(content_type, body.as_bytes()), Taken::Nothing),
                "{content_type} {body}"
            );
        }
        assert!(matches!(jobs(JSON, b"\xff\xfe"), Taken::Nothing));
    }

    #[test]
    fn stop_answers_give_the_ids_that_are_texts() {
        assert_eq!(stops(JSON, br#"{"jobsToStop":["a",1,"b"]}"#), ["a", "b"]);
        for body in ["{}", "[]", "{\"jobsToStop\":\"a\"}", "{", "null"] {
            assert!(stops(JSON, body.as_bytes()).is_empty(), "{body}");
        }
        assert!(stops("text/plain", br#"{"jobsToStop":["a"]}"#).is_empty());
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let asked = |value| retry_after(value, now).map(|pause| pause.as_secs());
        assert_eq!(asked("0"), Some(0));
        assert_eq!(asked(" 120 "), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(asked("Sun, 06 Nov 1994 08:40:00 GMT"), Some(0));
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            ", GMT",
        ] {
            assert_eq!(asked(value), None, "{value}");
        }
    }

    #[test]
    fn answers_to_posts_tell_what_can_be_cured() {
        let of = |status| posted(StatusCode::from_u16(status).unwrap(), None, 7);
        assert_eq!(of(200), Posted::Accepted);
        assert_eq!(of(204), Posted::Accepted);
        assert!(matches!(of(400), Posted::Refused { .. }));
        assert!(matches!(of(413), Posted::Refused { why } if why.contains("7 bytes")));
        assert!(matches!(of(404), Posted::UnknownJob { .. }));
        assert!(matches!(of(410), Posted::NotWanted { .. }));
        for status in [301, 401, 403, 408, 425, 429, 500, 502, 503] {
            assert!(matches!(of(status), Posted::Later { .. }), "{status}");
        }
    }
}
