//! What a handler returned or sent, as JSON in the body that is posted: written once, then neither copied nor read again.

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

/// A handler's value as JSON, or why there is none.
pub(super) type Output = Result<Payload, Failure>;

/// What comes before the value in the body of a result or an item.
const OUTPUT: &str = r#"{"output":"#;
/// What comes before the value in the body of a progress update.
const PROGRESS: &str = r#"{"status":"IN_PROGRESS","output":"#;
/// What comes after the value in every body.
const END: &str = "}";

/// How large a body is at first: larger than most items.
const SMALLEST: usize = 128;
/// What a buffer that grows has room for beyond what is written: the end of the body, also with `"stopPod":true` in it.
const ROOM: usize = 64;
/// How much room a body may keep that it does not need.
const MOST_SPARE: usize = 1 << 20;

/// JSON that a handler made, in its body: `{"output":<value>}`. A clone shares the body.
#[derive(Debug, Clone)]
pub struct Payload {
    body: Bytes,
    /// Where the value starts in the body.
    start: usize,
    /// Whether the value may be an object of which not everything is output. `false` is certain.
    may_be_special: bool,
}

impl Payload {
    /// What a handler returned or sent: an `Err`, even one that the type hides, is a failure.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Output {
        let mut body = Buffer::starting_with(OUTPUT);
        match special_keys::write(value, &mut body) {
            Ok(special_key) => Ok(body.into_payload(OUTPUT.len(), special_key)),
            Err(NoJson::Err(message)) => Err(Failure::new(failure::ERROR_TYPE, message)),
            Err(NoJson::Fault(error)) => Err(does_not_serialise(&error)),
        }
    }

    /// A progress update. Of a `Result`, both are data.
    pub(crate) fn progress<T: Serialize + ?Sized>(update: &T) -> Output {
        let mut body = Buffer::starting_with(PROGRESS);
        serde_json::to_writer(&mut body, update).map_err(|error| does_not_serialise(&error))?;
        Ok(body.into_payload(PROGRESS.len(), false))
    }

    /// A list of items.
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

    /// The whole body.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The whole body, which nothing else shares then.
    pub(crate) fn into_body(self) -> Bytes {
        self.body
    }

    /// The JSON of the value alone.
    pub(crate) fn value(&self) -> &[u8] {
        &self.body[self.start..self.body.len() - END.len()]
    }

    /// How many bytes of JSON the value is.
    pub(crate) fn len(&self) -> usize {
        self.value().len()
    }

    /// Whether the value has to be looked at before it is posted: it may be an object that is empty, or that has a key for
    /// the worker. `false` is certain.
    pub(crate) fn may_be_special(&self) -> bool {
        self.may_be_special
    }

    /// The entries of a JSON object in their order; nothing for any other value.
    pub(crate) fn entries(&self) -> Option<Vec<json::Entry<'_>>> {
        if !self.value().starts_with(b"{") {
            return None;
        }
        json::entries(std::str::from_utf8(self.value()).ok()?).ok()
    }

    /// The value of a special key of a JSON object.
    pub(crate) fn special_entry(&self, key: &str) -> Option<&RawValue> {
        if !self.may_be_special {
            return None;
        }
        // As in any JSON reader, the last of several equal keys counts.
        self.entries()?
            .into_iter()
            .rev()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// As if its keys had not been seen while it was written.
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
/// A large text arrives in one piece. `Vec` alone would make exactly enough room for it, and would then double all of it for
/// the few bytes that close the body.
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
        // The body may wait long for the platform. A buffer that grew piece by piece can be twice as large as what is in it.
        if body.capacity() - body.len() > MOST_SPARE {
            body.shrink_to(body.len() + ROOM);
        }
        Payload {
            body: body.into(),
            start,
            may_be_special,
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

/// What Python's `if value:` would say. The platform's own worker is written in Python and asks so.
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
