//! Reads a progress update: the share that is done, and a line for people.
//!
//! The local endpoint's page follows the same rule, so both show the same. docs/how-to/report-progress.md describes it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::safe_text;

const PERCENT: [&str; 3] = ["percent", "percentage", "pct"];

/// Keys for the part that is done.
const DONE: [&str; 15] = [
    "step",
    "current",
    "done",
    "completed",
    "processed",
    "epoch",
    "iteration",
    "index",
    "n",
    "i",
    "value",
    "progress",
    "fraction",
    "ratio",
    "completion",
];
const TOTAL: [&str; 9] = [
    "of",
    "total",
    "steps",
    "total_steps",
    "totalSteps",
    "max",
    "count",
    "epochs",
    "iterations",
];

/// Keys for a share without a total.
const SHARE: [&str; 4] = ["progress", "fraction", "ratio", "completion"];

/// Keys for a text that is meant for people.
const NOTE: [&str; 6] = ["message", "status", "stage", "phase", "text", "description"];

/// How many characters of a text are searched for a share.
const MOST_SEARCHED: usize = 1000;

/// How many characters of an update are shown.
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
    let (share, text) = match serde_json::from_str(json.get()) {
        Ok(Value::String(text)) => (in_text(&text), safe_text::line(&text, MOST_CHARACTERS)),
        Ok(Value::Number(number)) => {
            let share = within(number.as_f64().map(of_number));
            let text = share.map_or_else(whole, |_| String::new());
            (share, text)
        }
        Ok(Value::Object(object)) => {
            let (share, counted) = of_object(&object);
            let note = NOTE.iter().find_map(|key| object.get(*key)?.as_str());
            let text = match (note, counted) {
                (Some(note), _) => safe_text::line(note, MOST_CHARACTERS),
                (None, Some(counted)) => counted,
                (None, None) if share.is_some() && object.len() == 1 => String::new(),
                (None, None) => whole(),
            };
            (share, text)
        }
        _ => (None, whole()),
    };
    Update { share, text }
}

/// Returns a share from 0 to 1. A number above 1 is a percentage.
fn of_number(number: f64) -> f64 {
    if number <= 1.0 {
        number
    } else {
        number / 100.0
    }
}

fn within(share: Option<f64>) -> Option<f64> {
    share.filter(|share| (0.0..=1.0).contains(share))
}

/// Returns the share, and a text such as `3 of 10` if the object has both numbers.
fn of_object(object: &Map<String, Value>) -> (Option<f64>, Option<String>) {
    let first = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| object.get(*key).filter(|value| value.is_number()))
    };
    if let Some(percent) = first(&PERCENT) {
        return (within(percent.as_f64().map(|it| it / 100.0)), None);
    }
    if let (Some(done), Some(total)) = (first(&DONE), first(&TOTAL))
        && let (Some(part), Some(all)) = (done.as_f64(), total.as_f64())
        && all > 0.0
    {
        let share = within(Some(part / all));
        return (share, share.map(|_| format!("{done} of {total}")));
    }
    (
        within(first(&SHARE).and_then(Value::as_f64).map(of_number)),
        None,
    )
}

/// Finds `40 %` in a text, otherwise `3/10` or `3 of 10`.
fn in_text(text: &str) -> Option<f64> {
    let text: Vec<char> = text.chars().take(MOST_SEARCHED).collect();
    let numbers = numbers(&text);
    let percent = numbers.iter().find_map(|number| {
        let rest = skip_spaces(&text, number.end);
        (text.get(rest) == Some(&'%')).then_some(number.value / 100.0)
    });
    if percent.is_some() {
        return within(percent);
    }
    let share = numbers.iter().find_map(|number| {
        let is_free = number.start == 0 || !".,/-".contains(text[number.start - 1]);
        let after = skip_spaces(&text, number.end);
        let behind = match text.get(after..)? {
            ['/', ..] => after + 1,
            ['o', 'f', ..] => after + 2,
            _ => return None,
        };
        let at = skip_spaces(&text, behind);
        let total = numbers.binary_search_by_key(&at, |it| it.start);
        let total = &numbers[total.ok()?];
        let is_end = match text.get(total.end..).unwrap_or_default() {
            ['/' | '-', ..] => false,
            ['.' | ',', next, ..] => !next.is_ascii_digit(),
            _ => true,
        };
        (is_free && is_end && total.value > 0.0).then(|| number.value / total.value)
    });
    within(share)
}

#[derive(Debug)]
struct Number {
    start: usize,
    /// The index after the last digit.
    end: usize,
    value: f64,
}

/// Returns the numbers in a text, with or without a fraction.
fn numbers(text: &[char]) -> Vec<Number> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|it| it.is_ascii_digit()).count()
    };
    let mut numbers = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let mut end = digits(start);
        if end == start {
            start += 1;
            continue;
        }
        if text.get(end) == Some(&'.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        let value: String = text[start..end].iter().collect();
        if let Ok(value) = value.parse() {
            numbers.push(Number { start, end, value });
        }
        start = end;
    }
    numbers
}

fn skip_spaces(text: &[char], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|it| it.is_whitespace()).count()
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
    fn a_number_is_a_share_or_a_percentage() {
        assert_read("0.5", Some(0.5), "");
        assert_read("1", Some(1.0), "");
        assert_read("7", Some(0.07), "");
        assert_read("101", None, "101");
        assert_read("-0.5", None, "-0.5");
    }

    #[test]
    fn an_object_may_name_its_share() {
        assert_read(r#"{"progress": 0.25}"#, Some(0.25), "");
        assert_read(r#"{"progress": 40}"#, Some(0.4), "");
        assert_read(r#"{"ratio": 0.4}"#, Some(0.4), "");
        assert_read(r#"{"percent": 1}"#, Some(0.01), "");
        assert_read(r#"{"percent": 101}"#, None, r#"{"percent":101}"#);
        // If there is a percentage, no other key counts.
        assert_read(
            r#"{"pct": 101, "progress": 0.5}"#,
            None,
            r#"{"pct":101,"progress":0.5}"#,
        );
        assert_read(
            r#"{"percent": 50, "message": "loading"}"#,
            Some(0.5),
            "loading",
        );
        assert_read(r#"{"progress": 0.5, "stage": "a\nb"}"#, Some(0.5), "a b");
        assert_read(
            r#"{"percent": 50, "loss": 0.1}"#,
            Some(0.5),
            r#"{"percent":50,"loss":0.1}"#,
        );
        assert_read(r#"{"progress": "0.5"}"#, None, r#"{"progress":"0.5"}"#);
    }

    #[test]
    fn what_is_done_of_how_much_is_a_share() {
        assert_read(r#"{"current": 3, "total": 10}"#, Some(0.3), "3 of 10");
        assert_read(r#"{"step": 1, "of": 4}"#, Some(0.25), "1 of 4");
        assert_read(r#"{"progress": 30, "total": 40}"#, Some(0.75), "30 of 40");
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
    fn a_text_may_tell_a_share() {
        for (text, share) in [
            ("40%", Some(0.4)),
            ("at 12.5 % of it", Some(0.125)),
            ("step 3/10", Some(0.3)),
            ("step 3 of 10.", Some(0.3)),
            ("3 / 10, then more", Some(0.3)),
            ("1/2 of it, 10 %", Some(0.1)),
            ("2024/10/12", None),
            ("10-3/10", None),
            ("v1.3/10.5.1", None),
            ("/data/3/10", None),
            ("3/10/x", None),
            ("3/10-a", None),
            ("3/0", None),
            ("12/10", None),
            ("120 %", None),
            ("3 often 10", None),
            ("three of ten", None),
        ] {
            assert_read(&format!("{text:?}"), share, text);
        }
    }

    #[test]
    fn only_the_beginning_of_a_text_is_searched() {
        let behind = |length: usize| in_text(&format!("{}3/10", "ä".repeat(length)));
        assert_eq!(behind(MOST_SEARCHED - 4), Some(0.3));
        // The searched part ends in `3/1`, which is not a valid share.
        assert_eq!(behind(MOST_SEARCHED - 3), None);
        assert_eq!(behind(MOST_SEARCHED), None);
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
