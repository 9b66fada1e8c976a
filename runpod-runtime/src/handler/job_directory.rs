//! A job's own directory, which disappears with the job, however the job ends.
//!
//! All directories of a process are in one folder with a locked file. The lock ends with the process, even if the
//! process is killed, so the next worker on the same disk can tell which folders nobody uses any more, and removes
//! them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::process::threads;

const PREFIX: &str = "runpod-jobs-";
const LOCK: &str = ".lock";

/// The directory of a job. It is created when it is used for the first time.
#[derive(Debug, Default)]
pub(super) struct JobDirectory(Mutex<Directory>);

#[derive(Debug, Default)]
enum Directory {
    #[default]
    Unused,
    Exists(TempDir),
    /// The job has ended.
    Removed,
}

/// The job has ended, so it has no directory any more.
#[derive(Debug, thiserror::Error)]
#[error("the job has ended, and its directory was removed")]
struct Ended;

impl JobDirectory {
    /// Returns the path of the directory, and creates it at the first call.
    pub(super) fn path(&self) -> io::Result<PathBuf> {
        let mut directory = self.lock();
        match &*directory {
            Directory::Exists(existing) => Ok(existing.path().to_owned()),
            Directory::Removed => Err(io::Error::other(Ended)),
            Directory::Unused => {
                let new = private().prefix("job-").tempdir_in(process_directory()?)?;
                let path = new.path().to_owned();
                *directory = Directory::Exists(new);
                Ok(path)
            }
        }
    }

    /// Removes the directory. From now on, the job has none.
    pub(super) fn remove(&self) {
        let directory = std::mem::replace(&mut *self.lock(), Directory::Removed);
        let Directory::Exists(directory) = directory else {
            return;
        };
        // A folder with many files takes a while, and this may be a thread that must not block. If no thread is
        // available, the closure is dropped, which removes the directory here.
        let path = directory.path().to_owned();
        let remove = move || {
            if let Err(error) = directory.close() {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder of this process, and the lock that shows that the process lives.
struct ProcessDirectory {
    path: PathBuf,
    _lock: File,
}

/// Returns the folder that contains the directories of this process's jobs.
fn process_directory() -> io::Result<&'static Path> {
    static DIRECTORY: OnceLock<ProcessDirectory> = OnceLock::new();
    if let Some(existing) = DIRECTORY.get() {
        // Something may clean the directory for temporary files while the worker runs.
        fs::create_dir_all(&existing.path)?;
        return Ok(&existing.path);
    }
    let temporary = std::env::temp_dir();
    remove_abandoned(&temporary);
    let new = ProcessDirectory::new_in(&temporary).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "no directory could be created in {} (TMPDIR): {error}",
                temporary.display()
            ),
        )
    })?;
    Ok(&DIRECTORY.get_or_init(|| new).path)
}

impl ProcessDirectory {
    fn new_in(temporary: &Path) -> io::Result<Self> {
        // A signal may kill the process at any time, so the directory is not removed by a destructor.
        let path = private().prefix(PREFIX).tempdir_in(temporary)?.keep();
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { path, _lock: lock })
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

/// Removes the folders of processes that do not live any more. A folder that another process is creating has no lock
/// file yet, and is left alone.
fn remove_abandoned(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        let abandoned = File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned {
            // Another worker may remove it at the same time.
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
#[path = "job_directory_tests.rs"]
mod tests;
