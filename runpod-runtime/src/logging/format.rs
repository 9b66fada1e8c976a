//! Turns the parts of an event into its line.
//!
//! A message may contain anything that a job brings with it, so a line is made safe in both formats. In JSON,
//! everything except printable ASCII is escaped, like in Python. In a terminal, a message can neither control the
//! terminal nor start a line that looks like a new event.

use std::borrow::Cow;
use std::fmt::Write as _;

use tracing::Level;

use crate::text::push_visible;

/// The maximum length of a message. Longer messages lose their middle part.
const LONGEST_MESSAGE: usize = 4096;
/// The room for the rest of a message: the text around a shortened part, and the note about the missing text.
const REST_OF_MESSAGE: usize = 256;
/// The maximum length of a job's id in a line. The platform's ids are much shorter.
const LONGEST_JOB_ID: usize = 256;

/// The start of the second and every further line of a message, in place of the level.
const CONTINUATION: &str = "       | ";

/// The format of log lines.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// JSON for the platform.
    Json,
    /// Text for people.
    Terminal { color: bool },
}

/// An event that is ready to be written. Secrets are already removed from it.
pub(super) struct Line<'a> {
    pub(super) level: Level,
    pub(super) job_id: Option<&'a str>,
    pub(super) message: &'a str,
}

impl Line<'_> {
    /// Appends the line to `text`.
    pub(super) fn write(&self, format: Format, text: &mut String) {
        match format {
            Format::Json => self.json(text),
            Format::Terminal { color } => self.terminal(color, text),
        }
    }

    /// Writes `{"requestId": …, "message": …, "level": …}`, exactly like the SDK.
    fn json(&self, line: &mut String) {
        line.reserve(self.message.len() + 80);
        line.push_str("{\"requestId\": ");
        match self.job_id {
            Some(id) => push_json_text(line, id),
            None => line.push_str("null"),
        }
        line.push_str(", \"message\": ");
        push_json_text(line, self.message);
        line.push_str(", \"level\": \"");
        line.push_str(self.level.as_str());
        line.push_str("\"}\n");
    }

    /// Writes `INFO   | job | message`.
    fn terminal(&self, color: bool, line: &mut String) {
        line.reserve(self.message.len() + 40);
        let level = self.level.as_str();
        if color {
            let _ = write!(
                line,
                "\u{1b}[{}m{level:<7}\u{1b}[0m| ",
                color_of(self.level)
            );
        } else {
            let _ = write!(line, "{level:<7}| ");
        }
        if let Some(id) = self.job_id {
            push_visible(line, id);
            line.push_str(" | ");
        }
        for (index, part) in self.message.trim_end().split('\n').enumerate() {
            if index > 0 {
                line.push('\n');
                line.push_str(CONTINUATION);
            }
            push_visible(line, part.trim_end_matches('\r'));
        }
        line.push('\n');
    }
}

/// Returns the message without its middle if it is too long. The note about the missing text has the SDK's wording.
pub(super) fn shortened(message: &str) -> Cow<'_, str> {
    shortened_to(message, LONGEST_MESSAGE)
}

/// Shortens the id of a job, because a program may log with an id of any length.
pub(super) fn shortened_id(id: &str) -> &str {
    &id[..id.floor_char_boundary(LONGEST_JOB_ID)]
}

/// Shortens a part of a message so that the whole message fits and is not shortened again. This spares the logging
/// thread that work. The part must not contain a key, because a piece of the key could remain.
pub(crate) fn shortened_part(part: &str) -> Cow<'_, str> {
    shortened_to(part, LONGEST_MESSAGE - REST_OF_MESSAGE)
}

fn shortened_to(message: &str, longest: usize) -> Cow<'_, str> {
    // A text has at least as many bytes as characters, so a short text needs no count.
    if message.len() <= longest {
        return message.into();
    }
    let characters = message.chars().count();
    if characters <= longest {
        return message.into();
    }
    let half = longest / 2;
    let start_of = |character: usize| {
        message
            .char_indices()
            .nth(character)
            .map_or(message.len(), |(start, _)| start)
    };
    format!(
        "{}\n...TRUNCATED {} CHARACTERS...\n{}",
        &message[..start_of(half)],
        characters - longest,
        &message[start_of(characters - half)..]
    )
    .into()
}

fn color_of(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 2,
    }
}

/// Appends a JSON string of printable ASCII only, so that no log collector splits it or reads it differently.
fn push_json_text(line: &mut String, text: &str) {
    line.push('"');
    let mut rest = text;
    let is_escaped =
        |character: char| !matches!(character, ' '..='~') || "\"\\".contains(character);
    while let Some((start, character)) = rest.char_indices().find(|(_, it)| is_escaped(*it)) {
        line.push_str(&rest[..start]);
        push_json_escape(line, character);
        rest = &rest[start + character.len_utf8()..];
    }
    line.push_str(rest);
    line.push('"');
}

fn push_json_escape(line: &mut String, character: char) {
    match character {
        '"' => line.push_str("\\\""),
        '\\' => line.push_str("\\\\"),
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        '\u{8}' => line.push_str("\\b"),
        '\u{c}' => line.push_str("\\f"),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(job_id: Option<&'a str>, message: &'a str) -> Line<'a> {
        Line {
            level: Level::INFO,
            job_id,
            message,
        }
    }

    impl Line<'_> {
        fn written(&self, format: Format) -> String {
            let mut text = String::new();
            self.write(format, &mut text);
            text
        }
    }

    #[test]
    fn a_json_line_is_the_sdks_to_the_letter() {
        // The expected line is the one that the SDK's logger prints for the same values.
        assert_eq!(
            line(
                Some("j-1"),
                "a \"quoted\" \\ ä€😀\n\t\u{8}\u{c}\r\u{0}\u{7f}"
            )
            .written(Format::Json),
            "{\"requestId\": \"j-1\", \"message\": \"a \\\"quoted\\\" \\\\ \\u00e4\\u20ac\\ud83d\\ude00\
             \\n\\t\\b\\f\\r\\u0000\\u007f\", \"level\": \"INFO\"}\n"
        );
        assert_eq!(
            line(None, "Started.").written(Format::Json),
            "{\"requestId\": null, \"message\": \"Started.\", \"level\": \"INFO\"}\n"
        );
    }

    #[test]
    fn a_json_line_is_one_line_of_ascii_and_says_the_same() {
        let message: String = (0..0x2100_u32).filter_map(char::from_u32).collect();
        let json = line(Some(&message), &message).written(Format::Json);
        assert!(json.is_ascii());
        assert_eq!(
            json.matches(|character: char| character.is_control())
                .count(),
            1
        );
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["message"], message);
        assert_eq!(value["requestId"], message);
    }

    #[test]
    fn a_terminal_line_has_level_job_and_message() {
        assert_eq!(
            line(Some("j-1"), "Started.").written(Format::Terminal { color: false }),
            "INFO   | j-1 | Started.\n"
        );
        assert_eq!(
            line(None, "Started.").written(Format::Terminal { color: false }),
            "INFO   | Started.\n"
        );
    }

    #[test]
    fn every_level_has_its_own_colour() {
        for (level, start) in [
            (Level::ERROR, "\u{1b}[31mERROR  \u{1b}[0m| x\n"),
            (Level::WARN, "\u{1b}[33mWARN   \u{1b}[0m| x\n"),
            (Level::INFO, "\u{1b}[32mINFO   \u{1b}[0m| x\n"),
            (Level::DEBUG, "\u{1b}[34mDEBUG  \u{1b}[0m| x\n"),
            (Level::TRACE, "\u{1b}[2mTRACE  \u{1b}[0m| x\n"),
        ] {
            let line = Line {
                level,
                job_id: None,
                message: "x",
            };
            assert_eq!(line.written(Format::Terminal { color: true }), start);
        }
    }

    #[test]
    fn in_a_terminal_no_message_can_begin_a_line_of_its_own() {
        let forged = "x\nERROR  | j-2 | gone\r\nINFO   | back\r\r\nmore\n\n";
        assert_eq!(
            line(Some("j\n1"), forged).written(Format::Terminal { color: false }),
            "INFO   | j\\n1 | x\n       | ERROR  | j-2 | gone\n       | INFO   | back\n       | more\n"
        );
        for hostile in [
            "a\rERROR",
            "a\u{85}ERROR",
            "a\u{2028}ERROR",
            "a\u{b}ERROR",
            "a\u{c}ERROR",
        ] {
            let line = line(None, hostile).written(Format::Terminal { color: false });
            assert_eq!(line.lines().count(), 1);
            assert!(line.starts_with("INFO   | a\\"), "{line}");
        }
    }

    #[test]
    fn a_terminal_gets_nothing_that_it_would_obey() {
        let hostile: String = (0..0xa0_u32)
            .chain(0x2000..0x2070)
            .filter_map(char::from_u32)
            .collect();
        let line = line(Some(&hostile), &hostile).written(Format::Terminal { color: false });
        for character in line.chars() {
            assert!(
                matches!(character, '\n' | '\t') || !character.is_control(),
                "{character:?}"
            );
            assert!(
                !matches!(character, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
            );
        }
    }

    #[test]
    fn in_a_terminal_ordinary_text_in_any_script_is_left_as_it_is() {
        assert_eq!(
            line(None, "\u{1b}[2Jé 漢字\t😀 می\u{200c}خواهم 👩\u{200d}💻")
                .written(Format::Terminal { color: false }),
            "INFO   | \\u{1b}[2Jé 漢字\t😀 می\u{200c}خواهم 👩\u{200d}💻\n"
        );
    }

    #[test]
    fn a_message_of_4096_characters_is_whole_and_a_longer_one_loses_its_middle() {
        let whole = "ä".repeat(4096);
        assert_eq!(shortened(&whole), whole);
        let long = format!("{}x{}", "ä".repeat(2048), "€".repeat(2049));
        assert_eq!(
            shortened(&long),
            format!(
                "{}\n...TRUNCATED 2 CHARACTERS...\n{}",
                "ä".repeat(2048),
                "€".repeat(2048)
            )
        );
    }

    #[test]
    fn an_id_is_cut_between_two_characters() {
        assert_eq!(shortened_id("0b5e7a11-u1"), "0b5e7a11-u1");
        let id = format!("x{}", "é".repeat(1 << 20));
        assert_eq!(shortened_id(&id), &id[..LONGEST_JOB_ID - 1]);
    }

    #[test]
    fn a_part_that_was_cut_leaves_room_for_the_rest_of_its_message() {
        let part = shortened_part(&"x".repeat(10_000)).into_owned();
        let message = format!("Job failed: {part}");
        assert!(part.contains("...TRUNCATED "));
        assert_eq!(shortened(&message), message);
    }
}
