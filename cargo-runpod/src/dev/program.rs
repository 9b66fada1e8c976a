//! Keeps a copy of each successful build, so a fresh worker can be started whatever cargo is doing.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::target::Target;
use crate::dev_endpoint::RUNS;
use crate::failure::Failure;

/// The maximum number of `cargo runpod dev` commands that run for one program at the same time.
const MOST: u32 = 100;

/// The folder of one run of this command, `target/runpod-dev/NAME`. It is removed when the run ends.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    /// The lock that marks the folder as in use. Its file is never removed; otherwise two runs could lock two files of
    /// one name.
    _lock: File,
}

/// A copy of a successful build.
#[derive(Debug)]
pub(super) struct Program {
    folder: PathBuf,
    path: PathBuf,
}

impl RunFolder {
    pub(super) fn make(target: &Target) -> Result<Self, Failure> {
        let all = target.worker.target_directory().join(RUNS);
        Self::make_in(&all, &target.worker.folder_name()).map_err(|error| {
            Failure::new(format!(
                "cannot create a folder for this run in {}: {error}",
                all.display()
            ))
        })
    }

    fn make_in(all: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(all)?;
        for number in 1..=MOST {
            let name = match number {
                1 => name.to_owned(),
                _ => format!("{name}-{number}"),
            };
            let lock = File::create(all.join(format!("{name}.lock")))?;
            match lock.try_lock() {
                Ok(()) => {}
                // Another run of this command uses this folder.
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let path = all.join(name);
            // A killed run may have left its folder behind.
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let folder = Self { path, _lock: lock };
            private_folder(&folder.spool())?;
            return Ok(folder);
        }
        Err(io::Error::other(format!("there are already {MOST} runs")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder for results that workers could not deliver.
    pub(super) fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    /// Copies the program to a path with this number in it. Returns `None` if the program equals the previous one.
    pub(super) fn keep(
        &self,
        executable: &Path,
        number: u32,
        before: Option<&Program>,
    ) -> io::Result<Option<Program>> {
        if let Some(before) = before
            && is_same(executable, &before.path)?
        {
            return Ok(None);
        }
        let folder = self.path.join(number.to_string());
        fs::create_dir_all(&folder)?;
        let name = executable.file_name().unwrap_or(executable.as_os_str());
        let program = Program {
            path: folder.join(name),
            folder,
        };
        fs::copy(executable, &program.path)?;
        Ok(Some(program))
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // If this fails, the next run removes the rest.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Program {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let mut one = BufReader::with_capacity(1 << 16, one);
    let mut other = BufReader::with_capacity(1 << 16, other);
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if a[..length] != b[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        one.consume(length);
        other.consume(length);
    }
}

/// Creates a folder into which no other user can write, whatever the umask is. A worker refuses any other folder as a
/// spool.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_did_not_change_is_not_kept_again() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let run = RunFolder::make_in(folder.path(), "hello")?;
        let built = folder.path().join("built");
        fs::write(&built, vec![b'a'; 200_000])?;
        let first = run.keep(&built, 1, None)?.expect("the program was kept");
        assert!(run.keep(&built, 2, Some(&first))?.is_none());
        let mut other = vec![b'a'; 200_000];
        other[199_999] = b'b';
        fs::write(&built, &other)?;
        let second = run
            .keep(&built, 3, Some(&first))?
            .expect("the program was kept");
        let kept = second.path().to_owned();
        assert_eq!(fs::read(&kept)?, other);
        drop(second);
        assert!(!kept.exists());
        Ok(())
    }

    #[test]
    fn two_runs_at_once_have_two_folders_and_leave_only_their_locks() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let one = RunFolder::make_in(folder.path(), "hello")?;
        let other = RunFolder::make_in(folder.path(), "hello")?;
        assert_ne!(one.path, other.path);
        fs::write(one.spool().join("left"), "behind")?;
        drop((one, other));
        for entry in fs::read_dir(folder.path())? {
            assert!(entry?.file_type()?.is_file());
        }
        let again = RunFolder::make_in(folder.path(), "hello")?;
        assert_eq!(again.path, folder.path().join("hello"));
        assert_eq!(fs::read_dir(again.spool())?.count(), 0);
        Ok(())
    }
}
