//! Writes the bytes of an answer to a file: decoded, counted and hashed.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use ring::digest;
use tempfile::NamedTempFile;

use super::error::Cause;
use crate::transfers;

/// A file that is being written. It is removed unless it is finished.
pub(super) struct Sink {
    decoder: Decoder,
    part: NamedTempFile,
}

/// How the bytes of an answer become the bytes of the file.
enum Decoder {
    Plain(Output),
    Gzip(MultiGzDecoder<Output>),
    Deflate(ZlibDecoder<Output>),
}

/// The encodings that a `Content-Encoding` header may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
    Deflate,
}

impl Encoding {
    /// Reads the value of a `Content-Encoding` header.
    pub(super) fn of(header: Option<&str>) -> Result<Self, Cause> {
        match header.map(str::trim).unwrap_or_default() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            other => Err(Cause::Encoding(format!(
                "the server encoded it as `{other}`, which was not asked for; gzip and deflate can be decoded"
            ))),
        }
    }
}

/// A file that was written to its end.
pub(super) struct Written {
    pub(super) part: NamedTempFile,
    pub(super) bytes: u64,
    /// The SHA-256 of the file.
    pub(super) sha256: [u8; 32],
}

/// The file behind a decoder.
struct Output {
    file: File,
    digest: digest::Context,
    written: u64,
    limit: u64,
}

/// The error of a write that exceeds the limit, inside an `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("the limit was reached")]
struct LimitReached;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let after = self.written.saturating_add(bytes.len() as u64);
        if after > self.limit {
            return Err(io::Error::other(LimitReached));
        }
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.written = after;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink {
    /// Creates an empty file in `directory`.
    pub(super) fn create(directory: &Path, encoding: Encoding, limit: u64) -> Result<Self, Cause> {
        let new = || {
            let part = part_in(directory)?;
            let file = part.as_file().try_clone()?;
            Ok((part, file))
        };
        let (part, file) = new().map_err(|error| disk(directory, error))?;
        let output = Output {
            file,
            digest: digest::Context::new(&digest::SHA256),
            written: 0,
            limit,
        };
        let decoder = match encoding {
            Encoding::Plain => Decoder::Plain(output),
            Encoding::Gzip => Decoder::Gzip(MultiGzDecoder::new(output)),
            Encoding::Deflate => Decoder::Deflate(ZlibDecoder::new(output)),
        };
        Ok(Self { decoder, part })
    }

    /// Returns how many bytes of the answer are in the file, if a later request can continue there.
    pub(super) fn resumable(&self) -> Option<u64> {
        match &self.decoder {
            Decoder::Plain(output) => Some(output.written),
            Decoder::Gzip(_) | Decoder::Deflate(_) => None,
        }
    }

    /// Returns the number of bytes in the file.
    pub(super) fn written(&self) -> u64 {
        match &self.decoder {
            Decoder::Plain(output) => output.written,
            Decoder::Gzip(decoder) => decoder.get_ref().written,
            Decoder::Deflate(decoder) => decoder.get_ref().written,
        }
    }

    /// Writes these bytes on a thread that may block.
    pub(super) async fn write(mut self, chunks: Vec<Bytes>) -> Result<Self, Cause> {
        blocking(move || {
            let written = chunks.iter().try_for_each(|chunk| match &mut self.decoder {
                Decoder::Plain(output) => output.write_all(chunk),
                Decoder::Gzip(decoder) => decoder.write_all(chunk),
                Decoder::Deflate(decoder) => decoder.write_all(chunk),
            });
            match written {
                Ok(()) => Ok(self),
                Err(error) => Err(self.cause(error)),
            }
        })
        .await
    }

    /// Finishes the file.
    pub(super) async fn finish(self) -> Result<Written, Cause> {
        blocking(move || {
            let path = self.part.path().to_owned();
            let output = match self.decoder {
                Decoder::Plain(output) => Ok(output),
                Decoder::Gzip(decoder) => decoder.finish(),
                Decoder::Deflate(decoder) => decoder.finish(),
            };
            let output = output.map_err(|error| undecodable_or_disk(&path, error))?;
            let mut sha256 = [0; 32];
            sha256.copy_from_slice(output.digest.finish().as_ref());
            Ok(Written {
                part: self.part,
                bytes: output.written,
                sha256,
            })
        })
        .await
    }

    fn cause(&self, error: io::Error) -> Cause {
        if error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<LimitReached>)
        {
            let limit = match &self.decoder {
                Decoder::Plain(output) => output.limit,
                Decoder::Gzip(decoder) => decoder.get_ref().limit,
                Decoder::Deflate(decoder) => decoder.get_ref().limit,
            };
            return Cause::TooLarge { limit };
        }
        undecodable_or_disk(self.part.path(), error)
    }
}

/// Decoders report broken content as invalid input. All other errors come from the disk.
fn undecodable_or_disk(path: &Path, error: io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Cause::Encoding(format!("its compressed content is broken: {error}"))
        }
        _ => disk(path, error),
    }
}

impl Written {
    /// Moves the file to its place in one step, so that no other program sees half a file. `is_durable` makes it
    /// survive a crash of the machine.
    pub(super) async fn persist(self, path: PathBuf, is_durable: bool) -> Result<PathBuf, Cause> {
        blocking(move || {
            let move_it = || {
                if is_durable {
                    self.part.as_file().sync_all()?;
                }
                self.part.persist(&path).map_err(|failed| failed.error)?;
                Ok(())
            };
            move_it().map_err(|error| disk(&path, error))?;
            Ok(path)
        })
        .await
    }
}

/// Writes a whole file at once, for content that is in memory.
pub(super) async fn write_all(
    directory: PathBuf,
    content: Vec<u8>,
    limit: u64,
) -> Result<Written, Cause> {
    let sink = blocking(move || Sink::create(&directory, Encoding::Plain, limit)).await?;
    sink.write(vec![content.into()]).await?.finish().await
}

/// Creates a file for the part that has arrived. Its permissions are those of any new file, because it becomes the
/// user's file.
fn part_in(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".download-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

pub(super) fn disk(place: &Path, error: io::Error) -> Cause {
    Cause::Disk {
        place: place.display().to_string(),
        error,
    }
}

/// Runs `call` on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Cause> + Send + 'static,
) -> Result<T, Cause> {
    transfers::blocking(call).await.ok_or(Cause::Thread)?
}
