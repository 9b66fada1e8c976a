//! Limits the memory that the descriptions of an archive's entries take up: the long names and extended headers of a
//! tar, and the directory of a zip. The libraries read each description completely before they return an entry.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// The largest description of one entry of a tar.
const LARGEST_TAR: u64 = 1 << 20;
/// The largest directory of a zip. A description has at least 46 bytes, and takes up several times as much memory.
const LARGEST_ZIP: u64 = 32 << 20;
/// The largest sum of all descriptions of a tar. Each entry has up to 1023 bytes without an extended header.
const LARGEST_TAR_IN_ALL: u64 = 512 << 20;

/// The two records at the end of a zip that announce a number of entries, with the place and length of that number.
const RECORDS: [(&[u8], u64, usize); 2] = [(b"PK\x05\x06", 10, 2), (b"PK\x06\x06", 32, 8)];

/// How many bytes may still be read before the next entry. Clones share the number.
#[derive(Debug, Clone)]
pub(super) struct Budget(Rc<Cell<Option<u64>>>);

impl Budget {
    pub(super) fn of_zip() -> Self {
        Self(Rc::new(Cell::new(Some(LARGEST_ZIP))))
    }

    pub(super) fn of_tar() -> Self {
        Self(Rc::new(Cell::new(Some(LARGEST_TAR))))
    }

    /// The content of an entry follows, which has another limit.
    pub(super) fn lift(&self) {
        self.0.set(None);
    }

    fn limit_again(&self) {
        self.0.set(Some(LARGEST_TAR));
    }

    fn left(&self) -> u64 {
        self.0.get().unwrap_or(u64::MAX)
    }

    fn spend(&self, bytes: usize) {
        let left = self.0.get();
        self.0
            .set(left.map(|left| left.saturating_sub(bytes as u64)));
    }
}

/// The limit of all descriptions of a tar together.
#[derive(Debug)]
pub(super) struct Total {
    budget: Budget,
    used: u64,
}

impl Total {
    pub(super) fn of(budget: &Budget) -> Self {
        Self {
            budget: budget.clone(),
            used: 0,
        }
    }

    /// Returns the next entry of a tar, whose description is limited.
    pub(super) fn next<T>(
        &mut self,
        entries: &mut impl Iterator<Item = io::Result<T>>,
    ) -> io::Result<Option<T>> {
        self.budget.limit_again();
        let next = entries.next().transpose()?;
        self.used += LARGEST_TAR.saturating_sub(self.budget.left());
        if self.used > LARGEST_TAR_IN_ALL {
            return Err(too_large());
        }
        Ok(next)
    }
}

/// A reader that fails when its budget is spent.
pub(super) struct Limited<R> {
    inner: R,
    budget: Budget,
    /// The largest number of entries that a zip may announce.
    most_entries: u64,
}

impl<R: Read> Limited<R> {
    pub(super) fn new(inner: R, budget: &Budget, most_entries: usize) -> Self {
        Self {
            inner,
            budget: budget.clone(),
            most_entries: most_entries as u64,
        }
    }

    fn read_limited(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.left();
        if left == 0 && !buffer.is_empty() {
            return Err(too_large());
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        self.budget.spend(read);
        Ok(read)
    }
}

/// A tar, which cannot be read twice.
pub(super) struct Tar<R>(pub(super) Limited<R>);

impl<R: Read> Read for Tar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_limited(buffer)
    }
}

/// A zip. The library reserves memory for as many entries as the record at the end announces, so that number is checked
/// as soon as the library has read the start of the record.
pub(super) struct Zip<R>(pub(super) Limited<R>);

impl<R: Read + Seek> Read for Zip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_limited(buffer)?;
        if self.0.budget.0.get().is_some() {
            self.check_records(&buffer[..read])?;
        }
        Ok(read)
    }
}

impl<R: Read + Seek> Seek for Zip<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.inner.seek(position)
    }
}

impl<R: Read + Seek> Zip<R> {
    /// Checks the records that start in these bytes, which were just read.
    fn check_records(&mut self, read: &[u8]) -> io::Result<()> {
        for (signature, place, length) in RECORDS {
            let starts = read.windows(signature.len()).enumerate();
            for (index, _) in starts.filter(|(_, window)| *window == signature) {
                let back = (read.len() - index) as u64;
                let entries = self.number(back, place, length)?;
                // The short record has its largest number if the long record has the true one.
                let is_in_the_long_record = length == 2 && entries == u64::from(u16::MAX);
                if entries > self.0.most_entries && !is_in_the_long_record {
                    return Err(io::Error::other(format!(
                        "it announces {entries} entries, and at most {} are allowed",
                        self.0.most_entries
                    )));
                }
            }
        }
        Ok(())
    }

    /// Returns a number in the record that starts `back` bytes before the reader's position. A record that is cut off
    /// has no number.
    fn number(&mut self, back: u64, place: u64, length: usize) -> io::Result<u64> {
        let reader = &mut self.0.inner;
        let position = reader.stream_position()?;
        let start = position.saturating_sub(back).saturating_add(place);
        reader.seek(SeekFrom::Start(start))?;
        let mut number = Vec::new();
        reader.take(length as u64).read_to_end(&mut number)?;
        self.0.inner.seek(SeekFrom::Start(position))?;
        let mut whole = [0; 8];
        if number.len() == length {
            whole[..length].copy_from_slice(&number);
        }
        Ok(u64::from_le_bytes(whole))
    }
}

fn too_large() -> io::Error {
    io::Error::other("the descriptions of its entries are too large")
}
