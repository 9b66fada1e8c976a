//! The directory that holds results, and this worker's part in it. Every call here may block.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::{SpoolError, refused};
use super::file;
use super::file::{create_private, open_regular};
use super::name::{self, CORRUPT, Entry, LONGEST_KEPT, UNFINISHED};
use super::owner::Owner;
use super::result::{self, JobResult};

/// The limits of what may wait in a spool. If they are exceeded, the oldest results are discarded.
const BOUNDS: Bounds = Bounds {
    results: 1000,
    bytes: 512 * 1024 * 1024,
};

/// The directory that holds results, and this worker's part in it. Clones belong to the same worker.
#[derive(Debug, Clone)]
pub(crate) struct Spool(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) directory: PathBuf,
    pub(super) bounds: Bounds,
    pub(super) owner: Owner,
    /// When the last result was stored. No two results of this worker have the same time in their names.
    pub(super) last_stored: AtomicU64,
    /// The number of foreign files that the last log line about them reported.
    pub(super) left_alone: AtomicUsize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) results: usize,
    pub(super) bytes: u64,
}

impl Spool {
    /// Opens a spool. Creates the directory if it does not exist, and checks that it is writable. Refuses a directory
    /// to which other users can write or that belongs to another user.
    pub(crate) fn open(directory: impl Into<PathBuf>) -> Result<Self, SpoolError> {
        Self::open_with(directory.into(), BOUNDS)
    }

    fn open_with(directory: PathBuf, bounds: Bounds) -> Result<Self, SpoolError> {
        let metadata = file::make_directory(&directory)?;
        // This writes a file. If that fails, the worker knows it at the start and not only when the first result needs
        // it.
        let owner = Owner::enter(&directory).map_err(|error| {
            if file::may_be_foreign(&metadata) {
                file::foreign(&directory, &metadata)
            } else {
                error
            }
        })?;
        if !owner.is_same_user(&metadata) {
            owner.leave(&directory);
            return Err(file::foreign(&directory, &metadata));
        }
        Ok(Self(Arc::new(Inner {
            directory,
            bounds,
            owner,
            last_stored: AtomicU64::new(0),
            left_alone: AtomicUsize::new(0),
        })))
    }

    /// Writes a result that this worker is delivering. No other worker touches the file as long as this one is alive.
    /// The file survives the end of the process, even by a kill. It survives a crash of the machine only after
    /// [`sync`](Self::sync).
    pub(crate) fn store(&self, result: &JobResult) -> Result<Entry, SpoolError> {
        self.write(result, self.new_time())
    }

    /// Replaces a result of this worker by another one. It keeps the time at which the first one was stored.
    pub(crate) fn replace(&self, entry: &Entry, result: &JobResult) -> Result<Entry, SpoolError> {
        self.write(result, entry.stored_at())
    }

    fn write(&self, result: &JobResult, stored_at: u64) -> Result<Entry, SpoolError> {
        let bytes = result.size();
        let limit = self.0.bounds.bytes;
        if bytes > limit {
            return Err(SpoolError::TooLarge { bytes, limit });
        }
        let owner = self.0.owner.name();
        let unfinished = self.path_of(&format!("{owner}-{stored_at}{UNFINISHED}"));
        let written = create_private(&unfinished)
            .and_then(|file| result.write_to(file))
            .map_err(refused("written", &unfinished))
            .and_then(|length| {
                let entry = Entry::new(stored_at, &result.job_id, &result.worker_id, owner, length);
                let path = self.path(&entry);
                fs::rename(&unfinished, &path).map_err(refused("renamed", &path))?;
                Ok(entry)
            });
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Writes a stored result through to the disk.
    pub(crate) fn sync(&self, entry: &Entry) -> Result<(), SpoolError> {
        let path = self.path(entry);
        open_regular(&path)
            .and_then(|file| file.sync_all())
            .map_err(refused("written", &path))?;
        // A name that is not on disk yet would be lost in a power failure. Not every file system supports this call, so
        // an error does not matter.
        let _ = File::open(&self.0.directory).and_then(|directory| directory.sync_all());
        Ok(())
    }

    /// Lets any worker deliver the result.
    pub(crate) fn release(&self, entry: &Entry) -> Result<Entry, SpoolError> {
        self.rename(entry, name::NOBODY)
    }

    /// Takes over a waiting result. Returns `None` if another worker was faster.
    pub(crate) fn claim(&self, entry: &Entry) -> Result<Option<Entry>, SpoolError> {
        match self.rename(entry, self.0.owner.name()) {
            Ok(claimed) => Ok(Some(claimed)),
            Err(SpoolError::Refused { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a result. Returns `None` if it is gone or corrupt. A corrupt file is set aside.
    pub(crate) fn load(&self, entry: &Entry) -> Result<Option<JobResult>, SpoolError> {
        let path = self.path(entry);
        let content = open_regular(&path).and_then(|file| self.content(&file));
        let content = match content {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            content => content.map_err(refused("read", &path))?,
        };
        match JobResult::read(content.into()) {
            Ok(result) => Ok(Some(result)),
            Err(why) => {
                let aside = self.path_of(&format!("{}{CORRUPT}", entry.file_name()));
                fs::rename(&path, &aside).map_err(refused("renamed", &path))?;
                tracing::warn!(
                    job_id = entry.job_id(),
                    "the file of an undelivered result is corrupt ({why}); it is kept as {}",
                    aside.display()
                );
                Ok(None)
            }
        }
    }

    /// Removes a settled result. It is no error if the file is already gone.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<(), SpoolError> {
        let path = self.path(entry);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(refused("removed", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the result is so old that the platform has forgotten its job, if this machine's clock is right.
    pub(crate) fn is_older_than_its_job(entry: &Entry) -> bool {
        let age = microseconds_since_1970().saturating_sub(entry.stored_at());
        Duration::from_micros(age) > LONGEST_KEPT
    }

    /// Shows other workers that this one is alive. Must be called more often than every [`owner::LEASE`].
    pub(crate) fn renew(&self) -> Result<(), SpoolError> {
        self.0.owner.renew(&self.0.directory)
    }

    /// Leaves the spool when this worker stops. Any worker may then deliver the results that it leaves.
    pub(crate) fn leave(&self) {
        self.0.owner.leave(&self.0.directory);
    }

    /// Returns the current time, or a later time if another result already uses the current one.
    fn new_time(&self) -> u64 {
        let now = microseconds_since_1970();
        let after = |last: u64| Some(now.max(last + 1));
        let last = self
            .0
            .last_stored
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        now.max(last.unwrap_or_default() + 1)
    }

    fn rename(&self, entry: &Entry, owner: &str) -> Result<Entry, SpoolError> {
        let renamed = entry.owned_by(owner);
        let path = self.path(entry);
        fs::rename(&path, self.path(&renamed)).map_err(refused("renamed", &path))?;
        Ok(renamed)
    }

    /// Opens a file if it is a regular file of this user.
    pub(super) fn open_ours(&self, path: &Path) -> Option<File> {
        let file = open_regular(path).ok()?;
        let metadata = file.metadata().ok()?;
        self.0.owner.is_same_user(&metadata).then_some(file)
    }

    /// Returns the content of a file. Reads at most as many bytes as a result may have.
    fn content(&self, file: &File) -> io::Result<Vec<u8>> {
        if !self.0.owner.is_same_user(&file.metadata()?) {
            return Err(io::Error::other("it belongs to another user"));
        }
        let mut content = Vec::new();
        file.take(self.most_bytes_of_a_file())
            .read_to_end(&mut content)?;
        Ok(content)
    }

    /// The largest size of a result's file: the bodies, whose size is bounded, and the line before them.
    pub(super) fn most_bytes_of_a_file(&self) -> u64 {
        self.0.bounds.bytes.saturating_add(result::LONGEST_HEAD)
    }

    pub(super) fn path(&self, entry: &Entry) -> PathBuf {
        self.path_of(entry.file_name())
    }

    pub(super) fn path_of(&self, file_name: &str) -> PathBuf {
        self.0.directory.join(file_name)
    }
}

fn microseconds_since_1970() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
