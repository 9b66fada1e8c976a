//! Helpers for foreign text (from clients, the platform, users) in the worker's own text: truncate, escape,
//! percent-encode.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except the unreserved ones.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes all characters except the unreserved ones, so that the text fits into one path segment or query
/// value.
pub(crate) fn encode_component(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// Returns the first `longest` characters, with an ellipsis if there are more.
pub(crate) fn start_of(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Returns the text on one line. Control characters that a terminal would obey are escaped. If the text has more than
/// `longest` characters, its middle is left out: in messages, the value that was found comes first and the
/// expectation comes last.
pub(crate) fn both_ends_of(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    let mut shown = String::with_capacity(text.len().min(4 * longest));
    if length <= longest {
        push_escaped(&mut shown, text, char::is_control);
        return shown;
    }
    let half = longest / 2;
    let start_at = |character: usize| {
        let mut places = text.char_indices();
        places.nth(character).map_or(text.len(), |(start, _)| start)
    };
    push_escaped(&mut shown, &text[..start_at(half)], char::is_control);
    shown.push('…');
    push_escaped(
        &mut shown,
        &text[start_at(length - half)..],
        char::is_control,
    );
    shown
}

/// Returns the text for output on a terminal. All lines but the first are indented, so that none of them looks like a
/// separate message.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, line) in text.trim_end().split('\n').enumerate() {
        if index > 0 {
            shown.push('\n');
            if !line.starts_with(' ') {
                shown.push_str("  ");
            }
        }
        push_visible(&mut shown, line);
    }
    shown
}

/// Appends the text and escapes all characters that a terminal would obey or that would change how it shows other
/// text.
pub(crate) fn push_visible(line: &mut String, text: &str) {
    push_escaped(line, text, |character| {
        character.is_control() && character != '\t'
    });
}

fn push_escaped(line: &mut String, text: &str, is_control: impl Fn(char) -> bool) {
    let mut rest = text;
    let is_escaped = |character: char| is_control(character) || is_misleading(character);
    while let Some((start, character)) = rest.char_indices().find(|(_, it)| is_escaped(*it)) {
        line.push_str(&rest[..start]);
        line.extend(character.escape_default());
        rest = &rest[start + character.len_utf8()..];
    }
    line.push_str(rest);
}

/// Returns whether the character changes the direction or order of the shown text, starts a new line, or is
/// invisible. The joiners U+200C and U+200D are allowed, because some scripts and emoji need them.
fn is_misleading(character: char) -> bool {
    matches!(
        character,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visible_text_is_not_obeyed_and_begins_no_line_of_its_own() {
        assert_eq!(
            visible("a\u{1b}[2J\n{\"level\": \"INFO\"}\r\n  caused by: b\n"),
            "a\\u{1b}[2J\n  {\"level\": \"INFO\"}\\r\n  caused by: b"
        );
    }

    #[test]
    fn a_text_is_cut_between_characters_and_an_ellipsis_stands_for_the_rest() {
        assert_eq!(start_of("äöü", 3), "äöü");
        assert_eq!(start_of("äöüß", 3), "äöü…");
        assert_eq!(both_ends_of("äöü", 4), "äöü");
        assert_eq!(both_ends_of("\u{1b}äöüß\n", 4), "\\u{1b}ä…ß\\n");
        assert_eq!(both_ends_of("a\tb", 4), "a\\tb");
    }
}
