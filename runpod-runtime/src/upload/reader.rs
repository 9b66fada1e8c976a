//! Reads a content in parts of equal size.

use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};

use super::content::{Chunks, Source};
use super::error::Cause;
use crate::error::BoxError;
use crate::transfers;

/// A content that is being read.
pub(super) struct Reader<'a> {
    input: Input<'a>,
    /// The size of the content, if it is known.
    pub(super) total: Option<u64>,
}

enum Input<'a> {
    Bytes(Bytes),
    File {
        path: PathBuf,
        /// `None` while another thread reads the file.
        file: Option<File>,
        /// The number of bytes that were read.
        read: u64,
    },
    Stream {
        chunks: Chunks<'a>,
        /// What was read, but belongs to the next part.
        rest: Bytes,
    },
}

impl<'a> Reader<'a> {
    /// Opens a content.
    pub(super) async fn open(source: Source<'a>) -> Result<Self, Cause> {
        Ok(match source {
            Source::Bytes(bytes) => Self {
                total: Some(bytes.len() as u64),
                input: Input::Bytes(bytes),
            },
            Source::File(path) => {
                let place = path.clone();
                let (file, bytes) =
                    blocking(move || opened(&place).map_err(|error| unreadable(&place, error)))
                        .await?;
                Self {
                    input: Input::File {
                        path,
                        file: Some(file),
                        read: 0,
                    },
                    total: Some(bytes),
                }
            }
            Source::Stream(chunks) => Self {
                input: Input::Stream {
                    chunks,
                    rest: Bytes::new(),
                },
                total: None,
            },
        })
    }

    /// Returns the next part. It is shorter than `bytes` only at the end of the content, and empty after the end.
    pub(super) async fn part(&mut self, bytes: usize) -> Result<Bytes, Cause> {
        match &mut self.input {
            Input::Bytes(content) => Ok(content.split_to(bytes.min(content.len()))),
            Input::File { path, file, read } => {
                let Some(mut open) = file.take() else {
                    return Err(Cause::Read("an earlier read failed".into()));
                };
                let place = path.clone();
                let (open, part) = blocking(move || {
                    let mut part = Vec::new();
                    match open.by_ref().take(bytes as u64).read_to_end(&mut part) {
                        Ok(_) => Ok((open, part)),
                        Err(error) => Err(unreadable(&place, error)),
                    }
                })
                .await?;
                *file = Some(open);
                *read += part.len() as u64;
                let is_last = part.len() < bytes;
                if is_last && self.total.is_some_and(|total| *read < total) {
                    let shorter = io::Error::other("it became shorter while it was uploaded");
                    return Err(unreadable(path, shorter));
                }
                Ok(part.into())
            }
            Input::Stream { chunks, rest } => {
                part_of(chunks, rest, bytes).await.map_err(Cause::Read)
            }
        }
    }
}

async fn part_of(
    chunks: &mut Chunks<'_>,
    rest: &mut Bytes,
    bytes: usize,
) -> Result<Bytes, BoxError> {
    let mut part = BytesMut::new();
    loop {
        let fits = rest.len().min(bytes - part.len());
        part.extend_from_slice(&rest.split_to(fits));
        if part.len() == bytes {
            return Ok(part.freeze());
        }
        match poll_fn(|context| chunks.as_mut().poll_next(context)).await {
            Some(chunk) => *rest = chunk?,
            None => return Ok(part.freeze()),
        }
    }
}

fn opened(path: &Path) -> io::Result<(File, u64)> {
    // A pipe would block when it is opened, and a device may be endless.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

fn unreadable(path: &Path, error: io::Error) -> Cause {
    Cause::File {
        place: path.display().to_string(),
        error,
    }
}

/// Runs a call that blocks.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Cause> + Send + 'static,
) -> Result<T, Cause> {
    transfers::blocking(call).await.ok_or(Cause::Thread)?
}
