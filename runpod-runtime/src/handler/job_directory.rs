//! A job's own directory, which disappears with the job, however the job ends.
//!
//! Next to the job's files is a locked file. The lock ends with the process, even if the process is killed, so the next
//! worker on the same disk can tell which directories nobody uses any more, and removes them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::process::threads;

const PREFIX: &str = "runpod-job-";
const LOCK: &str = "lock";
/// The folder for the job's files, so that the job does not see the lock.
const FILES: &str = "files";

/// The directory of a job. It is created when it is used for the first time.
#[derive(Debug, Default)]
pub(super) struct JobDirectory {
    directory: Mutex<Directory>,
    /// How many parts of the worker still run code of the job. The last one removes the directory.
    users: AtomicUsize,
}

#[derive(Debug, Default)]
enum Directory {
    #[default]
    Unused,
    Exists(Locked),
    /// The job has ended.
    Removed,
}

/// A directory, and the lock that shows that its process lives. The directory is removed first.
#[derive(Debug)]
struct Locked {
    directory: TempDir,
    lock: File,
}

/// The job has ended, so it has no directory any more.
#[derive(Debug, thiserror::Error)]
#[error("the job has ended, and its directory was removed")]
struct Ended;

impl JobDirectory {
    /// Returns the path for the job's files, and creates it at the first call.
    pub(super) fn path(&self) -> io::Result<PathBuf> {
        static ABANDONED: Once = Once::new();
        let mut directory = self.lock();
        match &*directory {
            Directory::Exists(existing) => Ok(existing.files()),
            Directory::Removed => Err(io::Error::other(Ended)),
            Directory::Unused => {
                let temporary = std::env::temp_dir();
                ABANDONED.call_once(|| remove_abandoned(&temporary));
                let new = Locked::new_in(&temporary).map_err(|error| {
                    let place = temporary.display();
                    let text =
                        format!("no directory could be created in {place} (TMPDIR): {error}");
                    io::Error::new(error.kind(), text)
                })?;
                let files = new.files();
                *directory = Directory::Exists(new);
                Ok(files)
            }
        }
    }

    /// Keeps the directory until [`leave`](Self::leave) was called as often as this.
    pub(super) fn keep(&self) {
        self.users.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes the directory if nothing else keeps it.
    pub(super) fn leave(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.remove();
        }
    }

    /// Removes the directory. From now on, the job has none.
    fn remove(&self) {
        let directory = std::mem::replace(&mut *self.lock(), Directory::Removed);
        let Directory::Exists(locked) = directory else {
            return;
        };
        // A folder with many files takes a while, and this may be a thread that must not block. If no thread is
        // available, the closure is dropped, which removes the directory here.
        let path = locked.files();
        let remove = move || {
            // The closure owns both. If it owned only the directory, the lock would be released before the removal.
            let Locked { directory, lock } = locked;
            let removed = directory.close();
            drop(lock);
            if let Err(error) = removed {
                tracing::warn!(
                    "the job's directory {} could not be removed: {error}",
                    path.display()
                );
            }
        };
        match Handle::try_current() {
            Ok(runtime) => drop(threads::spawn_blocking(&runtime, remove)),
            Err(_) => remove(),
        }
    }

    /// Returns whether the job has ended.
    pub(super) fn is_removed(&self) -> bool {
        matches!(&*self.lock(), Directory::Removed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Directory> {
        self.directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Locked {
    fn new_in(temporary: &Path) -> io::Result<Self> {
        let directory = private().prefix(PREFIX).tempdir_in(temporary)?;
        fs::create_dir(directory.path().join(FILES))?;
        // The file gets its name once it is locked. Otherwise another worker could take the directory for an abandoned
        // one.
        let unnamed = directory.path().join("locking");
        let lock = File::create(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, directory.path().join(LOCK))?;
        Ok(Self { directory, lock })
    }

    fn files(&self) -> PathBuf {
        self.directory.path().join(FILES)
    }
}

/// Returns a builder of directories that only this user can read.
fn private<'a>() -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder
}

/// Removes the directories of processes that do not live any more.
fn remove_abandoned(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let directory = entry.path();
        let abandoned = File::open(directory.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned {
            // Another worker may remove it at the same time.
            let _ = fs::remove_dir_all(&directory);
        }
    }
}

#[cfg(test)]
#[path = "job_directory_tests.rs"]
mod tests;
