//! JSON that is handed on as it came.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Text that is valid JSON. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Json(Bytes);

impl Json {
    /// A copy: what is borrowed would keep the whole request alive.
    pub(crate) fn copied(raw: &RawValue) -> Self {
        Self(Bytes::copy_from_slice(raw.get().as_bytes()))
    }

    pub(crate) fn string(text: &str) -> Self {
        // A string always becomes JSON.
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
    /// What is known to be JSON.
    fn from(text: Bytes) -> Self {
        Self(text)
    }
}

impl Serialize for Json {
    /// As it is. The text is checked again, so not for what has to be fast.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_slice(&self.0).unwrap_or(RawValue::NULL);
        raw.serialize(serializer)
    }
}
