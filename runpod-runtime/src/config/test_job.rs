//! Reads the job of a local run (protocol.md, section 4).

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{Fault, found};
use super::json_fault::parse_json;

/// The name of the test job's file in the working directory.
const FILE_NAME: &str = "test_input.json";

const FLAG_NAME: &str = "--test_input";

const EXPECTED: &str = r#"a job such as {"input": {"name": "World"}}"#;

/// The source of the test job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TestSource {
    Flag,
    File(PathBuf),
}

impl fmt::Display for TestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str(FLAG_NAME),
            Self::File(_) => f.write_str(FILE_NAME),
        }
    }
}

/// Returns the job in the value of `--test_input`, as JSON text.
pub(super) fn from_flag(text: &str) -> Result<String, Fault> {
    checked(FLAG_NAME, text)
}

/// Returns the job in `test_input.json`, as JSON text, and the file's path. Returns `None` if the file does not
/// exist.
pub(super) fn from_file(directory: &Path) -> Result<Option<(String, PathBuf)>, Fault> {
    let path = directory.join(FILE_NAME);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let problem = format!(
                "cannot be read from the directory {} ({error})",
                directory.display()
            );
            return Err(Fault::new(FILE_NAME, problem)
                .expected("a readable file")
                .remedy("correct it, or use --test_input"));
        }
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fault::new(FILE_NAME, format!("invalid UTF-8 after {at} bytes"))
            .expected("JSON in UTF-8")
            .remedy("save the file as UTF-8")
    })?;
    // Some editors write a byte order mark at the start of a file. It is not part of the JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(Some((checked(FILE_NAME, text)?, path)))
}

/// Returns the text if it is a valid job.
fn checked(subject: &str, text: &str) -> Result<String, Fault> {
    let job = parse_json(subject, text, EXPECTED)?;
    let Value::Object(keys) = &job else {
        return Err(Fault::new(
            subject,
            format!("not a JSON object, {}", found(&job.to_string())),
        )
        .expected(EXPECTED));
    };
    match keys.get("input") {
        Some(Value::Null) => Err(Fault::new(subject, "the job's `input` is null")
            .expected(EXPECTED)
            .remedy("set it to a value, or to {} if the handler needs no input")),
        Some(_) => Ok(text.to_owned()),
        None => {
            let names: Vec<_> = keys.keys().map(String::as_str).collect();
            let problem = match names.as_slice() {
                [] => "the job has no `input`, found an empty object".to_owned(),
                names => format!("the job has no `input`, {}", found(&names.join(", "))),
            };
            Err(Fault::new(subject, problem)
                .expected(EXPECTED)
                .remedy(r#"put the handler's input inside {"input": …}"#))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag_fault(text: &str) -> String {
        from_flag(text).unwrap_err().to_string()
    }

    fn directory_with(content: &[u8]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE_NAME), content).unwrap();
        directory
    }

    #[test]
    fn a_job_is_handed_on_as_it_was_written() {
        let text = r#" {"id": "t", "input": {"b": 1, "a": 1.50}} "#;
        assert_eq!(from_flag(text).unwrap(), text);
        for input in ["0", "false", "\"\"", "{}", "[]"] {
            from_flag(&format!("{{\"input\": {input}}}")).unwrap();
        }
    }

    #[test]
    fn a_job_without_input_is_told_to_have_one() {
        assert_eq!(
            flag_fault(r#"{"name": "World", "id": "x"}"#),
            "--test_input: the job has no `input`, found \"name, id\"; \
             expected a job such as {\"input\": {\"name\": \"World\"}}; \
             put the handler's input inside {\"input\": …}"
        );
        assert!(
            flag_fault("{}")
                .starts_with("--test_input: the job has no `input`, found an empty object;")
        );
        assert_eq!(
            flag_fault(r#"{"input": null}"#),
            "--test_input: the job's `input` is null; \
             expected a job such as {\"input\": {\"name\": \"World\"}}; \
             set it to a value, or to {} if the handler needs no input"
        );
    }

    #[test]
    fn json_that_is_no_object_is_no_job() {
        assert_eq!(
            flag_fault("[1, 2]"),
            "--test_input: not a JSON object, found \"[1,2]\"; \
             expected a job such as {\"input\": {\"name\": \"World\"}}"
        );
        assert!(flag_fault(&format!("\"{}\"", "x".repeat(500))).contains("xxx…\""));
    }

    #[test]
    fn bad_json_in_the_flag_is_shown_with_its_place() {
        assert!(flag_fault("{\"input\": 1,}").starts_with(
            "--test_input: invalid JSON at line 1, column 13: trailing comma; expected a job"
        ));
    }

    #[test]
    fn a_missing_file_is_no_fault() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(from_file(directory.path()).unwrap(), None);
    }

    #[test]
    fn a_file_is_read_with_or_without_a_byte_order_mark() {
        for content in ["{\"input\": 1}", "\u{feff}{\"input\": 1}"] {
            let directory = directory_with(content.as_bytes());
            let (job, path) = from_file(directory.path()).unwrap().unwrap();
            assert_eq!(job, "{\"input\": 1}");
            assert_eq!(path, directory.path().join(FILE_NAME));
        }
    }

    #[test]
    fn a_malformed_file_is_shown_with_its_place() {
        let directory = directory_with(b"{\n  \"input\": {\n    \"name\": World\n  }\n}\n");
        assert_eq!(
            from_file(directory.path()).unwrap_err().to_string(),
            "test_input.json: invalid JSON at line 3, column 13: expected value; \
             expected a job such as {\"input\": {\"name\": \"World\"}}\n      \
             \x20   \"name\": World\n      \
             \x20           ^"
        );
    }

    #[test]
    fn a_file_that_is_not_utf8_or_cannot_be_read_is_a_fault() {
        let directory = directory_with(b"{\"input\": \"\xff\"}");
        assert_eq!(
            from_file(directory.path()).unwrap_err().to_string(),
            "test_input.json: invalid UTF-8 after 11 bytes; expected JSON in UTF-8; save the file as UTF-8"
        );
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join(FILE_NAME)).unwrap();
        let fault = from_file(directory.path()).unwrap_err().to_string();
        assert!(
            fault.starts_with("test_input.json: cannot be read from "),
            "{fault}"
        );
        assert!(
            fault.ends_with("correct it, or use --test_input"),
            "{fault}"
        );
    }

    #[test]
    fn a_source_is_shown_as_a_person_would_name_it() {
        assert_eq!(TestSource::Flag.to_string(), "--test_input");
        assert_eq!(
            TestSource::File(PathBuf::from("/a/test_input.json")).to_string(),
            "test_input.json"
        );
    }
}
