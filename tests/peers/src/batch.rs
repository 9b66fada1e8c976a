//! A batch handler that waits for a line on standard input in each call.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::line;

static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A text. The suite reads on standard output that it has arrived.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(crate) struct Text(String);

impl From<String> for Text {
    fn from(text: String) -> Self {
        println!("arrived: {text}");
        Self(text)
    }
}

/// Returns each text with the number of the call, its place in it, and the number of jobs. The text `fail` fails, and
/// the text `forget` gets no result.
pub(crate) fn batched(texts: Vec<Text>) -> Vec<Result<Value, String>> {
    let call = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    println!("call {call} has started");
    line();
    let jobs = texts.len();
    let results = texts.into_iter().enumerate();
    let results = results.filter(|(_, text)| text.0 != "forget");
    let results = results.map(|(place, text)| match text.0.as_str() {
        "fail" => Err("this text fails".to_owned()),
        text => Ok(json!([text, call, place, jobs])),
    });
    results.collect()
}
