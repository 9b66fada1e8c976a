//! Values as people read them, in a line of a log or an answer.

use std::borrow::Cow;

/// A number of bytes; also in MiB, if these are whole.
pub(crate) fn bytes(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{bytes} bytes ({} MiB)", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// At most so many characters, and an ellipsis if there are more.
pub(crate) fn excerpt(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// A piece of a request as an answer repeats it: not too much of it.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 100;
    excerpt(text, LONGEST)
}

/// At most so many characters, with spaces in place of line breaks and other control characters.
pub(crate) fn one_line(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most && !text.chars().any(char::is_control) {
        return text.into();
    }
    text.chars()
        .take(most)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}
