//! JSON that is handed on as it came.

use bytes::Bytes;
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

    /// For answers that are made by serde. Checks the text again, so not for what has to be fast.
    pub(crate) fn to_raw(&self) -> Box<RawValue> {
        raw(&self.0)
    }
}

pub(super) fn raw(text: &[u8]) -> Box<RawValue> {
    serde_json::from_slice(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
