//! Writes a value as JSON, and finds the `Result` that the value is, even if its type hides the `Result`.
//!
//! serde writes a `Result` as the newtype variant `Ok` or `Err` of an enum `Result`. The serializer here looks at the
//! outermost value only, so it costs nothing but a comparison: `Option`, `Box`, newtypes and a user's own `Serialize`
//! hand it the `Result` that they hold.

use std::cell::RefCell;
use std::fmt::Display;

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json;

/// Why a value has no JSON.
#[derive(Debug)]
pub(super) enum NoJson {
    /// It is an `Err`, with this message.
    Err(String),
    /// It does not serialise.
    Fault(serde_json::Error),
}

/// The JSON of a value; of an `Ok`, the JSON of what it holds.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, NoJson> {
    let outermost = Outermost {
        value,
        message: RefCell::default(),
    };
    let written = serde_json::value::to_raw_value(&outermost);
    match outermost.message.into_inner() {
        Some(message) => Err(NoJson::Err(message)),
        None => written.map_err(NoJson::Fault),
    }
}

/// A value, and the message of the `Err` that it turns out to be.
struct Outermost<'a, T: ?Sized> {
    value: &'a T,
    message: RefCell<Option<String>>,
}

impl<T: Serialize + ?Sized> Serialize for Outermost<'_, T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Seeing {
            json,
            message: &self.message,
        })
    }
}

/// Sees the outermost value, and leaves the writing to `json`.
struct Seeing<'a, S> {
    json: S,
    message: &'a RefCell<Option<String>>,
}

/// The message of an error that is known by its JSON only.
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

impl<S: Serializer> Serializer for Seeing<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = S::SerializeTuple;
    type SerializeTupleStruct = S::SerializeTupleStruct;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = S::SerializeStructVariant;

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        match (name, variant) {
            ("Result", "Ok") => value.serialize(self),
            ("Result", "Err") => {
                let error = serde_json::value::to_raw_value(value).map_err(S::Error::custom)?;
                self.message.replace(Some(message_of(&error)));
                Err(S::Error::custom("the value is an `Err`"))
            }
            _ => self
                .json
                .serialize_newtype_variant(name, index, variant, value),
        }
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
        serialize_str(value: &str) -> Ok;
        serialize_bytes(value: &[u8]) -> Ok;
        serialize_none() -> Ok;
        serialize_unit() -> Ok;
        serialize_unit_struct(name: &'static str) -> Ok;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> Ok;
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeStructVariant;
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.json.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.json.is_human_readable()
    }
}

#[cfg(test)]
#[path = "hidden_result_tests.rs"]
mod tests;
