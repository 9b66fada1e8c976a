//! What waits in a spool: found, kept within bounds, and cleared away when nobody can want it any more.
//!
//! The directory may hold files of other programs, and of other users. Only a regular file of this user whose name and
//! content are a result's is ever removed.

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

/// A file that is still being written after this long belongs to a worker that was killed.
const LONGEST_WRITE: Duration = Duration::from_hours(1);

/// How long a corrupt file is left for a person to look at.
const LONGEST_CORRUPT: Duration = Duration::from_hours(7 * 24);

impl Spool {
    /// What waits for somebody to deliver it, oldest first: what was released, and what belongs to workers that are gone.
    /// What is more than may wait is discarded, with a log line each.
    ///
    /// It looks at the file of every other worker, so it is for a worker's start; from then on,
    /// [`long_waiting`](Self::long_waiting) is enough.
    pub(crate) fn waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        let waiting = self.unclaimed(self.list()?);
        self.0.owner.forget_dead(&self.0.directory);
        Ok(self.within_bounds(&waiting))
    }

    /// As [`waiting`](Self::waiting), without the results that were written less than a lease ago and that nobody released.
    /// Most of those are on their way, in a worker that lives. So the cost does not grow with the number of workers that
    /// share the directory.
    pub(crate) fn long_waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        let mut listed = self.list()?;
        listed.retain(|entry| entry.owner() == name::NOBODY || self.has_waited(entry));
        Ok(self.within_bounds(&self.unclaimed(listed)))
    }

    /// Whether the file was written longer than a lease ago, by the file system's own clock.
    fn has_waited(&self, entry: &Entry) -> bool {
        let written = fs::symlink_metadata(self.path(entry)).and_then(|it| it.modified());
        written.is_ok_and(|then| self.0.owner.is_a_lease_ago(then))
    }

    /// Those that belong to no worker that lives.
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

    /// The entries that may go on waiting. They come oldest first.
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
            // A foreign file must not push out results.
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
                "there is a later result of the same job"
            } else if results > most || bytes > most_bytes {
                "the spool is full and it is the oldest in it"
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

    /// Removes a result for good. Nothing is discarded for its age alone: a clock that jumps must not cost a result.
    pub(crate) fn discard(&self, entry: &Entry, why: &str) {
        if !self.is_ours(entry) {
            tracing::debug!("{} is no result, and is left alone", entry.file_name());
            return;
        }
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

    /// Whether the file holds what its name says: nothing else is ever removed.
    fn is_ours(&self, entry: &Entry) -> bool {
        let ids = self
            .open_ours(&self.path(entry))
            .and_then(|mut file| JobResult::ids_in(&mut file));
        ids.is_some_and(|(job_id, worker_id)| entry.is_of(&job_id, &worker_id))
    }

    /// All results, oldest first, whoever's. What killed workers left unfinished is cleared away.
    fn list(&self) -> Result<Vec<Entry>, SpoolError> {
        let directory = &self.0.directory;
        let files = fs::read_dir(directory).map_err(refused("read", directory))?;
        let mut entries = Vec::new();
        let mut foreign = Vec::new();
        for file in files {
            let file = file.map_err(refused("read", directory))?;
            // Not text: not ours.
            let Ok(file_name) = file.file_name().into_string() else {
                continue;
            };
            let Ok(metadata) = file.metadata() else {
                // Delivered by another worker in the meantime.
                continue;
            };
            let Some(entry) = Entry::named(file_name.clone(), metadata.len()) else {
                self.clear_away(&file_name, &metadata);
                continue;
            };
            // A link, a FIFO or a directory, a file of another user, which would be posted in this worker's name, or one
            // that is too large: nothing that a worker of this user made.
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

    /// Says once that there are files that look like results and are none.
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
                "ignored {} {files} in {} that {are} named like results (for example {name}): each is too large, or not \
                 a regular file of this user",
                foreign.len(),
                self.0.directory.display()
            );
        }
    }

    /// Removes what killed workers left behind, after a while.
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

/// `<owner>-<time>.unfinished`, or `<owner>.unfinished`.
fn is_unfinished(file_name: &str) -> bool {
    file_name.strip_suffix(UNFINISHED).is_some_and(|name| {
        let (owner, time) = name.split_once('-').unwrap_or((name, "0"));
        is_name_of_128_bits(owner) && time.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A result's name, and `.corrupt`.
fn is_set_aside(file_name: &str) -> bool {
    file_name
        .strip_suffix(CORRUPT)
        .is_some_and(|name| Entry::named(name.to_owned(), 0).is_some())
}

/// Whether the content is the beginning of what a worker writes.
fn has_begun(file: &mut File) -> bool {
    let mut start = Vec::new();
    file.take(1024).read_to_end(&mut start).is_ok()
        && (JobResult::may_begin_with(&start) || str::from_utf8(&start).is_ok_and(owner::is_place))
}
