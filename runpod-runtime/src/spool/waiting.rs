//! The results that wait in a spool: finds them, keeps them within the bounds, and removes files that nobody can need
//! any more.
//!
//! The directory may also hold files of other programs and other users. A file is removed only if it is a regular file
//! of this user and its name and content are those of a result.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::directory::{Bounds, Spool};
use super::error::{SpoolError, refused};
use super::name::{self, CORRUPT, Entry, UNFINISHED, is_name_of_128_bits};
use super::owner;
use super::result::JobResult;

/// If a file has been unfinished for this long, the worker that was writing it was killed.
const LONGEST_WRITE: Duration = Duration::from_hours(1);

/// How long a corrupt file is kept for a person to look at.
const LONGEST_CORRUPT: Duration = Duration::from_hours(7 * 24);

impl Spool {
    /// Returns the results that wait for delivery, oldest first: released results, and results of workers that are
    /// gone. Results beyond the bounds are discarded, with a log line for each.
    ///
    /// This looks at the file of every other worker, so it is meant for the start of a worker. After that,
    /// [`long_waiting`](Self::long_waiting) is enough.
    pub(crate) fn waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        let waiting = self.unclaimed(self.list()?);
        self.0.owner.forget_dead(&self.0.directory);
        Ok(self.within_bounds(&waiting))
    }

    /// Like [`waiting`](Self::waiting), but without results that were written less than a lease ago and that nobody
    /// released. Most of those are being delivered by a worker that is alive. So the cost does not grow with the number
    /// of workers that share the directory.
    pub(crate) fn long_waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        let mut listed = self.list()?;
        listed.retain(|entry| entry.owner() == name::NOBODY || self.has_waited(entry));
        Ok(self.within_bounds(&self.unclaimed(listed)))
    }

    /// Returns whether the file was written longer than a lease ago, according to the file system's clock.
    fn has_waited(&self, entry: &Entry) -> bool {
        let written = fs::symlink_metadata(self.path(entry)).and_then(|it| it.modified());
        written.is_ok_and(|then| self.0.owner.is_a_lease_ago(then))
    }

    /// Returns the results that belong to no worker that is alive.
    fn unclaimed(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut living = HashMap::new();
        entries.retain(|entry| {
            let owner = entry.owner();
            let lives = living
                .entry(owner.to_owned())
                .or_insert_with(|| self.0.owner.knows_alive(&self.0.directory, owner));
            !*lives
        });
        entries
    }

    /// Returns the entries that may continue to wait, and discards the others. `entries` must be sorted, oldest first.
    fn within_bounds(&self, entries: &[Entry]) -> Vec<Entry> {
        let Bounds {
            results: most,
            bytes: most_bytes,
        } = self.0.bounds;
        let total = |entries: &[Entry]| {
            let sizes = entries.iter().map(Entry::bytes);
            sizes.fold(0_u64, u64::saturating_add)
        };
        let ours: Vec<_>;
        let mut entries = entries;
        if entries.len() > most || total(entries) > most_bytes {
            // Foreign files must not push out results.
            ours = entries
                .iter()
                .filter(|it| self.is_ours(it))
                .cloned()
                .collect();
            entries = &ours;
        }
        let mut results = entries.len();
        let mut bytes = total(entries);
        let last_of: HashMap<_, _> = entries
            .iter()
            .map(|entry| (entry.key(), entry.file_name()))
            .collect();
        let mut kept = Vec::with_capacity(results);
        for entry in entries {
            let why = if last_of[entry.key()] != entry.file_name() {
                "a later result of the same job exists"
            } else if results > most || bytes > most_bytes {
                "the spool is full, and this is the oldest result in it"
            } else {
                kept.push(entry.clone());
                continue;
            };
            results -= 1;
            bytes = bytes.saturating_sub(entry.bytes());
            self.discard(entry, why);
        }
        kept
    }

    /// Removes a result permanently. Age alone is never a reason, because a clock that jumps must not cost a result.
    pub(crate) fn discard(&self, entry: &Entry, why: &str) {
        if !self.is_ours(entry) {
            tracing::debug!("ignored {}: it is not a result", entry.file_name());
            return;
        }
        match self.remove(entry) {
            Ok(()) => tracing::error!(
                job_id = entry.job_id(),
                "an undelivered result is discarded: {why}"
            ),
            // If one result cannot be removed, the others must not wait.
            Err(error) => {
                tracing::warn!("an undelivered result could not be discarded: {error}");
            }
        }
    }

    /// Returns whether the content of the file matches its name. Nothing else is ever removed.
    fn is_ours(&self, entry: &Entry) -> bool {
        let ids = self
            .open_ours(&self.path(entry))
            .and_then(|mut file| JobResult::ids_in(&mut file));
        ids.is_some_and(|(job_id, worker_id)| entry.is_of(&job_id, &worker_id))
    }

    /// Returns the results of all owners, oldest first. Removes unfinished files of killed workers.
    fn list(&self) -> Result<Vec<Entry>, SpoolError> {
        let directory = &self.0.directory;
        let files = fs::read_dir(directory).map_err(refused("read", directory))?;
        let mut entries = Vec::new();
        let mut foreign = Vec::new();
        for file in files {
            let file = file.map_err(refused("read", directory))?;
            // This worker's files have names that are valid text.
            let Ok(file_name) = file.file_name().into_string() else {
                continue;
            };
            let Ok(metadata) = file.metadata() else {
                // Another worker has delivered it in the meantime.
                continue;
            };
            let Some(entry) = Entry::named(file_name.clone(), metadata.len()) else {
                self.clear_away(&file_name, &metadata);
                continue;
            };
            // No worker of this user creates a link, a FIFO, a directory, or a file that is too large. A file of
            // another user would be posted in this worker's name.
            if metadata.is_file()
                && self.0.owner.is_same_user(&metadata)
                && metadata.len() <= self.most_bytes_of_a_file()
            {
                entries.push(entry);
            } else {
                foreign.push(file_name);
            }
        }
        self.tell_of_foreign(&foreign);
        entries.sort();
        Ok(entries)
    }

    /// Logs once that some files have names like results but are not results.
    fn tell_of_foreign(&self, foreign: &[String]) {
        let told = self.0.left_alone.swap(foreign.len(), Ordering::Relaxed);
        if let Some(name) = foreign.first()
            && told != foreign.len()
        {
            let (files, are) = if foreign.len() == 1 {
                ("file", "is")
            } else {
                ("files", "are")
            };
            tracing::warn!(
                "ignored {} {files} in {} that {are} named like results (for example {name}): each is too large or is not \
                 a regular file of this user",
                foreign.len(),
                self.0.directory.display()
            );
        }
    }

    /// Removes files that killed workers left behind, after some time.
    fn clear_away(&self, file_name: &str, metadata: &Metadata) {
        let limit = if is_unfinished(file_name) {
            LONGEST_WRITE
        } else if is_set_aside(file_name) {
            LONGEST_CORRUPT
        } else {
            return;
        };
        let age = metadata
            .modified()
            .ok()
            .and_then(|then| then.elapsed().ok());
        let path = self.path_of(file_name);
        if age.is_some_and(|age| age > limit)
            && let Some(mut file) = self.open_ours(&path)
            && has_begun(&mut file)
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns whether the name is `<owner>-<time>.unfinished` or `<owner>.unfinished`.
fn is_unfinished(file_name: &str) -> bool {
    file_name.strip_suffix(UNFINISHED).is_some_and(|name| {
        let (owner, time) = name.split_once('-').unwrap_or((name, "0"));
        is_name_of_128_bits(owner) && time.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Returns whether the name is that of a result, followed by `.corrupt`.
fn is_set_aside(file_name: &str) -> bool {
    file_name
        .strip_suffix(CORRUPT)
        .is_some_and(|name| Entry::named(name.to_owned(), 0).is_some())
}

/// Returns whether the content is the beginning of something that a worker writes.
fn has_begun(file: &mut File) -> bool {
    let mut start = Vec::new();
    file.take(1024).read_to_end(&mut start).is_ok()
        && (JobResult::may_begin_with(&start) || str::from_utf8(&start).is_ok_and(owner::is_place))
}
