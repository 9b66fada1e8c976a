//! The content of a result's file: a line of JSON that describes the bodies, followed by the bodies as they are posted.
//!
//! The bodies are not embedded in JSON, so that a result of 100 MB is written directly from its buffer.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Results up to this size are written in one piece, with one system call.
const SMALL: u64 = 64 * 1024;

/// A result on its way to the platform. The same form is posted, kept on disk and redelivered. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobResult {
    pub(crate) job_id: Arc<str>,
    /// The worker that ran the job.
    pub(crate) worker_id: Arc<str>,
    /// Whether the job's handler streams.
    pub(crate) streaming: bool,
    /// Stream items that must be delivered first, in order.
    pub(crate) items: Vec<Bytes>,
    pub(crate) body: Bytes,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'a> {
    format: u32,
    job_id: Cow<'a, str>,
    worker_id: Cow<'a, str>,
    is_stream: bool,
    /// The length of each item in bytes.
    items: Vec<usize>,
    body: usize,
}

/// A file in another format is not read.
const FORMAT: u32 = 1;

/// The beginning of every file.
const BEGINNING: &[u8] = br#"{"format":"#;

/// How much of a file is read to find the first line with the ids in it.
pub(super) const LONGEST_HEAD: u64 = 1 << 20;

impl JobResult {
    /// Returns how many bytes its bodies have in total.
    pub(super) fn size(&self) -> u64 {
        let bodies = self.items.iter().map(Bytes::len).sum::<usize>() + self.body.len();
        bodies as u64
    }

    /// Writes the file and returns its size in bytes.
    pub(super) fn write_to(&self, mut file: File) -> io::Result<u64> {
        let mut head = serde_json::to_vec(&Head {
            format: FORMAT,
            job_id: Cow::Borrowed(&self.job_id),
            worker_id: Cow::Borrowed(&self.worker_id),
            is_stream: self.streaming,
            items: self.items.iter().map(Bytes::len).collect(),
            body: self.body.len(),
        })?;
        head.push(b'\n');
        if self.size() <= SMALL {
            for piece in self.items.iter().chain([&self.body]) {
                head.extend_from_slice(piece);
            }
            file.write_all(&head)?;
            return Ok(head.len() as u64);
        }
        file.write_all(&head)?;
        for piece in self.items.iter().chain([&self.body]) {
            file.write_all(piece)?;
        }
        Ok(head.len() as u64 + self.size())
    }

    /// Returns the ids of the job and the worker from the first line of a file. Returns `None` if it is not a result's
    /// file.
    pub(super) fn ids_in(file: &mut impl Read) -> Option<(String, String)> {
        let mut line = Vec::new();
        let mut file = BufReader::new(file.take(LONGEST_HEAD));
        file.read_until(b'\n', &mut line).ok()?;
        let head: Head<'_> = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
        Some((head.job_id.into_owned(), head.worker_id.into_owned()))
    }

    /// Returns whether a result's file can begin with these bytes. The file may end after them.
    pub(super) fn may_begin_with(start: &[u8]) -> bool {
        start.starts_with(BEGINNING) || BEGINNING.starts_with(start)
    }

    /// Parses the content of a file. Returns the reason if the content is damaged.
    pub(super) fn read(mut content: Bytes) -> Result<Self, String> {
        let end = content
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("it has no first line")?;
        let line = content.split_to(end);
        let head: Head<'_> = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
        if head.format != FORMAT {
            return Err(format!("its format is {}, not {FORMAT}", head.format));
        }
        let _line_break = content.split_to(1);
        let expected = head
            .items
            .iter()
            .try_fold(head.body, |all, item| all.checked_add(*item));
        if expected != Some(content.len()) {
            return Err(format!(
                "{} bytes follow its first line, but the line announces another number",
                content.len()
            ));
        }
        let items: Vec<_> = head
            .items
            .iter()
            .map(|length| content.split_to(*length))
            .collect();
        for piece in items.iter().chain([&content]) {
            // `IgnoredAny` does not check that the text it skips is UTF-8.
            let text = str::from_utf8(piece)
                .map_err(|error| format!("a body in it is not UTF-8: {error}"))?;
            serde_json::from_str::<IgnoredAny>(text)
                .map_err(|error| format!("a body in it is not JSON: {error}"))?;
        }
        Ok(Self {
            job_id: head.job_id.into(),
            worker_id: head.worker_id.into(),
            streaming: head.is_stream,
            items,
            body: content,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json;

    #[test]
    fn a_body_that_is_not_utf8_is_no_body() {
        let head =
            br#"{"format":1,"job_id":"j","worker_id":"w","is_stream":false,"items":[],"body":13}"#;
        let with = |body: &[u8; 13]| JobResult::read([&head[..], b"\n", body].concat().into());
        assert!(with(b"{\"output\": 1}").is_ok());
        let error = with(b"{\"out\xffut\": 1}").unwrap_err();
        assert!(error.contains("UTF-8"), "{error}");
    }

    proptest! {
        #[test]
        fn no_file_brings_the_worker_down(content: Vec<u8>) {
            let _ = JobResult::read(content.into());
        }

        #[test]
        fn a_record_is_read_as_it_was_written_and_a_cut_one_never(
            job_id: String,
            worker_id: String,
            streaming: bool,
            items in prop::collection::vec(json::any(), 0..4),
            body in json::any(),
            cut: usize,
        ) {
            let bytes = |value: &serde_json::Value| Bytes::from(value.to_string());
            let record = JobResult {
                job_id: job_id.into(),
                worker_id: worker_id.into(),
                streaming,
                items: items.iter().map(bytes).collect(),
                body: bytes(&body),
            };
            let directory = tempfile::tempdir()?;
            let path = directory.path().join("record");
            let length = record.write_to(File::create(&path)?)?;
            let content = Bytes::from(std::fs::read(&path)?);
            prop_assert_eq!(length, content.len() as u64);
            prop_assert_eq!(JobResult::read(content.clone()), Ok(record));
            prop_assert!(JobResult::read(content.slice(..cut % content.len())).is_err());
        }
    }
}
