//! `small.tar`, which contains the small files.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use tar::{Archive, Builder, EntryType, Header};

use super::layout::in_archive;
use super::stamp::Stamp;

/// The size of the buffers between the archive and the volume, in bytes. Large requests suit a network volume.
const BUFFER: usize = 1 << 20;

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Member {
    /// The absolute path of the local file.
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) mode: u32,
}

/// Calls `visit` for each file of an archive, with a reader of its content. Other members, such as links, are skipped.
///
/// # Errors
///
/// Returns an error if the archive is damaged. The members before that place were visited.
pub(super) fn read(
    archive: impl Read,
    mut visit: impl FnMut(Member, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = Archive::new(BufReader::with_capacity(BUFFER, archive));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let member = Member {
            path: Path::new("/").join(entry.path()?),
            stamp: Stamp {
                size: entry.size(),
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a time beyond 2^53 seconds is invalid in any case"
                )]
                modified: entry.header().mtime()? as f64,
            },
            mode: entry.header().mode()?,
        };
        visit(member, &mut entry)?;
    }
    Ok(())
}

/// Reads the content of a member that has this size.
pub(super) fn content(size: u64, from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(size).read_to_end(&mut content)?;
    if content.len() as u64 == size {
        Ok(content)
    } else {
        Err(cut_off())
    }
}

/// The error of an archive that ends in the middle of a member.
pub(super) fn cut_off() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the archive ends in the middle of a file",
    )
}

/// Returns the smallest size of a complete archive with members of these sizes.
pub(super) fn smallest(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, |sum, size| {
        let blocks = size.div_ceil(512).saturating_add(1);
        sum.saturating_add(blocks.saturating_mul(512))
    })
}

/// Writes an archive.
pub(super) struct Packer<W: Write>(Builder<BufWriter<W>>);

impl<W: Write> Packer<W> {
    pub(super) fn new(archive: W) -> Self {
        Self(Builder::new(BufWriter::with_capacity(BUFFER, archive)))
    }

    pub(super) fn add(&mut self, member: &Member, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(member.mode & 0o7777);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the conversion saturates, and a time before 1970 becomes 1970"
        )]
        header.set_mtime(member.stamp.modified as u64);
        header.set_uid(0);
        header.set_gid(0);
        self.0
            .append_data(&mut header, in_archive(&member.path), content)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.0.into_inner()?.flush()
    }
}
