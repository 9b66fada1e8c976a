//! Determines which worker delivers a result in a spool, and whether that worker is still alive.
//!
//! Each time a worker starts, it gets a new name and creates a file with that name, `<name>.alive`, which it keeps
//! locked. The system releases the lock when the process ends for any reason. Another worker may not see the lock if it
//! runs on another machine or uses another mount of a network volume. In that case the age of the file decides, because
//! its owner rewrites it regularly.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::{SpoolError, refused};
use super::file::{create_private, open_regular};
use super::name::{LONGEST_KEPT, UNFINISHED, is_name_of_128_bits};

/// If a worker elsewhere has shown no sign of life for this long, it is gone.
pub(crate) const LEASE: Duration = Duration::from_mins(2);

pub(super) const ALIVE: &str = ".alive";

const UNKNOWN: &str = "unknown\n";

/// This worker's part in a spool.
#[derive(Debug)]
pub(super) struct Owner {
    name: String,
    /// Holds the lock for as long as this process lives.
    file: File,
    place: Place,
    #[cfg(unix)]
    user: u32,
}

/// The place from which a worker sees a spool. Workers in the same place see each other's locks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place(Option<String>);

/// Whether a worker is alive, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Lives,
    /// The worker has shown no sign of life for longer than a lease.
    Silent,
    Over,
}

impl Owner {
    /// Registers this worker in `directory`.
    pub(super) fn enter(directory: &Path) -> Result<Self, SpoolError> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let place = Place::of(directory);
        let unlocked = directory.join(format!("{name}{UNFINISHED}"));
        let path = directory.join(format!("{name}{ALIVE}"));
        // The file is locked before it gets its name, so that no worker finds it unlocked.
        let entered = create_private(&unlocked).and_then(|mut file| {
            file.write_all(place.text().as_bytes())?;
            match file.try_lock() {
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                // Not every file system supports locks. In that case the age of the file decides.
                Err(TryLockError::Error(error)) => {
                    tracing::debug!("the spool's file system does not support locks: {error}");
                }
            }
            fs::rename(&unlocked, &path)?;
            Ok(file)
        });
        let file = entered.map_err(refused("written", &unlocked))?;
        #[cfg(unix)]
        let user = {
            use std::os::unix::fs::MetadataExt as _;
            file.metadata().map_err(refused("read", &path))?.uid()
        };
        Ok(Self {
            name,
            file,
            place,
            #[cfg(unix)]
            user,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether a file was written by the user that this process runs as.
    pub(super) fn is_same_user(&self, metadata: &Metadata) -> bool {
        #[cfg(unix)]
        {
            std::os::unix::fs::MetadataExt::uid(metadata) == self.user
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            true
        }
    }

    /// Returns whether `owner` is alive and may still deliver its own results.
    pub(super) fn knows_alive(&self, directory: &Path, owner: &str) -> bool {
        owner == self.name || self.life(&path_of(directory, owner)) == Life::Lives
    }

    fn life(&self, path: &Path) -> Life {
        // Anything else with this name is not an owner.
        open_regular(path).map_or(Life::Over, |mut file| self.life_in(&mut file).0)
    }

    /// Returns whether the owner of this file is alive, and whether the file is an owner's file at all.
    fn life_in(&self, mut file: &mut File) -> (Life, bool) {
        // The lock is shared, so that two workers that look at the same time do not mistake each other for the owner.
        let lock_is_free = match file.try_lock_shared() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => return (Life::Lives, true),
            Err(TryLockError::Error(_)) => false,
        };
        let mut place = String::new();
        let _ = (&mut file).take(1024).read_to_string(&mut place);
        let is_owners = is_place(&place);
        if lock_is_free && self.place.is(&place) {
            return (Life::Over, is_owners);
        }
        // Both times come from the file system, so the clocks of the workers do not matter.
        let modified = |file: &File| file.metadata().and_then(|it| it.modified());
        let age = match (modified(&self.file), modified(file)) {
            (Ok(now), Ok(then)) => now.duration_since(then).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let life = if age <= LEASE {
            Life::Lives
        } else if age <= LONGEST_KEPT {
            Life::Silent
        } else {
            Life::Over
        };
        (life, is_owners)
    }

    /// Returns whether `then` is longer ago than a lease. Both times come from the file system, because this worker
    /// rewrites its own file more often than that.
    pub(super) fn is_a_lease_ago(&self, then: SystemTime) -> bool {
        let now = self.file.metadata().and_then(|it| it.modified());
        now.is_ok_and(|now| now.duration_since(then).is_ok_and(|age| age > LEASE))
    }

    /// Rewrites the file, which updates its age.
    pub(super) fn renew(&self, directory: &Path) -> Result<(), SpoolError> {
        let path = path_of(directory, &self.name);
        rewrite(&self.file, self.place.text()).map_err(refused("written", &path))
    }

    /// Removes the files of workers that are long gone. Any worker may take their results without these files too.
    pub(super) fn forget_dead(&self, directory: &Path) {
        let Ok(files) = fs::read_dir(directory) else {
            return;
        };
        for file in files.flatten() {
            let name = file.file_name();
            let Some(owner) = name.to_str().and_then(|name| name.strip_suffix(ALIVE)) else {
                continue;
            };
            // A worker that is only silent may come back, and its file must still exist then.
            if owner != self.name && is_name_of_128_bits(owner) && self.is_over(&file.path()) {
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// Returns whether this is the file of an owner that belongs to this user and is gone.
    fn is_over(&self, path: &Path) -> bool {
        open_regular(path).is_ok_and(|mut file| {
            file.metadata().is_ok_and(|it| self.is_same_user(&it))
                && self.life_in(&mut file) == (Life::Over, true)
        })
    }

    pub(super) fn leave(&self, directory: &Path) {
        let _ = fs::remove_file(path_of(directory, &self.name));
        let _ = self.file.unlock();
    }
}

impl Place {
    fn of(directory: &Path) -> Self {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::MetadataExt as _;
            // The boot id of the kernel, and the mount. Workers that have both in common see each other's locks.
            let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id");
            let mount = fs::metadata(directory).map(|it| it.dev());
            if let (Ok(kernel), Ok(mount)) = (kernel, mount) {
                return Self(Some(format!("{} {mount}\n", kernel.trim())));
            }
        }
        let _ = directory;
        Self(None)
    }

    fn text(&self) -> &str {
        self.0.as_deref().unwrap_or(UNKNOWN)
    }

    /// Returns whether the text that an owner has written names the same place.
    fn is(&self, written: &str) -> bool {
        self.0.as_deref() == Some(written)
    }
}

/// Returns whether this is a text that an owner writes to its file.
pub(super) fn is_place(written: &str) -> bool {
    let Some((kernel, mount)) = written
        .strip_suffix('\n')
        .and_then(|line| line.split_once(' '))
    else {
        return written == UNKNOWN;
    };
    uuid::Uuid::try_parse(kernel).is_ok() && mount.parse::<u64>().is_ok()
}

fn path_of(directory: &Path, owner: &str) -> PathBuf {
    directory.join(format!("{owner}{ALIVE}"))
}

/// Overwrites the content in place, so that no reader finds the file empty.
fn rewrite(mut file: &File, text: &str) -> io::Result<()> {
    use std::io::Seek as _;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
#[path = "owner_tests.rs"]
mod tests;
