//! Writes the outcome table of protocol.md, for people, with the requests that both workers really sent.

use std::fmt::Write as _;

use serde_json::Value;

use crate::compare::shorten;
use crate::differences::DIFFERENCES;
use crate::record::{Kind, Request, Run};
use crate::shape;
use crate::suite::Suite;

/// The rows of the table: a title, and the case and the job that show it.
const ROWS: &[(&str, &str, &str)] = &[
    ("value", "async function", "nested"),
    ("value, plain function", "plain function", "text"),
    ("non-ASCII text", "async function", "non-ascii"),
    ("nothing returned", "async function", "nothing"),
    ("empty object", "async function", "empty-object"),
    ("object with `error`", "async function", "error-and-more"),
    ("object with only `error`", "async function", "error"),
    ("`error` is an object", "async function", "error-object"),
    ("`error` is falsy", "async function", "error-empty"),
    (
        "object with `refresh_worker`",
        "refresh keys",
        "refresh-and-more",
    ),
    (
        "object with only `refresh_worker`",
        "refresh keys",
        "refresh-alone",
    ),
    (
        "`refresh_worker` and `error`",
        "refresh keys",
        "refresh-and-error",
    ),
    (
        "`refresh_worker` is falsy",
        "async function",
        "refresh-false",
    ),
    ("worker with refresh on", "refresh flag", "last"),
    (
        "worker with refresh on, handler raised",
        "refresh flag on a failure",
        "last",
    ),
    ("handler raised", "async function", "raised"),
    ("progress", "async function", "progress"),
    ("stream, aggregate off", "stream", "progress"),
    ("stream, aggregate on", "mock stream", "generator"),
    ("stream of nothing", "stream", "none"),
    ("stream item with a truthy `error`", "stream", "error-text"),
    (
        "stream item with an `error` that is not text",
        "stream",
        "error-object",
    ),
    ("stream raised", "stream", "raised-midway"),
    ("output is not JSON", "async function", "not-json"),
    ("output is not a number", "async function", "not-a-number"),
    ("job without input", "strange answers to takes", "no-input"),
    (
        "result answered with 500 and 503",
        "results that are refused",
        "twice-500",
    ),
    (
        "result answered with 429",
        "results that are refused",
        "429",
    ),
    (
        "result answered with 400",
        "results that are refused",
        "400",
    ),
    ("job stopped", "stop one of two", "gone"),
];

/// Returns the table as Markdown, followed by the allowed differences and how often each occurred.
pub(crate) fn markdown(suite: &Suite) -> String {
    let mut text =
        String::from("| outcome | the SDK sent | our worker sent |\n| --- | --- | --- |\n");
    for (row, case, job) in ROWS {
        let Some(played) = suite.played(case) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {row} | {} | {} |",
            cell(&played.sdk, job),
            cell(&played.ours, job)
        );
    }
    text.push_str("\n| allowed difference | occurrences | reason |\n| --- | --- | --- |\n");
    for difference in DIFFERENCES {
        let met = suite.met(difference.name);
        let _ = writeln!(
            text,
            "| {} | {met} | {} |",
            difference.name, difference.reason
        );
    }
    text
}

fn cell(run: &Run, job: &str) -> String {
    let posts: Vec<String> = run.posts(job).map(post).collect();
    if posts.is_empty() {
        return "nothing".into();
    }
    posts.join("<br>")
}

fn post(request: &Request) -> String {
    let to = match request.kind {
        Kind::Stream => "stream",
        Kind::Progress => "progress",
        _ if request.query.ends_with("isStream=true") => "result of a stream",
        _ => "result",
    };
    let answered = match request.answered {
        Some(200) | None => String::new(),
        Some(0) => " (connection closed)".into(),
        Some(status) => format!(" (answered {status})"),
    };
    let mut body = shape::body(request);
    shorten_texts(&mut body);
    let body = body.to_string().replace('|', "\\|").replace('`', "'");
    format!("{to} `{}`{answered}", shorten(&body, 400))
}

fn shorten_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = shorten(text, 40),
        Value::Array(items) => items.iter_mut().for_each(shorten_texts),
        Value::Object(entries) => entries.values_mut().for_each(shorten_texts),
        _ => {}
    }
}
