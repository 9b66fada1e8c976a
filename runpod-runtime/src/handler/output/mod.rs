//! The JSON of a handler's results and items. The JSON is written once, directly into the body that is posted, and is
//! neither copied nor parsed after that.

mod into_output;
mod special_keys;

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

pub use self::into_output::{HandlerValue, IntoOutput, Returned, ReturnedValue};
use self::special_keys::NoJson;
pub(crate) use self::special_keys::is_special;
use crate::handler::failure::{self, Failure};
use crate::json;

/// A handler's value as JSON, or the failure.
pub(super) type Output = Result<Payload, Failure>;

/// The text before the value in the body of a result or an item.
const OUTPUT: &str = r#"{"output":"#;
/// The text before the value in the body of a progress update.
const PROGRESS: &str = r#"{"status":"IN_PROGRESS","output":"#;
/// The text after the value in every body.
const END: &str = "}";

/// The initial capacity of a body, which is larger than most items.
const SMALLEST: usize = 128;
/// The spare capacity after a buffer grows: enough for the end of the body, including `"stopPod":true`.
const ROOM: usize = 64;
/// The maximum unused capacity that a finished body keeps.
const MOST_SPARE: usize = 1 << 20;

/// A value of a handler as JSON, in its body: `{"output":<value>}`. Clones share the body.
#[derive(Debug, Clone)]
pub struct Payload {
    body: Bytes,
    /// The offset of the value in the body.
    start: usize,
    /// Whether the value may be an object that is not output as a whole. If this is `false`, the value certainly is
    /// not.
    may_be_special: bool,
    /// Whether the value is a string that may be joined with the next one.
    #[cfg(feature = "openai")]
    joins: bool,
}

impl Payload {
    /// Creates the body of a result or an item. Returns a failure for an `Err`, even if the type hides it.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Output {
        let mut body = Buffer::starting_with(OUTPUT);
        match special_keys::write(value, &mut body) {
            Ok(special_key) => Ok(body.into_payload(OUTPUT.len(), special_key)),
            Err(NoJson::Err(message)) => Err(Failure::new(failure::ERROR_TYPE, message)),
            Err(NoJson::Fault(error)) => Err(does_not_serialise(&error)),
        }
    }

    /// Creates the body of a progress update. A `Result` is data here, both `Ok` and `Err`.
    pub(crate) fn progress<T: Serialize + ?Sized>(update: &T) -> Output {
        let mut body = Buffer::starting_with(PROGRESS);
        serde_json::to_writer(&mut body, update).map_err(|error| does_not_serialise(&error))?;
        Ok(body.into_payload(PROGRESS.len(), false))
    }

    /// Creates the body of a list of items.
    pub(crate) fn list(items: &[Self]) -> Self {
        let separated: usize = items.iter().map(|item| item.len() + 1).sum();
        let mut list = Vec::with_capacity(OUTPUT.len() + separated + ROOM);
        list.extend_from_slice(OUTPUT.as_bytes());
        list.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                list.push(b',');
            }
            list.extend_from_slice(item.value());
        }
        list.push(b']');
        Buffer(list).into_payload(OUTPUT.len(), false)
    }

    /// Returns the whole body.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Returns the whole body without sharing it.
    pub(crate) fn into_body(self) -> Bytes {
        self.body
    }

    /// Returns the JSON of the value alone.
    pub(crate) fn value(&self) -> &[u8] {
        &self.body[self.start..self.body.len() - END.len()]
    }

    /// Returns the length of the value's JSON in bytes.
    pub(crate) fn len(&self) -> usize {
        self.value().len()
    }

    /// Returns whether the value must be checked before it is posted, because it may be an empty object or an object
    /// with a key for the worker. `false` means that it certainly is neither.
    pub(crate) fn may_be_special(&self) -> bool {
        self.may_be_special
    }

    /// Returns the entries of a JSON object in order, or `None` for any other value.
    pub(crate) fn entries(&self) -> Option<Vec<json::Entry<'_>>> {
        if !self.value().starts_with(b"{") {
            return None;
        }
        json::entries(std::str::from_utf8(self.value()).ok()?).ok()
    }

    /// Returns the value of a special key in a JSON object.
    pub(crate) fn special_entry(&self, key: &str) -> Option<&RawValue> {
        if !self.may_be_special {
            return None;
        }
        // If a key is repeated, the last value counts, as in most JSON parsers.
        self.entries()?
            .into_iter()
            .rev()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Marks a string that may be joined with strings before and after it.
    #[cfg(feature = "openai")]
    pub(super) fn joinable(self) -> Self {
        Self {
            joins: true,
            ..self
        }
    }

    /// Returns whether the value is a string that may be joined with the next item.
    #[cfg(feature = "openai")]
    pub(super) fn joins(&self) -> bool {
        self.joins
    }

    /// Joins strings to one string.
    #[cfg(feature = "openai")]
    pub(super) fn joined<'p>(strings: impl Iterator<Item = &'p Self> + Clone) -> Self {
        let size: usize = strings.clone().map(Self::len).sum();
        let mut body = Vec::with_capacity(OUTPUT.len() + size + ROOM);
        body.extend_from_slice(OUTPUT.as_bytes());
        body.push(b'"');
        for string in strings {
            let value = string.value();
            body.extend_from_slice(&value[1..value.len() - 1]);
        }
        body.push(b'"');
        Buffer(body).into_payload(OUTPUT.len(), false).joinable()
    }

    /// Returns the payload as if its keys had not been checked while it was written.
    #[cfg(test)]
    pub(crate) fn seen_as_special(self) -> Self {
        Self {
            may_be_special: true,
            ..self
        }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.value()).unwrap()
    }
}

/// A body that is being written.
///
/// A large string arrives in one piece. `Vec` alone would allocate exactly enough for it, and would then double the
/// allocation for the few bytes that close the body.
struct Buffer(Vec<u8>);

impl Buffer {
    fn starting_with(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(SMALLEST);
        bytes.extend_from_slice(text.as_bytes());
        Self(bytes)
    }

    fn into_payload(self, start: usize, special_key: bool) -> Payload {
        let Self(mut body) = self;
        let value = &body[start..];
        let may_be_special = value == b"{}" || (special_key && value.starts_with(b"{"));
        body.extend_from_slice(END.as_bytes());
        // The body may wait a long time for the platform, and a buffer that grew step by step can be twice as large
        // as its content.
        if body.capacity() - body.len() > MOST_SPARE {
            body.shrink_to(body.len() + ROOM);
        }
        Payload {
            body: body.into(),
            start,
            may_be_special,
            #[cfg(feature = "openai")]
            joins: false,
        }
    }
}

impl Write for Buffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.0.capacity() - self.0.len() < bytes.len() {
            self.0.reserve(bytes.len() + ROOM);
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn does_not_serialise(error: &serde_json::Error) -> Failure {
    Failure::new(
        "OutputError",
        format!(
            "the output cannot be written as JSON: {error}. Keys of JSON objects must be strings or numbers, and a type's own \
             `Serialize` must not return an error."
        ),
    )
}

/// Returns whether Python's `if value:` would be true, because the Python SDK checks values in this way.
pub(crate) fn truthy(value: &RawValue) -> bool {
    match value.get().trim() {
        "null" | "false" | "\"\"" => false,
        text if text.starts_with(['{', '[']) => text[1..text.len() - 1].trim() != "",
        text => text.parse::<f64>() != Ok(0.0),
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
