//! Shows a result without the middle of long lists, so that the vectors of a model do not fill pages.

use serde_json::Value;

/// The longest list that is shown completely.
const LONGEST: usize = 32;

/// The number of items at each end of a long list that are shown.
const AT_EACH_END: usize = 3;

/// Returns the value as JSON in which long lists of numbers have no middle, or `None` if it has no such list.
pub(super) fn folded(value: &Value) -> Option<String> {
    let mut text = String::new();
    push(&mut text, value).then_some(text)
}

/// Appends the value. Returns whether a list was folded.
fn push(text: &mut String, value: &Value) -> bool {
    match value {
        Value::Array(items) if items.len() > LONGEST && items.iter().all(Value::is_number) => {
            let (first, rest) = items.split_at(AT_EACH_END);
            let (middle, last) = rest.split_at(rest.len() - AT_EACH_END);
            text.push('[');
            for item in first {
                text.push_str(&item.to_string());
                text.push(',');
            }
            text.push_str("… ");
            text.push_str(&middle.len().to_string());
            text.push_str(" more numbers …");
            for item in last {
                text.push(',');
                text.push_str(&item.to_string());
            }
            text.push(']');
            true
        }
        Value::Array(items) => {
            let inner = items.iter().map(|item| (None, item));
            list(text, '[', inner, ']')
        }
        Value::Object(entries) => {
            let inner = entries.iter().map(|(key, value)| (Some(key), value));
            list(text, '{', inner, '}')
        }
        other => {
            text.push_str(&other.to_string());
            false
        }
    }
}

fn list<'a>(
    text: &mut String,
    open: char,
    items: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    close: char,
) -> bool {
    let mut is_folded = false;
    text.push(open);
    for (index, (key, value)) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if let Some(key) = key {
            text.push_str(&Value::from(key.as_str()).to_string());
            text.push(':');
        }
        is_folded |= push(text, value);
    }
    text.push(close);
    is_folded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_list_of_numbers_has_no_middle_and_everything_else_is_whole() {
        let numbers: Vec<u32> = (0..384).collect();
        let words = vec!["a"; 40];
        let value =
            json!({ "output": { "data": [{ "v": numbers }, { "v": [1.5] }], "\n": words } });
        let shown = folded(&value).unwrap();
        assert!(
            shown.contains(r#"{"v":[0,1,2,… 378 more numbers …,381,382,383]},{"v":[1.5]}"#),
            "{shown}"
        );
        assert!(shown.contains(r#""\n":["a","a","#), "{shown}");
    }

    #[test]
    fn a_result_without_long_lists_is_not_folded() {
        let short: Vec<usize> = (0..LONGEST).collect();
        assert_eq!(
            folded(&json!({ "output": [short, "x".repeat(1000)] })),
            None
        );
    }
}
