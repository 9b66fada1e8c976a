//! Posts that the platform does not accept immediately.

use serde_json::json;

use super::{returns, waits_and_returns};
use crate::record::When;
use crate::script::{Answer, Case};

pub(super) fn cases() -> Vec<Case> {
    vec![results(), stream_items(), concurrent()]
}

fn results() -> Case {
    let failing = || Answer::status(500);
    let case = Case::new("results that are refused", "async")
        .job("twice-500", &returns(&json!("kept")))
        .answer_posts("twice-500", vec![failing(), Answer::status(503)]);
    // The SDK drops the results of all these jobs.
    [
        ("thrice-500", vec![failing(), failing(), failing()]),
        ("429", vec![Answer::status(429)]),
        ("408", vec![Answer::status(408)]),
        ("closed", vec![Answer::closed()]),
        ("400", vec![Answer::status(400)]),
        ("413", vec![Answer::status(413)]),
    ]
    .into_iter()
    .fold(case, |case, (id, answers)| {
        case.answer_posts(id, answers)
            .take(Answer::json(
                &json!({ "id": id, "input": returns(&json!("kept")) }),
            ))
            .until_ours(When::Accepted(id))
    })
    .job("after", &returns(&json!("kept")))
}

fn stream_items() -> Case {
    let input = json!({ "steps": [{ "item": 1 }, { "item": 2 }] });
    Case::new("stream items that are refused", "stream")
        .job("twice-500", &input)
        .answer_posts("twice-500", vec![Answer::status(500), Answer::status(500)])
        .job("429", &input)
        .answer_posts("429", vec![Answer::status(429)])
        .job("closed", &input)
        .answer_posts("closed", vec![Answer::closed()])
        .job("after", &input)
}

/// A job's result is retried after another job has finished.
fn concurrent() -> Case {
    Case::new("result refused while another job ends", "four")
        .jobs([
            ("again", returns(&json!(1))),
            ("meanwhile", waits_and_returns(&json!(2))),
        ])
        .answer_posts("again", vec![Answer::status(500)])
        .line(When::Tried("again"))
        .until(When::Accepted("meanwhile"))
        .until(When::Accepted("again"))
}
