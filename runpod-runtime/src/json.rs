//! JSON objects parsed one level deep: values stay JSON text, and keys keep their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A key and its value.
pub(crate) type Entry<'a> = (String, &'a RawValue);

/// Returns the entries of the JSON object in `text`.
pub(crate) fn entries(text: &str) -> Result<Vec<Entry<'_>>, serde_json::Error> {
    serde_json::from_str::<Entries<'_>>(text).map(|entries| entries.0)
}

/// Builds a JSON object from these entries.
pub(crate) fn object<'a>(entries: impl IntoIterator<Item = &'a Entry<'a>>) -> Box<RawValue> {
    let entries: Vec<_> = entries.into_iter().collect();
    serde_json::value::to_raw_value(&Object(&entries))
        .expect("string keys and JSON values always form an object")
}

/// Formats a value for a person: a string without its quotes, any other value as JSON.
pub(crate) fn text_of(value: &RawValue) -> String {
    serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

struct Entries<'a>(Vec<Entry<'a>>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }

            fn visit_seq<A>(self, _: A) -> Result<Self::Value, A::Error>
            where
                A: serde::de::SeqAccess<'de>,
            {
                Err(A::Error::custom("expected a JSON object, found an array"))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct Object<'a>(&'a [&'a Entry<'a>]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Generates any JSON value, for property tests.
#[cfg(test)]
pub(crate) fn any() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    use proptest::prelude::*;
    use serde_json::Value;

    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Only numbers that every JSON parser reads back exactly.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("error".to_owned()),
        Just("refresh_worker".to_owned()),
        Just("id".to_owned()),
        Just("input".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_comes_back_as_it_was_less_the_white_space() {
        let text = r#"{ "b": [1, 2], "a\n": {"x": 1.0}, "b": "é" }"#;
        let all = entries(text).unwrap();
        assert_eq!(
            object(&all).get(),
            r#"{"b":[1, 2],"a\n":{"x": 1.0},"b":"é"}"#
        );
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["[]", "1", "{", "", "{\"a\":}", "null"] {
            assert!(entries(text).is_err(), "{text}");
        }
    }
}
