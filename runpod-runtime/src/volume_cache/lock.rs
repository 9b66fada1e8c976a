//! Lets one worker at a time change the mirror.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::draft::no_follow;
use super::error::Trouble;

/// The longest wait for another worker.
const PATIENCE: Duration = Duration::from_mins(1);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until no other worker changes the mirror. The lock ends with the returned value or with the process.
///
/// If the volume has no locks, this function logs a warning and returns without a lock.
pub(super) fn wait(path: &Path) -> Result<File, Trouble> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    no_follow(&mut options);
    let file = options
        .open(path)
        .map_err(Trouble::with("cannot be opened", path))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Trouble::Locked {
                    path: path.to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    "{} cannot be locked ({error}). If two workers sync at the same time, the files of one can be lost",
                    path.display()
                );
                return Ok(file);
            }
        }
    }
}
