//! Whether a progress update tells how much is done.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::safe_text;

/// What has been done, and of how much.
const DONE: [&str; 4] = ["done", "step", "epoch", "index"];
const TOTAL: [&str; 5] = ["of", "total", "steps", "epochs", "count"];

/// How much of an update is shown.
const MOST_CHARACTERS: usize = 160;

#[derive(Debug, PartialEq)]
pub(super) struct Update {
    /// From 0 to 1.
    pub(super) share: Option<f64>,
    /// One line for people.
    pub(super) text: String,
}

pub(super) fn read(json: &RawValue) -> Update {
    let whole = || safe_text::line(&super::json_text::compact(json), MOST_CHARACTERS);
    match serde_json::from_str(json.get()) {
        Ok(Value::String(text)) => Update {
            share: None,
            text: safe_text::line(&text, MOST_CHARACTERS),
        },
        Ok(Value::Number(number)) => {
            let share = number.as_f64().filter(|share| (0.0..=1.0).contains(share));
            let text = if share.is_some() {
                String::new()
            } else {
                whole()
            };
            Update { share, text }
        }
        Ok(Value::Object(object)) => of_object(&object, whole),
        _ => Update {
            share: None,
            text: whole(),
        },
    }
}

fn of_object(object: &Map<String, Value>, whole: impl Fn() -> String) -> Update {
    let message = object.get("message").and_then(Value::as_str);
    let message = message.map(|text| safe_text::line(text, MOST_CHARACTERS));
    let number = |key: &str| object.get(key).and_then(Value::as_f64);
    let first = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| Some((number(key)?, object.get(*key)?)))
    };

    if let (Some((done, done_text)), Some((total, total_text))) = (first(&DONE), first(&TOTAL))
        && total > 0.0
        && (0.0..=total).contains(&done)
    {
        let text = message.unwrap_or_else(|| format!("{done_text} of {total_text}"));
        return Update {
            share: Some(done / total),
            text,
        };
    }
    let percent = |percent: f64| percent / 100.0;
    let share = number("progress")
        // Some workers count to 100 here.
        .map(|share| if share > 1.0 { percent(share) } else { share })
        .or_else(|| number("percent").map(percent))
        .filter(|share| (0.0..=1.0).contains(share));
    let is_all_told = share.is_some() && object.len() == 1;
    let text = message.unwrap_or_else(|| if is_all_told { String::new() } else { whole() });
    Update { share, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_read(json: &str, share: Option<f64>, text: &str) {
        let read = read(serde_json::from_str(json).unwrap());
        let text = text.to_owned();
        assert_eq!(read, Update { share, text }, "{json}");
    }

    #[test]
    fn a_number_from_0_to_1_is_a_share() {
        assert_read("0.5", Some(0.5), "");
        assert_read("1", Some(1.0), "");
        assert_read("7", None, "7");
        assert_read("-0.5", None, "-0.5");
    }

    #[test]
    fn an_object_may_name_its_share() {
        assert_read(r#"{"progress": 0.25}"#, Some(0.25), "");
        assert_read(r#"{"progress": 40}"#, Some(0.4), "");
        assert_read(r#"{"percent": 1}"#, Some(0.01), "");
        assert_read(r#"{"percent": 101}"#, None, r#"{"percent":101}"#);
        assert_read(
            r#"{"percent": 50, "message": "loading"}"#,
            Some(0.5),
            "loading",
        );
        assert_read(
            r#"{"percent": 50, "loss": 0.1}"#,
            Some(0.5),
            r#"{"percent":50,"loss":0.1}"#,
        );
    }

    #[test]
    fn what_is_done_of_how_much_is_a_share() {
        assert_read(r#"{"step": 1, "of": 4}"#, Some(0.25), "1 of 4");
        assert_read(
            r#"{"epoch": 2, "epochs": 2, "message": "last"}"#,
            Some(1.0),
            "last",
        );
        assert_read(
            r#"{"done": 5, "total": 4}"#,
            None,
            r#"{"done":5,"total":4}"#,
        );
        assert_read(
            r#"{"index": 0, "count": 0}"#,
            None,
            r#"{"index":0,"count":0}"#,
        );
        assert_read(r#"{"step": 3}"#, None, r#"{"step":3}"#);
    }

    #[test]
    fn anything_else_is_text_of_one_safe_line() {
        assert_read(
            "\"loading\\nthe \\u001b[31mmodel\"",
            None,
            "loading the \\u{1b}[31mmodel",
        );
        assert_read("[1, 2]", None, "[1,2]");
        assert_read("null", None, "null");
    }
}
