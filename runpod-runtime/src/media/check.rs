//! Checks whether content is what an input accepts.

use std::borrow::Cow;

use bytes::Bytes;

#[cfg(feature = "download")]
use super::error::Cause;
use super::kind::MediaKind;
use super::{Media, complete, format};

/// Content that a `MediaInput` does not accept.
#[derive(Debug)]
pub(super) enum Unsuitable {
    Format(Difference),
    Incomplete(Difference),
}

/// The content that was found, and the expected content.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) found: String,
    pub(super) expected: String,
}

impl Unsuitable {
    pub(super) fn format(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Format(Difference {
            found: found.into(),
            expected: expected.into(),
        })
    }

    pub(super) fn difference(&self) -> &Difference {
        match self {
            Self::Format(difference) | Self::Incomplete(difference) => difference,
        }
    }

    /// Turns the reason into an error about the file with this name.
    #[cfg(feature = "download")]
    pub(super) fn of_file(self, name: &str) -> Cause {
        let Difference { found, expected } = self.difference();
        let message = format!("{name}: found {found}, expected {expected}");
        match self {
            Self::Format(_) => Cause::Format(message),
            Self::Incomplete(_) => Cause::Incomplete(message),
        }
    }
}

/// Checks the size and the format of content.
pub(super) fn checked<K: MediaKind, const MAX_BYTES: usize>(
    bytes: Vec<u8>,
    declared: Option<Cow<'static, str>>,
) -> Result<Media, Unsuitable> {
    if bytes.len() > MAX_BYTES {
        let found = format!("{} bytes", bytes.len());
        let expected = format!("{} of at most {MAX_BYTES} bytes", K::NAME);
        return Err(Unsuitable::format(found, expected));
    }
    let found = format::of(&bytes);
    if !K::accepts(found.unwrap_or(format::UNKNOWN)) {
        let found = match found {
            Some(found) => format!("a file of the type {found}"),
            None => "a file of an unknown type".to_owned(),
        };
        return Err(Unsuitable::format(found, K::NAME));
    }
    if let Some(why) = complete::missing(&bytes) {
        return Err(Unsuitable::Incomplete(Difference {
            found: format!("a file that was cut off: {why}"),
            expected: format!("{} that is complete", K::NAME),
        }));
    }
    let media_type = match (found, declared) {
        // A container such as WebM may contain only a sound, and only the client knows that.
        (Some(found), Some(declared))
            if format::is_media(&declared) && format::agree(&declared, Some(found)) =>
        {
            declared
        }
        (Some(found), _) if format::is_media(found) => found.into(),
        (found, Some(declared)) if format::agree(&declared, found) => declared,
        (found, _) => found.unwrap_or(format::UNKNOWN).into(),
    };
    Ok(Media::of_known(Bytes::from(bytes), media_type))
}
