//! Deserialises a handler's input. An input type without data accepts an empty object as well as `null`.
//!
//! serde deserialises `()` and unit structs only from `null`. But the platform does not accept `null` as an input, so
//! a job without input is sent with `{}`. In a worker with a route, that object contains the key that names the
//! handler.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde_json::Error;
use serde_json::de::StrRead;

type Json<'de> = serde_json::Deserializer<StrRead<'de>>;

/// Deserialises the outer levels of the input, up to the first type with data.
pub(super) struct InputDeserializer<'a, 'de> {
    pub(super) json: &'a mut Json<'de>,
    /// The key of the input that names the handler.
    pub(super) route: Option<&'a str>,
    pub(super) is_null: bool,
}

macro_rules! as_it_is {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.json.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for InputDeserializer<'_, 'de> {
    type Error = Error;

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.json.deserialize_any(Nothing { route: self.route })?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null {
            self.json.deserialize_option(visitor)
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The private name by which serde_json recognises raw JSON text.
        if name.starts_with('$') {
            return self.json.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    as_it_is! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// Accepts `null` or `{}`.
struct Nothing<'a> {
    route: Option<&'a str>,
}

impl<'de> Visitor<'de> for Nothing<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route {
            None => f.write_str("`{}` or `null`, because the handler's input type has no data"),
            Some(key) => write!(
                f,
                "only the key `{key}`, because the handler's input type has no data"
            ),
        }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if self.route != Some(&*key) {
                let found = Unexpected::Other("an object with other keys");
                return Err(A::Error::invalid_value(found, &self));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::super::read;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing;
    #[derive(Debug, PartialEq, Deserialize)]
    struct Held(());
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    fn from<T: DeserializeOwned>(input: &str, route: Option<&str>) -> Result<T, String> {
        let input = RawValue::from_string(input.to_owned()).unwrap();
        read(&input, route).map_err(|failure| failure.message)
    }

    #[test]
    fn an_empty_object_and_null_fit_an_input_that_holds_nothing() {
        for input in ["{}", "null", "{ \n }"] {
            assert_eq!(from(input, None), Ok(()));
            assert_eq!(from(input, None), Ok(Nothing));
            assert_eq!(from(input, None), Ok(Held(())));
        }
        assert_eq!(from("{}", None), Ok(Some(())));
        assert_eq!(from("null", None), Ok(None::<()>));
        assert_eq!(from("{}", None), Ok(Empty {}));
    }

    #[test]
    fn any_other_value_is_an_error_that_says_what_fits() {
        for (input, found) in [
            (r#""x""#, r#"invalid type: string "x""#),
            ("0", "invalid type: integer `0`"),
            ("false", "invalid type: boolean `false`"),
            ("[]", "invalid type: sequence"),
            (
                r#"{"secret": 1}"#,
                "invalid value: an object with other keys",
            ),
        ] {
            let expected = "expected `{}` or `null`, because the handler's input type has no data";
            let message = Err(format!("input: {found}, {expected}"));
            assert_eq!(from::<()>(input, None), message);
            assert_eq!(from::<Nothing>(input, None).map(|Nothing| ()), message);
        }
    }

    #[test]
    fn in_a_worker_with_a_route_the_object_has_the_key_that_names_the_handler() {
        assert_eq!(from(r#"{"task": "ping"}"#, Some("task")), Ok(Nothing));
        assert_eq!(
            from::<()>(r#"{"task": "ping", "x": 1}"#, Some("task")),
            Err("input: invalid value: an object with other keys, expected only the key `task`, because the \
                 handler's input type has no data"
                .to_owned())
        );
        assert!(from::<()>(r#"{"task": "ping"}"#, Some("other")).is_err());
    }

    #[test]
    fn inputs_that_hold_something_are_read_as_ever() {
        let text = r#"{"b": [1, 2.5, -3], "a": {"é": null}, "c": true}"#;
        assert_eq!(
            from::<Value>(text, None),
            Ok(serde_json::from_str(text).unwrap())
        );
        assert_eq!(from("[1, 2]", None), Ok((1_u8, 2_i64)));
        assert_eq!(from("7", None), Ok(Some(7)));
        assert_eq!(from("null", None), Ok(Value::Null));
        assert_eq!(from(r#""x""#, None), Ok(Some("x".to_owned())));
        let raw: Box<RawValue> = from(r#"{"b": 1, "a": 1.50}"#, None).unwrap();
        assert_eq!(raw.get(), r#"{"b": 1, "a": 1.50}"#);
        assert_eq!(from("{}", None), Ok(json!({})));
    }
}
