//! Writes a value as JSON, and inspects its outermost level while it is written.
//!
//! This module detects two cases that would otherwise need a second pass over the JSON:
//!
//! - **A `Result` that the type hides.** `Option`, `Box`, newtypes and a user's own `Serialize` pass the `Result`
//!   that they contain to the serializer. serde writes a `Result` as the newtype variant 0, `Ok`, or 1, `Err`, of an
//!   enum `Result`. The number and both names must match. If the `Result` is visible in the type,
//!   [`Returned`](super::Returned) has already handled it. One ambiguity remains: a user's own enum with exactly the
//!   name, the order and the newtype variants of `Result` looks the same to serde, and is treated like `Result`.
//!   `#[serde(rename = "…")]` on that enum makes it data.
//! - **Keys with a special meaning**: `error` and `refresh_worker` in an object.
//!
//! The cost is one comparison per entry of the outermost object. Deeper levels cost nothing.

use std::cell::Cell;
use std::fmt::Display;
use std::io::Write;

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::value::RawValue;

use crate::json;

/// The reason why a value has no JSON.
#[derive(Debug)]
pub(super) enum NoJson {
    /// The value is an `Err` with this message.
    Err(String),
    /// The value does not serialise.
    Fault(serde_json::Error),
}

/// Appends the JSON of `value` to `json`. If the value is an `Ok`, appends the JSON of its content.
///
/// Returns whether the value may be an object with a key for the worker ([`is_special`]). `false` means that the
/// value certainly has no such key, so nobody needs to search for one. `true` means only that it may have one,
/// because some types hide their keys.
pub(super) fn write<T: Serialize + ?Sized>(
    value: &T,
    json: &mut impl Write,
) -> Result<bool, NoJson> {
    let mut seen = Seen::default();
    let written = value.serialize(TopLevel {
        json: &mut serde_json::Serializer::new(json),
        seen: &mut seen,
    });
    match (seen.err, written) {
        (Some(message), _) => Err(NoJson::Err(message)),
        (None, Err(fault)) => Err(NoJson::Fault(fault)),
        (None, Ok(())) => Ok(seen.special_key),
    }
}

/// Returns whether this key of an object is for the worker, as in the official SDK.
pub(crate) fn is_special(key: &str) -> bool {
    key == "error" || key == "refresh_worker"
}

#[derive(Debug, Default)]
struct Seen {
    /// The message of the `Err`, if the value is one.
    err: Option<String>,
    /// Whether the value may have a special key.
    special_key: bool,
}

impl Seen {
    /// Checks a key of the outermost object: the name of a field or a variant.
    fn name(&mut self, name: &str) {
        // `RawValue` serialises as a struct with a private field whose name starts with `$`. serde_json replaces that
        // struct with the text of the `RawValue`, which may contain any keys.
        self.special_key |= is_special(name) || name.starts_with('$');
    }
}

/// The serializer for the outermost value. It writes through `json`.
struct TopLevel<'a, S> {
    json: S,
    seen: &'a mut Seen,
}

/// Writes the entries of the outermost object and checks their keys.
struct Entries<'a, C> {
    json: C,
    seen: &'a mut Seen,
}

/// A key whose text is checked while it is serialised.
struct Key<'a, T: ?Sized> {
    key: &'a T,
    is_special: &'a Cell<bool>,
}

/// The serializer for a [`Key`].
struct KeySerializer<'a, S> {
    json: S,
    is_special: &'a Cell<bool>,
}

/// Returns the message of an error of which only the JSON is known.
fn message_of(error: &RawValue) -> String {
    match json::text_of(error) {
        text if text == "null" => "an `Err` without a message".to_owned(),
        text => text,
    }
}

macro_rules! as_it_is {
    ($($method:ident($($argument:ident: $type:ty),*) -> $ok:ident;)*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<Self::$ok, Self::Error> {
            self.json.$method($($argument),*)
        }
    )*};
}

macro_rules! scalars_as_they_are {
    () => {
        as_it_is! {
            serialize_bool(value: bool) -> Ok;
            serialize_i8(value: i8) -> Ok;
            serialize_i16(value: i16) -> Ok;
            serialize_i32(value: i32) -> Ok;
            serialize_i64(value: i64) -> Ok;
            serialize_i128(value: i128) -> Ok;
            serialize_u8(value: u8) -> Ok;
            serialize_u16(value: u16) -> Ok;
            serialize_u32(value: u32) -> Ok;
            serialize_u64(value: u64) -> Ok;
            serialize_u128(value: u128) -> Ok;
            serialize_f32(value: f32) -> Ok;
            serialize_f64(value: f64) -> Ok;
            serialize_char(value: char) -> Ok;
            serialize_bytes(value: &[u8]) -> Ok;
            serialize_none() -> Ok;
            serialize_unit() -> Ok;
            serialize_unit_struct(name: &'static str) -> Ok;
            serialize_seq(length: Option<usize>) -> SerializeSeq;
            serialize_tuple(length: usize) -> SerializeTuple;
            serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        }

        fn is_human_readable(&self) -> bool {
            self.json.is_human_readable()
        }
    };
}

impl<'a, S: Serializer> Serializer for TopLevel<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = S::SerializeTuple;
    type SerializeTupleStruct = S::SerializeTupleStruct;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = Entries<'a, S::SerializeMap>;
    type SerializeStruct = Entries<'a, S::SerializeStruct>;
    type SerializeStructVariant = S::SerializeStructVariant;

    scalars_as_they_are!();

    as_it_is! {
        serialize_str(value: &str) -> Ok;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> Ok;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        match (name, index, variant) {
            ("Result", 0, "Ok") => value.serialize(self),
            ("Result", 1, "Err") => {
                let error = serde_json::value::to_raw_value(value).map_err(S::Error::custom)?;
                self.seen.err = Some(message_of(&error));
                Err(S::Error::custom("the value is an `Err`"))
            }
            _ => {
                self.seen.name(variant);
                self.json
                    .serialize_newtype_variant(name, index, variant, value)
            }
        }
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.seen.name(variant);
        self.json
            .serialize_tuple_variant(name, index, variant, length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.seen.name(variant);
        self.json
            .serialize_struct_variant(name, index, variant, length)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Entries {
            json: self.json.serialize_map(length)?,
            seen: self.seen,
        })
    }

    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Entries {
            json: self.json.serialize_struct(name, length)?,
            seen: self.seen,
        })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.json.collect_str(value)
    }
}

impl<C: SerializeMap> Entries<'_, C> {
    fn with_key<T: ?Sized, Written>(
        &mut self,
        key: &T,
        write: impl FnOnce(&mut C, Key<'_, T>) -> Written,
    ) -> Written {
        let is_special = Cell::new(false);
        let key = Key {
            key,
            is_special: &is_special,
        };
        let written = write(&mut self.json, key);
        self.seen.special_key |= is_special.get();
        written
    }
}

impl<C: SerializeMap> SerializeMap for Entries<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.with_key(key, |json, key| json.serialize_key(&key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.json.serialize_value(value)
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.with_key(key, |json, key| json.serialize_entry(&key, value))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.json.end()
    }
}

impl<C: SerializeStruct> SerializeStruct for Entries<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), C::Error> {
        self.seen.name(name);
        self.json.serialize_field(name, value)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
        self.json.skip_field(name)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.json.end()
    }
}

impl<T: Serialize + ?Sized> Serialize for Key<'_, T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(KeySerializer {
            json,
            is_special: self.is_special,
        })
    }
}

impl<S: Serializer> Serializer for KeySerializer<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = S::SerializeTuple;
    type SerializeTupleStruct = S::SerializeTupleStruct;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = S::SerializeStructVariant;

    scalars_as_they_are!();

    as_it_is! {
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeStructVariant;
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.json
            .serialize_newtype_variant(name, index, variant, value)
    }

    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.is_special.set(is_special(value));
        self.json.serialize_str(value)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.is_special.set(is_special(variant));
        self.json.serialize_unit_variant(name, index, variant)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        // The text of the key is not known here.
        self.is_special.set(true);
        self.json.collect_str(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let is_special = self.is_special;
        self.json.serialize_some(&Key {
            key: value,
            is_special,
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let is_special = self.is_special;
        self.json.serialize_newtype_struct(
            name,
            &Key {
                key: value,
                is_special,
            },
        )
    }
}

#[cfg(test)]
#[path = "special_keys_tests.rs"]
mod tests;
