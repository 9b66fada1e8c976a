//! What is sent: the job's input, from where the user has it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::Arguments;
use super::json_fault;
use crate::failure::Failure;

/// What Runpod takes with `/run`.
const MOST_BYTES: usize = 10 * 1024 * 1024;

const TEST_INPUT: &str = "test_input.json";

/// What a request may have beside its input. The id is not sent: it is the endpoint's to give.
const BESIDE_INPUT: [&str; 4] = ["id", "webhook", "policy", "s3Config"];

/// The body of `POST /run`.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) body: Vec<u8>,
    /// Where nothing was given and a file of the folder was taken.
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

/// Where the input is from, which every error names.
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
        // Where there is nobody at a terminal, stdin is empty as often as not.
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
        "the job has no input, and there is no test_input.json in this folder. Give it in one of these ways:\n\n  \
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
                "{}: not UTF-8 from byte {at} on; JSON is",
                self.name()
            ))
        })?;
        // Some editors on Windows write one.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        usage(format!("{} cannot be read: {error}", self.name()))
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

/// What somebody who typed this most likely meant.
fn hint(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some("an empty text is '\"\"', an empty object '{}'".to_owned());
    }
    if text.starts_with(['{', '[']) {
        let has_bare_words = !text.contains('"') && text.contains(char::is_alphabetic);
        return has_bare_words.then(|| {
            "has the shell taken the double quotes? Put single quotes around the whole: '{\"name\": \"Ada\"}'".to_owned()
        });
    }
    if Path::new(text).is_file() {
        return Some("a file of that name is there; send what is in it with --file".to_owned());
    }
    let is_plain = !text.contains(['"', '\\', '\'', '\n']) && text.chars().count() <= 60;
    Some(if is_plain {
        format!(
            "a text is JSON with double quotes around it, and single ones for the shell: '\"{text}\"'"
        )
    } else {
        "a text is JSON with double quotes around it, and single ones for the shell: '\"text\"'"
            .to_owned()
    })
}

fn request(json: &RawValue) -> Vec<u8> {
    let mut body = Vec::with_capacity(json.get().len() + 16);
    if let Some(mut whole) = whole_request(json) {
        whole.remove("id");
        // Writing to memory does not fail, and neither do keys that are texts.
        let _ = serde_json::to_writer(&mut body, &whole);
    } else {
        body.extend_from_slice(b"{\"input\":");
        body.extend_from_slice(json.get().as_bytes());
        body.push(b'}');
    }
    body
}

/// As in `test_input.json`.
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
        "{}: the request has {more}; an endpoint takes up to 10 MB ({MOST_BYTES} bytes). Put large data where the worker \
         can fetch it, and send its address",
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
