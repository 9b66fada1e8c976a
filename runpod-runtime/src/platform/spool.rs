//! Finished results that could not be delivered, kept on disk until a later start can.
//!
//! One file for each result. It appears whole or not at all, is readable by this user only, and its name says when it was
//! stored, so that order and age are known without reading it. The directory may be shared: on a network volume all
//! workers of an endpoint have the same, and each may deliver and remove what another one left. Nothing here is async;
//! call it on a blocking thread.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::config::encode_component;

/// What a spool holds at most; the oldest results make room.
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

const TOO_OLD: &str = "it could not be delivered for 24 hours";

const WHOLE: &str = ".json";
const CORRUPT: &str = ".corrupt";
const UNFINISHED: &str = ".unfinished";

/// How much of a job's id is in the name of its file; the digest behind it tells longer ones apart.
const LONGEST_ID_IN_NAME: usize = 100;

/// A directory of undelivered results.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    directory: PathBuf,
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    results: usize,
    bytes: u64,
}

/// One result as it was to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpooledResult {
    pub(crate) job_id: String,
    pub(crate) worker_id: String,
    /// The request's body.
    pub(crate) body: String,
    pub(crate) is_stream: bool,
    /// Why it could not be delivered.
    pub(crate) failed_reason: Option<String>,
    /// Seconds since 1970.
    pub(crate) stored_at_unix: u64,
}

/// A result in the spool, not read yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpoolEntry {
    stored_at_unix: u64,
    file_name: String,
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
    /// The result cannot be written as JSON.
    #[error("the result cannot be written as JSON: {0}")]
    Unwritable(serde_json::Error),
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
        let spool = Self { directory, bounds };
        // Better known at the start than when the first result needs it.
        let probe = spool.write_unfinished(b"")?;
        fs::remove_file(&probe).map_err(refused("removed", &probe))?;
        Ok(spool)
    }

    /// Keeps a result, in place of an earlier one of the same job and worker.
    pub(crate) fn store(&self, result: &SpooledResult) -> Result<(), SpoolError> {
        let content = serde_json::to_vec(result).map_err(SpoolError::Unwritable)?;
        let bytes = content.len() as u64;
        if bytes > self.bounds.bytes {
            let limit = self.bounds.bytes;
            return Err(SpoolError::TooLarge { bytes, limit });
        }
        let key = key(&result.job_id, &result.worker_id);
        let file_name = format!("{:012}-{key}{WHOLE}", result.stored_at_unix);
        let path = self.directory.join(&file_name);
        let unfinished = self.write_unfinished(&content)?;
        if let Err(cause) = fs::rename(&unfinished, &path) {
            let _ = fs::remove_file(&unfinished);
            return Err(refused("renamed", &path)(cause));
        }
        // A name that is not on disk yet is lost with the power. Not every file system can do this; it is no fault.
        let _ = File::open(&self.directory).and_then(|directory| directory.sync_all());

        // The result is safe; what goes wrong from here on must not be taken for its loss.
        if let Err(error) = self.make_room(&file_name, &key, bytes) {
            tracing::warn!("the spool cannot be tidied up: {error}");
        }
        Ok(())
    }

    /// What is in the spool, oldest first. Results that are too old are discarded, with a log line each.
    pub(crate) fn entries(&self) -> Result<Vec<SpoolEntry>, SpoolError> {
        let (young, old): (Vec<_>, Vec<_>) = self
            .list()?
            .into_iter()
            .partition(|entry| !entry.is_too_old());
        for entry in &old {
            // One that cannot be removed is no reason to hold back the others.
            if let Err(error) = self.discard(entry, TOO_OLD) {
                tracing::warn!("an undelivered result that is too old stays: {error}");
            }
        }
        Ok(young)
    }

    /// Reads one result. `None` when it is gone, as another worker delivered it, or corrupt, and then it is set aside.
    pub(crate) fn load(&self, entry: &SpoolEntry) -> Result<Option<SpooledResult>, SpoolError> {
        let path = self.directory.join(&entry.file_name);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused("read", &path)(error)),
        };
        match serde_json::from_slice(&content) {
            Ok(result) => Ok(Some(result)),
            Err(error) => {
                let aside = self.directory.join(format!("{}{CORRUPT}", entry.file_name));
                fs::rename(&path, &aside).map_err(refused("renamed", &path))?;
                tracing::warn!(
                    job_id = entry.job_id(),
                    "an undelivered result cannot be read ({error}) and is set aside as {}",
                    aside.display()
                );
                Ok(None)
            }
        }
    }

    /// Removes a result that was delivered. That it is gone already is fine.
    pub(crate) fn remove(&self, entry: &SpoolEntry) -> Result<(), SpoolError> {
        let path = self.directory.join(&entry.file_name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(refused("removed", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what the new file replaces, then the oldest results until all are within the bounds.
    fn make_room(&self, new: &str, key: &str, new_bytes: u64) -> Result<(), SpoolError> {
        let mut others = self.list()?;
        others.retain(|entry| entry.file_name != new);
        let (same, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|entry| entry.key() == key);
        for entry in &same {
            self.remove(entry)?;
        }
        let mut results = others.len() + 1;
        let mut bytes = others
            .iter()
            .fold(new_bytes, |bytes, entry| bytes.saturating_add(entry.bytes));
        for entry in &others {
            if entry.is_too_old() {
                self.discard(entry, TOO_OLD)?;
            } else if results > self.bounds.results || bytes > self.bounds.bytes {
                self.discard(entry, "the spool is full and it is the oldest in it")?;
            } else {
                break;
            }
            results -= 1;
            bytes = bytes.saturating_sub(entry.bytes);
        }
        Ok(())
    }

    fn discard(&self, entry: &SpoolEntry, why: &str) -> Result<(), SpoolError> {
        self.remove(entry)?;
        tracing::error!(
            job_id = entry.job_id(),
            "an undelivered result is discarded: {why}"
        );
        Ok(())
    }

    /// Writes a file that is no result yet, down to the disk.
    fn write_unfinished(&self, content: &[u8]) -> Result<PathBuf, SpoolError> {
        let name = format!("{}{UNFINISHED}", uuid::Uuid::new_v4());
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(path),
            Err(cause) => {
                let _ = fs::remove_file(&path);
                Err(refused("written", &path)(cause))
            }
        }
    }

    /// All results, oldest first, whatever their age. What killed workers left behind is cleared away.
    fn list(&self) -> Result<Vec<SpoolEntry>, SpoolError> {
        let files = fs::read_dir(&self.directory).map_err(refused("read", &self.directory))?;
        let mut entries = Vec::new();
        for file in files {
            let file = file.map_err(refused("read", &self.directory))?;
            // Not text: not ours. Gone since: delivered by another worker. A link or a directory: nothing that we made.
            let Ok(file_name) = file.file_name().into_string() else {
                continue;
            };
            let Some(metadata) = file.metadata().ok().filter(fs::Metadata::is_file) else {
                continue;
            };
            if let Some(entry) = SpoolEntry::named(file_name.clone(), metadata.len()) {
                entries.push(entry);
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
        entries.sort();
        Ok(entries)
    }
}

impl SpoolEntry {
    /// Reads a name that [`Spool::store`] made.
    fn named(file_name: String, bytes: u64) -> Option<Self> {
        let (stored_at, rest) = file_name.strip_suffix(WHOLE)?.split_once('-')?;
        rest.rsplit_once('-')?;
        Some(Self {
            stored_at_unix: stored_at.parse().ok()?,
            file_name,
            bytes,
        })
    }

    /// The part of the name that is the same for all results of one job in one worker.
    fn key(&self) -> &str {
        let name = self.file_name.trim_end_matches(WHOLE);
        name.split_once('-').map_or(name, |(_, key)| key)
    }

    /// The job's id as it stands in the name: percent-encoded, and cut where it is very long.
    fn job_id(&self) -> &str {
        self.key().rsplit_once('-').map_or("", |(id, _)| id)
    }

    fn is_too_old(&self) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        now.saturating_sub(Duration::from_secs(self.stored_at_unix)) > LONGEST_KEPT
    }
}

/// A name for a job's result in a worker, whatever is in their ids: nothing in it can lead out of the directory.
fn key(job_id: &str, worker_id: &str) -> String {
    let mut id = encode_component(job_id);
    id.truncate(LONGEST_ID_IN_NAME);
    format!("{id}-{:032x}", digest(&[job_id, worker_id]))
}

/// FNV-1a, 128 bits: the same in every build, unlike the standard library's. Ids come from the platform, so that it need
/// not withstand an attack.
fn digest(parts: &[&str]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut digest = BASIS;
    for part in parts {
        // The byte after each part occurs in no text, so that two parts are not taken for one.
        for byte in part.bytes().chain([0xff]) {
            digest = (digest ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    digest
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |cause| SpoolError::Refused {
        action,
        path,
        cause,
    }
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
