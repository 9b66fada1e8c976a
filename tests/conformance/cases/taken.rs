//! All possible answers to a job-take request.

use serde_json::json;

use super::{returns, waits_and_returns};
use crate::record::When;
use crate::script::{Answer, Case, Leaving};

pub(super) fn cases() -> Vec<Case> {
    vec![
        strange_answers(),
        compressed(),
        too_many_requests(),
        several_for_one(),
        batch("four"),
        batch("four-by-modifier"),
        strange_batches(),
        batch_with_a_bad_job(),
        Case::new("take url of another form", "async")
            .with("RUNPOD_WEBHOOK_GET_JOB", "BASE/jobs/$ID?gpu=NVIDIA+H100")
            .job("plain", &returns(&json!(1))),
    ]
}

fn strange_answers() -> Case {
    let json_text = |text: &str| Answer::of(200, "application/json", text);
    let job = json!({ "id": "unread", "input": returns(&json!(1)) }).to_string();
    let case = [204, 400, 401, 404, 500, 502].into_iter().fold(
        Case::new("strange answers to takes", "async"),
        |case, status| case.take(Answer::status(status)),
    );
    case.take(Answer::closed())
        .take(json_text(""))
        .take(json_text("{\"id\": \"cut off\", \"inp"))
        .take(json_text("{\"id\": \"unreadable\", \"input\": \"\\x\"}"))
        .take(json_text("null"))
        .take(json_text("true"))
        .take(json_text("5"))
        .take(json_text("\"job\""))
        .take(json_text("[]"))
        .take(json_text("{}"))
        .take(json_text("{\"input\": {\"do\": \"return\", \"value\": 1}}"))
        .take(Answer::of(200, "text/plain", job.clone()))
        .take(Answer::of(200, "text/html", "<p>gateway</p>"))
        .take(Answer::of(500, "application/json", job))
        .take(json_text("{\"id\": \"no-input\"}"))
        .until_ours(When::Accepted("no-input"))
        .take(Answer::of(
            200,
            "application/json; charset=utf-8",
            json!({ "id": "with-charset", "input": returns(&json!(1)) }).to_string(),
        ))
        .until(When::Accepted("with-charset"))
}

/// Both workers send an `Accept-Encoding` that includes these encodings.
fn compressed() -> Case {
    let gzipped = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV\xcaLQ\xb2RJ\xaf\xca,(HMQ\xd2Q\xca\xcc+(-\
        Q\xb2\xaaVJ\xc9\x07\x8a\x17\xa5\x96\x94\x16\xe5\x01\x85\xcb\x12sJS\x95\xac\x0ckk\x01\xc5\xeb\x8c92\x00\x00\x00";
    let deflated =
        b"x\x9c\xabV\xcaLQ\xb2RJIM\xcbI,IMQ\xd2Q\xca\xcc+(-Q\xb2\xaaVJ\xc9\x07J\x14\xa5\x96\x94\
        \x16\xe5\x01\x85\xcb\x12sJS\x95\xac\x0ckk\x01\xae\xc9\x10\xc0";
    Case::new("compressed answers to takes", "async")
        .take(Answer::compressed("gzip", gzipped))
        .until(When::Accepted("gzipped"))
        .take(Answer::compressed("deflate", deflated))
        .until(When::Accepted("deflated"))
}

fn too_many_requests() -> Case {
    Case::new("429 to a take", "async")
        .take(Answer::status(429))
        .job("after", &returns(&json!(1)))
}

/// The answer contains several jobs although one was requested.
fn several_for_one() -> Case {
    Case::new("several jobs for a take of one", "async")
        .jobs([
            ("first", returns(&json!(1))),
            ("second", returns(&json!(2))),
            ("third", json!({ "do": "raise", "message": "kaput" })),
        ])
        .until(When::Accepted("first"))
        .until(When::Accepted("second"))
        .until(When::Accepted("third"))
        .job("after", &returns(&json!(4)))
}

/// Two of four slots are in use when the worker sends the second job-take request, so the form of the request is
/// known: it asks for two more jobs and sets `job_in_progress`.
fn batch(worker: &'static str) -> Case {
    let name = match worker {
        "four" => "batch",
        _ => "batch by modifier",
    };
    let single = json!({ "id": "single", "input": returns(&json!(3)) });
    Case::new(name, worker)
        .jobs([
            ("first", waits_and_returns(&json!(1))),
            ("second", waits_and_returns(&json!({ "error": "told" }))),
        ])
        .exact_takes(2)
        .line(When::Takes(2))
        .line(When::Takes(2))
        // The answer is one job as an object, although several were requested.
        .take_when(When::Accepted("first"), Answer::json(&single))
        .until(When::Accepted("first"))
        .until(When::Accepted("second"))
        .until(When::Accepted("single"))
}

fn strange_batches() -> Case {
    Case::new("strange batches", "four")
        .take(Answer::json(&json!([])))
        .take(Answer::json(&json!({})))
        .take(Answer::json(&json!([
            { "id": "without-input" },
            { "id": "good", "input": returns(&json!(1)) },
        ])))
        .until(When::Accepted("without-input"))
        .until(When::Accepted("good"))
}

/// On this answer, the SDK exits, or runs in a busy loop without a connection. The valid jobs in the same answer are
/// lost.
fn batch_with_a_bad_job() -> Case {
    Case::new("bad job in a batch", "four")
        .take(Answer::json(&json!([
            { "input": returns(&json!("whose?")) },
            { "id": "good", "input": returns(&json!(1)) },
        ])))
        .until(When::Takes(1))
        .until_ours(When::Accepted("good"))
        .leaving(Leaving::ByItselfOrKilled, Leaving::Terminated)
}
