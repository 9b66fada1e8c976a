//! Good builds, each kept as a copy of its own: a fresh worker is started from the last one whatever cargo is doing.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::target::Target;
use crate::dev_endpoint::RUNS;
use crate::failure::Failure;

/// So many of these commands can run for one program at the same time.
const MOST: u32 = 100;

/// The folder of one run of this command, `target/runpod-dev/NAME`. It goes when that ends.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    /// Held for as long as the folder is in use. Its file stays: one that goes could be locked twice.
    _lock: File,
}

/// A good build.
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
                "{}: no folder for this run can be made there: {error}",
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
                // Another run of this command has it.
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let path = all.join(name);
            // A run that was killed has left it behind.
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let folder = Self { path, _lock: lock };
            private_folder(&folder.spool())?;
            return Ok(folder);
        }
        Err(io::Error::other(format!("{MOST} runs are there already")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where workers keep results that they could not deliver.
    pub(super) fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    /// Keeps a copy of the program; none where it is the same as before. The path is told apart by the number.
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
        // What is left is cleared away by the next run.
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

/// A folder into which no other user can write, whatever the umask is: a worker refuses any other as a spool.
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
        let first = run.keep(&built, 1, None)?.expect("a first one");
        assert!(run.keep(&built, 2, Some(&first))?.is_none());
        let mut other = vec![b'a'; 200_000];
        other[199_999] = b'b';
        fs::write(&built, &other)?;
        let second = run.keep(&built, 3, Some(&first))?.expect("another one");
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
