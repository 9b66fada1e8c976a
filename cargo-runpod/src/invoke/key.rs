//! The API key. It is sent, but never shown.

use std::env::{self, VarError};
use std::fmt;

use reqwest::header::HeaderValue;

use crate::failure::Failure;

pub(crate) struct Key(String);

impl Key {
    /// Reads the key from a variable. Returns `None` if the variable is not set or empty.
    pub(crate) fn from_variable(name: &str) -> Result<Option<Self>, Failure> {
        let key = match env::var(name) {
            Ok(key) => key.trim().to_owned(),
            Err(VarError::NotPresent) => String::new(),
            Err(VarError::NotUnicode(_)) => return Err(unusable(name)),
        };
        if key.is_empty() {
            return Ok(None);
        }
        let key = Self(key);
        key.header().ok_or_else(|| unusable(name))?;
        Ok(Some(key))
    }

    /// Returns the value of the header: `Authorization: Bearer KEY`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Removes the key from a text. A server may repeat the key in its answer.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(&self.0, "[redacted]")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

fn unusable(name: &str) -> Failure {
    Failure::new(format!(
        "{name} contains characters that an HTTP header cannot carry; set it to the key and nothing else"
    ))
    .with_code(super::code::USAGE)
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn the_key_is_sent_and_not_shown() {
        let key = Key("very-secret".to_owned());
        assert_eq!(key.header().unwrap(), "Bearer very-secret");
        assert!(!format!("{key:?} {:?}", key.header()).contains("very-secret"));
        assert_eq!(key.redact("no very-secret here"), "no [redacted] here");
    }
}
