//! The API key.

use std::fmt;

use axum::http::{HeaderMap, header};

/// The API key. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    pub(crate) fn new(key: String) -> Self {
        Self(key)
    }

    /// Returns whether the headers contain the key: as `Authorization: Bearer KEY` from clients, or as `Authorization:
    /// KEY` from workers.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return false;
        };
        let value = value.as_bytes();
        let bearer = value
            .split_at_checked(7)
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer "))
            .map(|(_, key)| key.trim_ascii());
        // Both forms are compared, because the key itself may begin with `Bearer`.
        bearer.is_some_and(|key| same(key, self.0.as_bytes())) | same(value, self.0.as_bytes())
    }
}

/// Compares two keys in a time that does not depend on where they differ.
fn same(given: &[u8], key: &[u8]) -> bool {
    let differences = given
        .iter()
        .zip(key)
        .fold(0, |differences, (one, other)| differences | (one ^ other));
    given.len() == key.len() && std::hint::black_box(differences) == 0
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}
