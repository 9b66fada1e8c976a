//! Formats values for people, in log lines and answers.

use std::borrow::Cow;

/// Formats a number of bytes, and adds the number of MiB if that is a whole number.
pub(crate) fn bytes(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{bytes} bytes ({} MiB)", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// Returns at most `most` characters of the text, and an ellipsis if there are more.
pub(crate) fn excerpt(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Returns a short piece of a request, to repeat it in an answer.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 100;
    excerpt(text, LONGEST)
}

/// Returns at most `most` characters, with spaces instead of line breaks and other control characters.
pub(crate) fn one_line(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most && !text.chars().any(char::is_control) {
        return text.into();
    }
    text.chars()
        .take(most)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}
