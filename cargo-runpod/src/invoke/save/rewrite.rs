//! Replaces texts in JSON, and leaves everything else as it was written: the digits of numbers and the order of keys.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A step from a value into one of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The place of a text in the JSON.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) steps: &'a [Step<'a>],
    /// The text of a key such as `filename` in the same object.
    pub(super) file_name: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Returns the nearest key, also for an element of a list.
    pub(super) fn key(&self) -> Option<&'a str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Index(_) => None,
        })
    }
}

/// Keys with which workers name a file.
const FILE_NAMES: [&str; 3] = ["filename", "file_name", "fileName"];

/// Deeper values are not searched. Each level is a call, and the JSON is from outside.
const DEEPEST: usize = 64;

type Replace<'r> = dyn FnMut(&Place<'_>, &str) -> Option<String> + 'r;

/// Returns the JSON in which `replace` has replaced texts, or `None` if it has replaced none.
pub(super) fn strings(json: &RawValue, replace: &mut Replace<'_>) -> Option<String> {
    value(json, &mut Vec::new(), None, replace)
}

fn value<'a>(
    json: &'a RawValue,
    steps: &mut Vec<Step<'a>>,
    file_name: Option<&str>,
    replace: &mut Replace<'_>,
) -> Option<String> {
    if steps.len() > DEEPEST {
        return None;
    }
    match json.get().as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(json.get()).ok()?;
            let text = replace(&Place { steps, file_name }, &text)?;
            serde_json::to_string(&text).ok()
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json.get()).ok()?;
            let mut parts = Parts::new('[');
            for (index, element) in elements.into_iter().enumerate() {
                steps.push(Step::Index(index));
                let new = value(element, steps, None, replace);
                steps.pop();
                parts.add("", element, new.as_deref());
            }
            parts.end(']')
        }
        b'{' => object(json, steps, replace),
        _ => None,
    }
}

fn object(json: &RawValue, outer: &[Step<'_>], replace: &mut Replace<'_>) -> Option<String> {
    let Members(members) = serde_json::from_str(json.get()).ok()?;
    let file_name: Option<String> = FILE_NAMES.iter().find_map(|name| {
        let (_, value) = members.iter().find(|(key, _)| key == name)?;
        serde_json::from_str(value.get()).ok()
    });
    let mut parts = Parts::new('{');
    for (key, member) in members {
        let mut steps = outer.to_vec();
        steps.push(Step::Key(&key));
        let new = value(member, &mut steps, file_name.as_deref(), replace);
        let key = serde_json::to_string(&key).ok()? + ":";
        parts.add(&key, member, new.as_deref());
    }
    parts.end('}')
}

/// A list or an object that is written again.
struct Parts {
    text: String,
    is_new: bool,
}

impl Parts {
    fn new(bracket: char) -> Self {
        Self {
            text: bracket.to_string(),
            is_new: false,
        }
    }

    fn add(&mut self, key: &str, old: &RawValue, new: Option<&str>) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(key);
        self.is_new |= new.is_some();
        self.text.push_str(new.unwrap_or(old.get()));
    }

    fn end(mut self, bracket: char) -> Option<String> {
        self.text.push(bracket);
        self.is_new.then_some(self.text)
    }
}

/// The members of an object in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(json: &str) -> Option<String> {
        let json: &RawValue = serde_json::from_str(json).unwrap();
        strings(json, &mut |place, text| {
            let name = place.file_name.unwrap_or("none");
            let key = place.key().unwrap_or("none");
            (text == "FILE").then(|| format!("{key}/{}/{name}", place.steps.len()))
        })
    }

    #[test]
    fn only_the_chosen_texts_change() {
        assert_eq!(replaced(r#""FILE""#).unwrap(), r#""none/0/none""#);
        assert_eq!(
            replaced(
                r#"{"z": 1.500, "a": [ "FILE", {"b" : "FILE", "filename": "x"} ], "z": null}"#
            )
            .unwrap(),
            r#"{"z":1.500,"a":["a/2/none",{"b":"b/3/x","filename":"x"}],"z":null}"#
        );
        assert_eq!(replaced(r#"{"a": ["no", 1e400, true]}"#), None);
    }

    #[test]
    fn deep_json_is_left_alone() {
        for bracket in ["[]", "{\"a\":}"] {
            let (open, close) = bracket.split_at(bracket.len() - 1);
            let deep = open.repeat(50_000) + "1" + &close.repeat(50_000);
            let json = RawValue::from_string(deep).unwrap();
            assert_eq!(strings(&json, &mut |_, _| None), None);
        }
    }
}
