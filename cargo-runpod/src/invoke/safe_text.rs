//! Makes text from outside safe for a terminal.
//!
//! Jobs and servers write what they like. Escape sequences could move the cursor, change colours or the title, or type
//! for the user. Marks that change the direction of text could make it read as something else.

/// Tells whether a terminal would act on this character instead of showing it. The caller decides about newlines and
/// tabs.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the text with its newlines and tabs. Other unsafe characters are written like `\u{1b}`.
pub(crate) fn block(text: &str) -> String {
    escaped(&text.replace("\r\n", "\n"), |character| {
        matches!(character, '\n' | '\t')
    })
}

/// Returns the text on one line of at most `most` characters.
pub(super) fn line(text: &str, most: usize) -> String {
    let joined: String = text
        .trim()
        .chars()
        .map(|character| match character {
            '\n' | '\r' | '\t' => ' ',
            other => other,
        })
        .take(most + 1)
        .collect();
    if joined.chars().count() > most {
        let cut: String = joined.chars().take(most.saturating_sub(1)).collect();
        return escaped(&format!("{cut}…"), |_| false);
    }
    escaped(&joined, |_| false)
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && !is_kept(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_and_lines_stay() {
        assert_eq!(
            block("a\tb\r\nc\u{1b}[31m\u{9b}0m\u{202e}"),
            "a\tb\nc\\u{1b}[31m\\u{9b}0m\\u{202e}"
        );
    }

    #[test]
    fn a_line_is_one_line_and_cut() {
        assert_eq!(line(" one\ntwo ", 80), "one two");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
    }
}
