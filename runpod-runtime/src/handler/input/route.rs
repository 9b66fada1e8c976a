//! Reads the key of the input that names the handler, and skips the rest of the input, which may be large.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Returns the value of this key if the input is an object that contains it. If the key is repeated, the last value
/// counts.
pub(in crate::handler) fn value_of<'i>(input: &'i RawValue, key: &str) -> Option<&'i RawValue> {
    let mut json = serde_json::Deserializer::from_str(input.get());
    json.deserialize_map(Route { key }).ok().flatten()
}

struct Route<'k> {
    key: &'k str,
}

impl<'de> Visitor<'de> for Route<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the key `{}`", self.key)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut value = None;
        while let Some(is_route) = map.next_key_seed(IsKey(self.key))? {
            if is_route {
                value = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(value)
    }
}

/// Compares a key. The key is read as bytes, because a key with invalid Unicode should fail only in a handler that
/// reads it.
struct IsKey<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }

    fn visit_bytes<E: Error>(self, key: &[u8]) -> Result<bool, E> {
        Ok(key == self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(input: &str) -> Option<String> {
        let input = RawValue::from_string(input.to_owned()).unwrap();
        value_of(&input, "täsk").map(|value| value.get().to_owned())
    }

    #[test]
    fn the_key_is_found_beside_whatever_only_the_handler_reads() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for (input, expected) in [
            (r#"{"täsk":"a","x":1}"#, Some(r#""a""#)),
            (r#"{"x":{"täsk":"no"},"t\u00e4sk":"a"}"#, Some(r#""a""#)),
            (r#"{"täsk":"a","täsk":"b"}"#, Some(r#""b""#)),
            (r#"{"\ud800":1e999,"täsk":{"b": 1}}"#, Some(r#"{"b": 1}"#)),
            (&format!(r#"{{"x":{deep},"täsk":"a"}}"#), Some(r#""a""#)),
            (r#"{"x":1}"#, None),
            ("{}", None),
            (r#"["täsk"]"#, None),
            ("null", None),
        ] {
            assert_eq!(value(input).as_deref(), expected, "{input:.60}");
        }
    }
}
