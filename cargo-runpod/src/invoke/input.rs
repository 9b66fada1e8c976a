//! Reads the job's input from an argument, a file or stdin, and builds the request.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::arguments::Arguments;
use super::json_fault;
use crate::failure::Failure;

/// The maximum size of a request that Runpod accepts at `/run`.
const MOST_BYTES: usize = 10 * 1024 * 1024;

const TEST_INPUT: &str = "test_input.json";

/// The keys that a request may have besides its input. The id is not sent, because the endpoint assigns it.
const BESIDE_INPUT: [&str; 4] = ["id", "webhook", "policy", "s3Config"];

/// The body of `POST /run`.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) body: Vec<u8>,
    /// Whether the input comes from `test_input.json`, because the user gave none.
    pub(super) from_test_input: bool,
}

pub(super) fn read(arguments: &Arguments) -> Result<Request, Failure> {
    let (source, text) = text(arguments)?;
    let json = source.parse(&text)?;
    let body = request(json);
    if body.len() > MOST_BYTES {
        return Err(too_large(&source, body.len() as u64));
    }
    Ok(Request {
        body,
        from_test_input: matches!(source, Source::TestInput),
    })
}

/// The source of the input. Every error names it.
#[derive(Debug)]
enum Source {
    Argument,
    File(PathBuf),
    Stdin,
    TestInput,
}

fn text(arguments: &Arguments) -> Result<(Source, String), Failure> {
    match (&arguments.input, &arguments.file) {
        (Some(dash), _) if dash == "-" => {
            let text = Source::Stdin.read(io::stdin().lock())?;
            Ok((Source::Stdin, text))
        }
        (Some(json), _) => Ok((Source::Argument, json.clone())),
        (None, Some(path)) => {
            let source = Source::File(path.clone());
            let text = source.read_file(path)?;
            Ok((source, text))
        }
        (None, None) => nothing_given(),
    }
}

fn nothing_given() -> Result<(Source, String), Failure> {
    if !io::stdin().is_terminal() {
        let text = Source::Stdin.read(io::stdin().lock())?;
        // If no terminal is attached, for example in CI, stdin is often empty.
        if !text.trim().is_empty() {
            return Ok((Source::Stdin, text));
        }
    }
    let path = Path::new(TEST_INPUT);
    if path.is_file() {
        let text = Source::TestInput.read_file(path)?;
        return Ok((Source::TestInput, text));
    }
    Err(usage(
        "the job has no input, and this folder has no test_input.json. Pass an input in one of these ways:\n\n  \
         cargo runpod invoke '{\"name\": \"Ada\"}'\n  \
         cargo runpod invoke --file input.json\n  \
         generate-input | cargo runpod invoke",
    ))
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Argument => "the input".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
            Self::TestInput => TEST_INPUT.to_owned(),
        }
    }

    fn read_file(&self, path: &Path) -> Result<String, Failure> {
        let file = File::open(path).map_err(|error| self.unreadable(&error))?;
        self.read(file)
    }

    fn read(&self, reader: impl Read) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        let most = MOST_BYTES as u64 + 1;
        let read = reader.take(most).read_to_end(&mut bytes);
        read.map_err(|error| self.unreadable(&error))?;
        if bytes.len() > MOST_BYTES {
            return Err(too_large(self, bytes.len() as u64));
        }
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            usage(format!(
                "{}: not valid UTF-8 at byte {at}; JSON must be UTF-8",
                self.name()
            ))
        })?;
        // Some editors on Windows write a byte order mark.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        usage(format!("cannot read {}: {error}", self.name()))
    }

    fn parse<'t>(&self, text: &'t str) -> Result<&'t RawValue, Failure> {
        serde_json::from_str(text).map_err(|error| {
            let hint = match self {
                Self::Argument => hint(text),
                _ => None,
            };
            usage(json_fault::told(
                &self.name(),
                text,
                &error,
                hint.as_deref(),
            ))
        })
    }
}

/// Guesses what the user meant and suggests how to write it.
fn hint(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some("for an empty text, pass '\"\"'; for an empty object, pass '{}'".to_owned());
    }
    if text.starts_with(['{', '[']) {
        let has_bare_words = !text.contains('"') && text.contains(char::is_alphabetic);
        return has_bare_words.then(|| {
            "the shell may have removed the double quotes; put single quotes around the whole input: '{\"name\": \"Ada\"}'".to_owned()
        });
    }
    if Path::new(text).is_file() {
        return Some("a file of this name exists; to send its content, use --file".to_owned());
    }
    let is_plain = !text.contains(['"', '\\', '\'', '\n']) && text.chars().count() <= 60;
    Some(if is_plain {
        format!(
            "to send a text, put double quotes around it for JSON, and single quotes for the shell: '\"{text}\"'"
        )
    } else {
        "to send a text, put double quotes around it for JSON, and single quotes for the shell: '\"text\"'"
            .to_owned()
    })
}

fn request(json: &RawValue) -> Vec<u8> {
    let mut body = Vec::with_capacity(json.get().len() + 16);
    if let Some(mut whole) = whole_request(json) {
        whole.remove("id");
        // Writing to memory cannot fail, and the keys are strings.
        let _ = serde_json::to_writer(&mut body, &whole);
    } else {
        body.extend_from_slice(b"{\"input\":");
        body.extend_from_slice(json.get().as_bytes());
        body.push(b'}');
    }
    body
}

/// Returns the whole request if the input has the form of `test_input.json`.
fn whole_request(json: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(json.get()).ok()?;
    let is_whole = object.contains_key("input")
        && object
            .keys()
            .all(|key| key == "input" || BESIDE_INPUT.contains(&key.as_str()));
    is_whole.then_some(object)
}

fn too_large(source: &Source, bytes: u64) -> Failure {
    let more = if bytes > MOST_BYTES as u64 + 64 {
        format!("{bytes} bytes")
    } else {
        format!("more than {MOST_BYTES} bytes")
    };
    usage(format!(
        "{}: the request has {more}, but an endpoint accepts at most 10 MB ({MOST_BYTES} bytes). Put large data where the \
         worker can fetch it, and send its address",
        source.name()
    ))
}

fn usage(text: impl Into<String>) -> Failure {
    Failure::new(text).with_code(super::code::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(json: &str) -> String {
        let json = serde_json::from_str(json).unwrap();
        String::from_utf8(request(json)).unwrap()
    }

    #[test]
    fn any_json_is_an_input() {
        assert_eq!(sent("[1, 2]"), r#"{"input":[1, 2]}"#);
        assert_eq!(sent(r#"{"name": "Ada"}"#), r#"{"input":{"name": "Ada"}}"#);
    }

    #[test]
    fn an_object_with_an_input_and_keys_of_a_request_is_the_request_without_its_id() {
        assert_eq!(
            sent(r#"{"id": "x", "policy": {"ttl": 20000}, "input": {"a": 1.50}}"#),
            r#"{"input":{"a": 1.50},"policy":{"ttl": 20000}}"#
        );
    }

    #[test]
    fn an_object_that_has_more_than_a_request_is_an_input() {
        let json = r#"{"input": "text", "voice": "low"}"#;
        assert_eq!(sent(json), format!("{{\"input\":{json}}}"));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let json = "0.1000000000000000055511151231257827";
        assert_eq!(sent(json), format!("{{\"input\":{json}}}"));
    }
}
