//! JSON that is passed on unchanged.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A text that is valid JSON. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Json(Bytes);

impl Json {
    /// Copies the text. A text that shares the request's buffer would keep the whole request in memory.
    pub(crate) fn copied(raw: &RawValue) -> Self {
        Self(Bytes::copy_from_slice(raw.get().as_bytes()))
    }

    pub(crate) fn string(text: &str) -> Self {
        // A string always serialises to JSON.
        Self(serde_json::to_vec(text).unwrap_or_default().into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Bytes> for Json {
    /// Wraps a text that is known to be JSON.
    fn from(text: Bytes) -> Self {
        Self(text)
    }
}

impl Serialize for Json {
    /// Serialises the text as it is. This parses the text again, so do not use it where speed matters.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_slice(&self.0).unwrap_or(RawValue::NULL);
        raw.serialize(serializer)
    }
}
