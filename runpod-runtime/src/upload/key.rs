//! The names of uploaded files, and the keys of objects.

use std::borrow::Cow;

use super::error::Cause;
use crate::text::encode_component;

/// The longest key in bytes that S3 allows.
const LONGEST: usize = 1024;

/// Returns the key of a job's file: `<prefix>/<name>`, as in the Python SDK, or only the name if the prefix is empty.
///
/// The parts of a key become the parts of a URL's path, in which `..` would lead out of the job's prefix, and even out
/// of the bucket.
pub(super) fn of(prefix: Prefix<'_>, name: &str) -> Result<String, Cause> {
    check(name, "the name")?;
    let prefix = match prefix {
        // An id is chosen by the platform. It is usually a UUID with a suffix.
        Prefix::JobId(id) if check(id, "the job's id").is_err() || id.contains('/') => {
            encode_component(id)
        }
        Prefix::JobId(id) => Cow::Borrowed(id),
        Prefix::Given("") => Cow::Borrowed(""),
        Prefix::Given(prefix) => {
            check(prefix, "the prefix")?;
            Cow::Borrowed(prefix)
        }
    };
    let key = if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    };
    if key.len() > LONGEST {
        return Err(Cause::Name(format!(
            "its key (prefix and name) has {} bytes; S3 allows {LONGEST}",
            key.len()
        )));
    }
    Ok(key)
}

/// What comes before the name in a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prefix<'a> {
    JobId(&'a str),
    Given(&'a str),
}

fn check(path: &str, what: &str) -> Result<(), Cause> {
    let wrong = |why: &str| {
        Err(Cause::Name(format!(
            "{what} {why}; use a relative path such as `image.png` or `frames/1.png`"
        )))
    };
    if path.is_empty() {
        return wrong("is empty");
    }
    if path.contains('\\') {
        return wrong("contains a backslash, which is a folder on some systems");
    }
    if path.chars().any(char::is_control) {
        return wrong("contains a control character");
    }
    for part in path.split('/') {
        match part {
            "" => {
                return wrong(
                    "contains an empty part (a slash at its start or end, or two in a row)",
                );
            }
            "." | ".." => return wrong("contains `.` or `..`, which leads to another folder"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Result<String, String> {
        of(Prefix::JobId("job-1"), name).map_err(|cause| cause.to_string())
    }

    #[test]
    fn a_key_is_the_jobs_id_and_the_name() {
        assert_eq!(key("a.png").unwrap(), "job-1/a.png");
        assert_eq!(
            key("frames/ä b+c%2e.png").unwrap(),
            "job-1/frames/ä b+c%2e.png"
        );
        assert_eq!(of(Prefix::Given(""), "a").unwrap(), "a");
        assert_eq!(of(Prefix::Given("out/2026"), "a").unwrap(), "out/2026/a");
    }

    #[test]
    fn a_name_that_leads_out_of_its_folder_is_refused() {
        let names = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "./a",
            "..\\a",
            "a\0",
            "a\n",
        ];
        for name in names {
            let error = key(name).unwrap_err();
            assert!(error.contains("relative path"), "{name:?}: {error}");
        }
        assert!(of(Prefix::Given(".."), "a").is_err());
        assert!(key(&"a".repeat(1019)).unwrap_err().contains("1025 bytes"));
        assert!(key(&"a".repeat(1018)).is_ok());
        assert!(of(Prefix::Given(""), &"a".repeat(1025)).is_err());
    }

    #[test]
    fn an_id_with_slashes_stays_one_part() {
        let key = |id| of(Prefix::JobId(id), "a").unwrap();
        assert_eq!(key("../other"), "..%2Fother/a");
        assert_eq!(key("a/b"), "a%2Fb/a");
        assert_eq!(key("sync-1-u1"), "sync-1-u1/a");
    }
}
