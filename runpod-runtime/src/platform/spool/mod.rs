//! Finished results that the platform does not have yet, on disk until it has.
//!
//! One file for each result. It appears whole or not at all, is readable by this user only, and its name says when it was
//! stored and who is to deliver it ([`owner`]). The directory may be shared: on a network volume all workers of an
//! endpoint have the same, so that whoever wants to deliver what another one left takes it over first, by renaming it,
//! which only one can. Nothing here is async; call it on a thread that may block.

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod name;
mod owner;
mod record;

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use owner::Owner;

pub(crate) use name::Entry;
pub(crate) use owner::LEASE;
pub(crate) use record::Record;

/// What may wait in a spool; the oldest results make room.
const BOUNDS: Bounds = Bounds {
    results: 1000,
    bytes: 512 * 1024 * 1024,
};

/// After a day the platform has forgotten the job.
const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// A file that is still being written after this long belongs to a worker that was killed.
const LONGEST_WRITE: Duration = Duration::from_hours(1);

/// How long a corrupt file is left for a person to look at.
const LONGEST_CORRUPT: Duration = Duration::from_hours(7 * 24);

const CORRUPT: &str = ".corrupt";
const UNFINISHED: &str = ".unfinished";

/// A directory of results, and this worker's part in it. Clones are the same worker.
#[derive(Debug, Clone)]
pub(crate) struct Spool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    bounds: Bounds,
    owner: Owner,
    /// When a result was stored last, which no other one of this worker has in its name.
    last_stored: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    results: usize,
    bytes: u64,
}

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The operating system refused something.
    #[error("{} cannot be {action}: {cause}", path.display())]
    Refused {
        action: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    /// One result is larger than the whole spool may be.
    #[error("a result of {bytes} bytes is larger than the spool may be ({limit} bytes)")]
    TooLarge { bytes: u64, limit: u64 },
}

impl Spool {
    /// Opens a spool, making its directory where there is none, and proves that it can be written.
    pub(crate) fn open(directory: impl Into<PathBuf>) -> Result<Self, SpoolError> {
        Self::open_with(directory.into(), BOUNDS)
    }

    fn open_with(directory: PathBuf, bounds: Bounds) -> Result<Self, SpoolError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&directory)
            .map_err(refused("made", &directory))?;
        // Writes a file of its own: better known at the start than when the first result needs it.
        let owner = Owner::enter(&directory)?;
        Ok(Self(Arc::new(Inner {
            directory,
            bounds,
            owner,
            last_stored: AtomicU64::new(0),
        })))
    }

    /// Writes a result that this worker is delivering: no other one touches it as long as this one lives. It survives the
    /// end of the process, however that comes; of the machine only after [`sync`](Self::sync).
    pub(crate) fn store(&self, record: &Record) -> Result<Entry, SpoolError> {
        let bytes = record.size();
        let limit = self.0.bounds.bytes;
        if bytes > limit {
            return Err(SpoolError::TooLarge { bytes, limit });
        }
        let owner = self.0.owner.name();
        let stored_at = self.new_time();
        let unfinished = self.path_of(&format!("{owner}-{stored_at}{UNFINISHED}"));
        let written = create_private(&unfinished)
            .and_then(|file| record.write_to(file))
            .map_err(refused("written", &unfinished))
            .and_then(|length| {
                let entry = Entry::new(stored_at, &record.job_id, &record.worker_id, owner, length);
                let path = self.path(&entry);
                fs::rename(&unfinished, &path).map_err(refused("renamed", &path))?;
                Ok(entry)
            });
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Writes a stored result down to the disk itself.
    pub(crate) fn sync(&self, entry: &Entry) -> Result<(), SpoolError> {
        let path = self.path(entry);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(refused("written", &path))?;
        // A name that is not on disk yet is lost with the power. Not every file system can do this; it is no fault.
        let _ = File::open(&self.0.directory).and_then(|directory| directory.sync_all());
        Ok(())
    }

    /// Lets everybody deliver the result.
    pub(crate) fn release(&self, entry: &Entry) -> Result<Entry, SpoolError> {
        self.rename(entry, name::NOBODY)
    }

    /// What waits for somebody to deliver it, oldest first: what was released, and what belongs to workers that are gone.
    /// What is too old, or more than may wait, is discarded, with a log line each.
    pub(crate) fn waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        let mut living = HashMap::new();
        let mut waiting = self.list()?;
        waiting.retain(|entry| {
            let owner = entry.owner();
            let lives = living
                .entry(owner.to_owned())
                .or_insert_with(|| self.0.owner.knows_alive(&self.0.directory, owner));
            !*lives
        });
        self.0.owner.forget_dead(&self.0.directory);
        Ok(self.within_bounds(&waiting))
    }

    /// Takes a waiting result over. `None` when somebody else was faster.
    pub(crate) fn claim(&self, entry: &Entry) -> Result<Option<Entry>, SpoolError> {
        match self.rename(entry, self.0.owner.name()) {
            Ok(claimed) => Ok(Some(claimed)),
            Err(SpoolError::Refused { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads one result. `None` when it is gone, or corrupt, and then it is set aside.
    pub(crate) fn load(&self, entry: &Entry) -> Result<Option<Record>, SpoolError> {
        let path = self.path(entry);
        let read = if entry.bytes() > self.0.bounds.bytes {
            Err(format!("it has {} bytes", entry.bytes()))
        } else {
            match fs::read(&path) {
                Ok(content) => Record::read(content.into()),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(refused("read", &path)(error)),
            }
        };
        match read {
            Ok(record) => Ok(Some(record)),
            Err(why) => {
                let aside = self.path_of(&format!("{}{CORRUPT}", entry.file_name()));
                fs::rename(&path, &aside).map_err(refused("renamed", &path))?;
                tracing::warn!(
                    job_id = entry.job_id(),
                    "an undelivered result cannot be read ({why}) and is set aside as {}",
                    aside.display()
                );
                Ok(None)
            }
        }
    }

    /// Removes a result that is settled. That it is gone already is fine.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<(), SpoolError> {
        let path = self.path(entry);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(refused("removed", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Shows the other workers that this one lives. To be called more often than [`owner::LEASE`].
    pub(crate) fn renew(&self) -> Result<(), SpoolError> {
        self.0.owner.renew(&self.0.directory)
    }

    /// This worker ends: what it leaves is anybody's.
    pub(crate) fn leave(&self) {
        self.0.owner.leave(&self.0.directory);
    }

    /// Now, and later than any time before.
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

    /// The entries that may go on waiting. They come oldest first.
    fn within_bounds(&self, entries: &[Entry]) -> Vec<Entry> {
        let mut results = entries.len();
        let mut bytes = entries
            .iter()
            .fold(0_u64, |bytes, entry| bytes.saturating_add(entry.bytes()));
        let Bounds {
            results: most,
            bytes: most_bytes,
        } = self.0.bounds;
        let now = microseconds_since_1970();
        let last_of: HashMap<_, _> = entries
            .iter()
            .map(|entry| (entry.key(), entry.file_name()))
            .collect();
        let mut kept = Vec::with_capacity(results);
        for entry in entries {
            let age = Duration::from_micros(now.saturating_sub(entry.stored_at()));
            let why = if age > LONGEST_KEPT {
                "it could not be delivered for 24 hours"
            } else if last_of[entry.key()] != entry.file_name() {
                "there is a later result of the same job"
            } else if results > most || bytes > most_bytes {
                "the spool is full and it is the oldest in it"
            } else {
                kept.push(entry.clone());
                continue;
            };
            results -= 1;
            bytes = bytes.saturating_sub(entry.bytes());
            match self.remove(entry) {
                Ok(()) => tracing::error!(
                    job_id = entry.job_id(),
                    "an undelivered result is discarded: {why}"
                ),
                // One that cannot be removed is no reason to hold back the others.
                Err(error) => {
                    tracing::warn!("an undelivered result that is to be discarded stays: {error}");
                }
            }
        }
        kept
    }

    /// All results, oldest first, whatever their age and whoever's. What killed workers left unfinished is cleared away.
    fn list(&self) -> Result<Vec<Entry>, SpoolError> {
        let directory = &self.0.directory;
        let files = fs::read_dir(directory).map_err(refused("read", directory))?;
        let mut entries = Vec::new();
        let (mut foreign, mut first_foreign) = (0_usize, None);
        for file in files {
            let file = file.map_err(refused("read", directory))?;
            // Not text: not ours. Gone since: delivered by another worker. A link or a directory: nothing that we made.
            let Ok(file_name) = file.file_name().into_string() else {
                continue;
            };
            let Some(metadata) = file.metadata().ok().filter(fs::Metadata::is_file) else {
                continue;
            };
            if let Some(entry) = Entry::named(file_name.clone(), metadata.len()) {
                // Another user's file would be posted in this worker's name.
                if self.0.owner.is_same_user(&metadata) {
                    entries.push(entry);
                } else {
                    foreign += 1;
                    first_foreign.get_or_insert_with(|| file.path());
                }
                continue;
            }
            let limit = if file_name.ends_with(UNFINISHED) {
                LONGEST_WRITE
            } else if file_name.ends_with(CORRUPT) {
                LONGEST_CORRUPT
            } else {
                continue;
            };
            let age = metadata
                .modified()
                .ok()
                .and_then(|then| then.elapsed().ok());
            if age.is_some_and(|age| age > limit) {
                let _ = fs::remove_file(file.path());
            }
        }
        // One line, however many they are.
        if let Some(first) = first_foreign {
            tracing::warn!(
                "{foreign} files in the spool belong to another user and are left alone, such as {}",
                first.display()
            );
        }
        entries.sort();
        Ok(entries)
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.path_of(entry.file_name())
    }

    fn path_of(&self, file_name: &str) -> PathBuf {
        self.0.directory.join(file_name)
    }
}

/// A new file that this user alone can read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn microseconds_since_1970() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX - 1)
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError + use<> {
    let path = path.to_owned();
    move |cause| SpoolError::Refused {
        action,
        path,
        cause,
    }
}

#[cfg(test)]
mod tests;
