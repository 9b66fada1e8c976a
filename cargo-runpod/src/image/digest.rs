//! SHA-256 digests, computed while the bytes are written.

use std::fmt::Write as _;
use std::io::{self, Write};

use ring::digest::{Context, SHA256};

/// Returns `sha256:` and the digest of `bytes` in hexadecimal digits.
pub(crate) fn of(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    text(context)
}

/// Returns the hexadecimal digits of a digest, which are the name of a blob's file.
pub(crate) fn digits(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

/// Tells whether this is a SHA-256 digest as registries write it. Others must not become part of a path.
pub(crate) fn is_valid(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn text(context: Context) -> String {
    let mut text = "sha256:".to_owned();
    for byte in context.finish().as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Passes bytes on to a writer, counts them and computes their digest.
pub(crate) struct Hashed<W> {
    inner: W,
    context: Context,
    bytes: u64,
}

impl<W: Write> Hashed<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            context: Context::new(&SHA256),
            bytes: 0,
        }
    }

    /// Returns the writer, the digest and the number of bytes.
    pub(crate) fn finish(self) -> (W, String, u64) {
        (self.inner, text(self.context), self.bytes)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.context.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_same_at_once_and_in_parts() -> io::Result<()> {
        let mut hashed = Hashed::new(Vec::new());
        hashed.write_all(b"to be ")?;
        hashed.write_all(b"or not")?;
        let (written, digest, bytes) = hashed.finish();
        assert_eq!((written.as_slice(), bytes), (&b"to be or not"[..], 12));
        assert_eq!(digest, of(b"to be or not"));
        assert!(is_valid(&digest));
        Ok(())
    }

    #[test]
    fn a_digest_that_could_be_a_path_is_not_valid() {
        for digest in ["", "sha256:", "sha256:../../etc/passwd", "sha512:00"] {
            assert!(!is_valid(digest), "{digest}");
        }
        assert!(!is_valid(&format!("sha256:{}", "A".repeat(64))));
    }
}
