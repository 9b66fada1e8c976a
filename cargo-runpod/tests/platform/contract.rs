//! Validates bodies against `contract.json`: field names, types, required fields, ranges and enumerations.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static CONTRACT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("contract.json")).expect("the contract is JSON")
});

/// Returns every violation of a shape, each with its path.
pub(super) fn violations(shape: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look_at_shape(shape, "$", body, &mut found);
    found
}

fn look_at_shape(shape: &str, path: &str, body: &Value, found: &mut Vec<String>) {
    let rules = CONTRACT
        .get(shape)
        .unwrap_or_else(|| panic!("the contract has no shape {shape}"));
    let fields = rules["fields"].as_object().expect("a shape has fields");
    let Some(body) = body.as_object() else {
        found.push(format!("{path}: expected an object"));
        return;
    };
    if rules["closed"] == true {
        for key in body.keys().filter(|key| !fields.contains_key(*key)) {
            found.push(format!("{path}: additional properties '{key}' not allowed"));
        }
    }
    for (name, rule) in fields {
        let path = format!("{path}.{name}");
        match body.get(name) {
            Some(value) => {
                look_at(rule, &path, value, found);
                look_at_companion(rule, &path, body, found);
            }
            None if rule["required"] == true => found.push(format!("{path}: missing property")),
            None => {}
        }
    }
}

fn look_at_companion(rule: &Value, path: &str, body: &Map<String, Value>, found: &mut Vec<String>) {
    if let Some(other) = rule["needs"].as_str()
        && !body.contains_key(other)
    {
        found.push(format!("{path}: requires property '{other}'"));
    }
}

fn look_at(rule: &Value, path: &str, value: &Value, found: &mut Vec<String>) {
    if value.is_null() && rule["or-null"] == true {
        return;
    }
    let mut expect = |is_right: bool, what: &str| {
        if !is_right {
            found.push(format!("{path}: expected {what}"));
        }
    };
    match rule["is"].as_str().expect("a rule has a kind") {
        "anything" => {}
        "text" => {
            let text = value.as_str();
            expect(text.is_some(), "a string");
            let text = text.unwrap_or_default();
            let length = rule["min"].as_u64().unwrap_or_default();
            expect(text.chars().count() as u64 >= length, "a longer string");
            let like = rule["like"].as_str().unwrap_or("anything");
            expect(is_like(like, text), like);
        }
        "integer" => {
            expect(value.is_i64() || value.is_u64(), "an integer");
            expect(is_in_range(rule, value), "a number in its range");
        }
        "number" => {
            expect(value.is_number(), "a number");
            expect(is_in_range(rule, value), "a number in its range");
        }
        "flag" => expect(value.is_boolean(), "a boolean"),
        "one-of" => expect(
            rule["values"]
                .as_array()
                .is_some_and(|values| values.contains(value)),
            "one of the allowed values",
        ),
        "map" => expect(
            value
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_string)),
            "an object of strings",
        ),
        "list" => {
            let Some(list) = value.as_array() else {
                return expect(false, "an array");
            };
            let length = rule["min"].as_u64().unwrap_or_default();
            expect(list.len() as u64 >= length, "more items");
            let has_twins = (1..list.len()).any(|at| list[..at].contains(&list[at]));
            expect(rule["unique"] != true || !has_twins, "unique items");
            for (at, item) in list.iter().enumerate() {
                look_at(&rule["of"], &format!("{path}[{at}]"), item, found);
            }
        }
        "shape" => {
            look_at_shape(
                rule["of"].as_str().expect("a shape has a name"),
                path,
                value,
                found,
            );
        }
        "tagged" => {
            let tag = rule["by"].as_str().expect("a tag has a name");
            let shape = value[tag]
                .as_str()
                .and_then(|tag| rule["shapes"][tag].as_str());
            match shape {
                Some(shape) => look_at_shape(shape, path, value, found),
                None => expect(false, "a known type"),
            }
        }
        other => panic!("the contract has an unknown kind {other}"),
    }
}

fn is_in_range(rule: &Value, value: &Value) -> bool {
    let Some(number) = value.as_f64() else {
        return true;
    };
    rule["min"].as_f64().is_none_or(|min| number >= min)
        && rule["max"].as_f64().is_none_or(|max| number <= max)
}

fn is_like(like: &str, text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = |text: &str| {
        text.split_once('.')
            .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
    };
    match like {
        "anything" => true,
        "version" => is_version(text),
        "version-or-empty" => text.is_empty() || is_version(text),
        "name" => !text.trim_start().is_empty() && !text.trim_start().starts_with('-'),
        "time" => humantime_like(text),
        other => panic!("the contract has an unknown pattern {other}"),
    }
}

/// `2026-06-01T12:05:04Z`, with or without a fraction.
fn humantime_like(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
            .into_iter()
            .all(|(at, mark)| bytes[at] == mark)
        && bytes.ends_with(b"Z")
}
