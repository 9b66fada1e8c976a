//! Separates the text of an error from a backtrace at its end.
//!
//! If the variable `RUST_BACKTRACE` is set, some libraries, such as candle, write a backtrace into the text of their
//! errors. A client needs the message, and the backtrace belongs to the place of the failure.

/// Returns the message of an error, and the lines of the backtrace behind it.
pub(super) fn split(text: &str) -> (&str, Vec<String>) {
    let Some(start) = backtrace(text) else {
        return (text, Vec::new());
    };
    let message = text[..start].trim_end();
    // `anyhow` writes this line before a backtrace.
    let message = message.strip_suffix("Stack backtrace:").unwrap_or(message);
    let lines = text[start..].lines().map(|line| line.trim_end().to_owned());
    (message.trim_end(), lines.collect())
}

/// Returns the place of a backtrace that extends to the end of the text. It starts with the frame 0, on a line of its own.
fn backtrace(text: &str) -> Option<usize> {
    let (mut found, mut start) = (None, text.len());
    let mut has_place = false;
    // From the end, so that a long text is read only once.
    for line in text.split_inclusive('\n').rev() {
        start -= line.len();
        let line = line.trim_end();
        if !is_part(line) {
            break;
        }
        if is_first(line, has_place) {
            found = Some(start);
        }
        has_place = is_place(line);
    }
    // A text without a message stays whole.
    found.filter(|start| *start > 0)
}

/// Returns whether the line names the frame 0 as the standard library writes it: a path, or a name with a place in the
/// next line. A list in a message may be numbered, too.
fn is_first(line: &str, has_place: bool) -> bool {
    line.strip_prefix("   0: ")
        .is_some_and(|name| has_place || name.contains("::") || name.contains("<unknown>"))
}

fn is_place(line: &str) -> bool {
    line.starts_with(' ') && line.trim_start().starts_with("at ")
}

fn is_part(line: &str) -> bool {
    is_frame(line)
        || is_place(line)
        || line.trim().is_empty()
        || line.starts_with("note: Some details are omitted")
}

/// Returns whether the line names a frame, such as `   0: main`.
fn is_frame(line: &str) -> bool {
    let number = line.trim_start().split_once(": ").map(|(number, _)| number);
    line.starts_with(' ') && number.is_some_and(|number| number.parse::<usize>().is_ok())
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;

    #[test]
    fn a_backtrace_is_separated_from_the_message() {
        let backtrace = Backtrace::force_capture();
        for text in [
            format!("shape mismatch: 1 and 2\n{backtrace}"),
            format!("shape mismatch: 1 and 2\n\nStack backtrace:\n{backtrace}"),
        ] {
            let (message, lines) = split(&text);
            assert_eq!(message, "shape mismatch: 1 and 2");
            assert!(lines[0].starts_with("   0: "), "{lines:?}");
            assert!(
                lines.iter().any(|line| line.contains("error_text")),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn a_text_that_only_resembles_a_backtrace_is_a_message() {
        for text in [
            "",
            "no luck",
            "0: no luck",
            "two rows:\n  0: red\n  1: blue\nand a summary",
            "two rows:\n  0: red\n  1: blue",
            "two rows:\n   0: red\n   1: blue",
            "line 0: x\n   at the end",
        ] {
            assert_eq!(split(text), (text, Vec::new()), "{text}");
        }
    }
}
