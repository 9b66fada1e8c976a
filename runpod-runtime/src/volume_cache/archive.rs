//! `small.tar`, which contains the small files.

use std::cell::Cell;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use tar::{Archive, Builder, EntryType, Header};

use super::layout::in_archive;
use super::stamp::Stamp;

/// The size of the buffers between the archive and the volume, in bytes. Large requests suit a network volume.
const BUFFER: usize = 1 << 20;

/// The largest description of one member, in bytes: its header, and its long name. The library keeps a description in
/// memory.
const LARGEST_DESCRIPTION: u64 = 1 << 20;

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
    let budget = Cell::new(None);
    let archive = BufReader::with_capacity(BUFFER, archive);
    let mut archive = Archive::new(Limited {
        archive,
        budget: &budget,
    });
    let mut entries = archive.entries()?;
    loop {
        budget.set(Some(LARGEST_DESCRIPTION));
        let Some(mut entry) = entries.next().transpose()? else {
            return Ok(());
        };
        budget.set(None);
        let kind = entry.header().entry_type();
        if kind == EntryType::GNUSparse {
            // The library would fill its holes, which can have any size.
            return Err(io::Error::other("it contains a sparse file"));
        }
        if matches!(kind, EntryType::Regular | EntryType::Continuous) {
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
        // What was not read would count as a part of the next description.
        io::copy(&mut entry, &mut io::sink())?;
    }
}

/// A reader that fails when its budget is spent.
struct Limited<'b, R> {
    archive: R,
    budget: &'b Cell<Option<u64>>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.get();
        if left == Some(0) {
            return Err(io::Error::other("the description of a file is too large"));
        }
        let most = left.map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        let most = most.min(buffer.len());
        let read = self.archive.read(&mut buffer[..most])?;
        self.budget
            .set(left.map(|left| left.saturating_sub(read as u64)));
        Ok(read)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_name_is_refused_before_it_is_in_memory() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(8 << 30);
        header.set_cksum();
        let endless = header.as_bytes().chain(io::repeat(b'a'));
        let error = read(endless, |_, _| Ok(())).unwrap_err();
        assert!(error.to_string().contains("description"), "{error}");
    }

    #[test]
    fn a_sparse_file_is_refused_before_its_holes_are_filled() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_path("holes").unwrap();
        header.set_size(0);
        header.as_gnu_mut().unwrap().realsize = *b"777777777777";
        header.set_cksum();
        let error = read(&header.as_bytes()[..], |_, _| Ok(())).unwrap_err();
        assert!(error.to_string().contains("sparse"), "{error}");
    }

    #[test]
    fn the_smallest_size_is_that_of_the_packed_members() {
        let mut archive = Vec::new();
        let mut packer = Packer::new(&mut archive);
        let sizes = [0, 1, 512, 513];
        for (index, size) in sizes.iter().enumerate() {
            let stamp = Stamp {
                size: *size,
                modified: 1.0,
            };
            let member = Member {
                path: PathBuf::from(format!("/{index}")),
                stamp,
                mode: 0o644,
            };
            let content = vec![0; usize::try_from(*size).unwrap()];
            packer.add(&member, &content).unwrap();
        }
        packer.finish().unwrap();
        // Two empty blocks are the end of an archive.
        let smallest = smallest(sizes.into_iter());
        assert_eq!(archive.len() as u64, smallest + 1024);
    }
}
