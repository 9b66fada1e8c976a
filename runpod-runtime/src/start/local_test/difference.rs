//! Compares the output of a test job with the expected one.

use std::fmt;

use serde_json::{Map, Number, Value};

use crate::text::both_ends_of;

/// By how much numbers with a fraction may differ, relative to the largest number in their list. Another processor adds
/// up numbers in another order, so the last digits of a model's output differ.
const TOLERANCE: f64 = 1e-6;

/// The longest value in a message, in characters.
const LONGEST: usize = 200;

/// The first difference between two values.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// Such as `output.data[0].id`.
    place: String,
    /// `None` if the place does not exist.
    expected: Option<Value>,
    found: Option<Value>,
}

/// Returns the first difference. `place` is the name of the values.
pub(super) fn between(place: &str, expected: &Value, found: &Value) -> Option<Difference> {
    in_value(place.to_owned(), expected, found, 0.0)
}

/// `scale` is the largest number in the list that contains the values.
fn in_value(place: String, expected: &Value, found: &Value, scale: f64) -> Option<Difference> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => in_object(&place, expected, found),
        (Value::Array(expected), Value::Array(found)) => in_list(&place, expected, found),
        (Value::Number(one), Value::Number(other)) if are_close(one, other, scale) => None,
        _ if expected == found => None,
        _ => Some(Difference {
            place,
            expected: Some(expected.clone()),
            found: Some(found.clone()),
        }),
    }
}

fn in_object(
    place: &str,
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
) -> Option<Difference> {
    let inner = |key: &str| {
        let is_word = |it: char| it.is_alphanumeric() || it == '_' || it == '-';
        if !key.is_empty() && key.chars().all(is_word) {
            format!("{place}.{key}")
        } else {
            format!("{place}[{key:?}]")
        }
    };
    let differs = expected
        .iter()
        .find_map(|(key, expected)| match found.get(key) {
            Some(found) => in_value(inner(key), expected, found, 0.0),
            None => Some(Difference {
                place: inner(key),
                expected: Some(expected.clone()),
                found: None,
            }),
        });
    differs.or_else(|| {
        let (key, found) = found.iter().find(|(key, _)| !expected.contains_key(*key))?;
        Some(Difference {
            place: inner(key),
            expected: None,
            found: Some(found.clone()),
        })
    })
}

fn in_list(place: &str, expected: &[Value], found: &[Value]) -> Option<Difference> {
    // Whole numbers, such as ids and times, say nothing about the precision of the others.
    let fractions = expected.iter().filter(|number| number.is_f64());
    let scale = fractions
        .filter_map(Value::as_f64)
        .map(f64::abs)
        .fold(0.0, f64::max);
    (0..expected.len().max(found.len())).find_map(|index| {
        let place = format!("{place}[{index}]");
        match (expected.get(index), found.get(index)) {
            (Some(expected), Some(found)) => in_value(place, expected, found, scale),
            (expected, found) => Some(Difference {
                place,
                expected: expected.cloned(),
                found: found.cloned(),
            }),
        }
    })
}

fn are_close(one: &Number, other: &Number, scale: f64) -> bool {
    // Whole numbers, such as ids and counts, must be the same.
    if !one.is_f64() && !other.is_f64() {
        return one == other;
    }
    let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) else {
        return false;
    };
    let scale = scale.max(one.abs()).max(other.abs());
    (one - other).abs() <= TOLERANCE * scale
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => both_ends_of(&value.to_string(), LONGEST),
            None => "nothing".to_owned(),
        };
        write!(
            f,
            "{}: expected {}, found {}",
            self.place,
            shown(&self.expected),
            shown(&self.found)
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn difference(expected: &Value, found: &Value) -> Option<String> {
        between("output", expected, found).map(|it| it.to_string())
    }

    #[test]
    fn the_first_difference_is_named_with_its_place() {
        for (expected, found, text) in [
            (json!(1), json!(2), "output: expected 1, found 2"),
            (
                json!({ "data": [{ "id": 1 }, { "id": 2 }] }),
                json!({ "data": [{ "id": 1 }, { "id": "2" }] }),
                "output.data[1].id: expected 2, found \"2\"",
            ),
            (
                json!([1, 2]),
                json!([1]),
                "output[1]: expected 2, found nothing",
            ),
            (
                json!([]),
                json!([[3]]),
                "output[0]: expected nothing, found [3]",
            ),
            (
                json!({ "a b": 1 }),
                json!({}),
                "output[\"a b\"]: expected 1, found nothing",
            ),
            (
                json!({}),
                json!({ "a": null }),
                "output.a: expected nothing, found null",
            ),
            (json!(true), json!({}), "output: expected true, found {}"),
        ] {
            assert_eq!(difference(&expected, &found).as_deref(), Some(text));
        }
        let long = difference(&json!("a".repeat(1000)), &json!("b")).unwrap();
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn numbers_with_a_fraction_may_differ_by_a_millionth_and_whole_numbers_not_at_all() {
        assert_eq!(difference(&json!(0.5), &json!(0.500_000_4)), None);
        assert!(difference(&json!(0.5), &json!(0.500_001)).is_some());
        assert!(difference(&json!(10_000_000), &json!(10_000_001)).is_some());
        assert_eq!(difference(&json!(2), &json!(2.0)), None);
        assert!(difference(&json!(0.0), &json!(1e-9)).is_some());
        // A time next to a score does not make the score imprecise.
        let scored = |score: f64| json!([1_700_000_000, score]);
        assert!(difference(&scored(0.93), &scored(0.1)).is_some());
        // In a vector, the largest number counts.
        let expected = json!([0.5, 0.000_1, -0.02]);
        assert_eq!(
            difference(&expected, &json!([0.5, 0.000_100_3, -0.02])),
            None
        );
        let text = difference(&expected, &json!([0.5, 0.000_101, -0.02])).unwrap();
        assert_eq!(text, "output[1]: expected 0.0001, found 0.000101");
    }

    proptest! {
        #[test]
        fn a_value_equals_itself_and_differs_from_a_list_of_itself(value in crate::json::any()) {
            prop_assert_eq!(between("output", &value, &value), None);
            let list = json!([value.clone()]);
            prop_assert!(between("output", &value, &list).is_some() || value == list);
        }
    }
}
