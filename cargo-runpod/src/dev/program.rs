//! Keeps a copy of each successful build, so a fresh worker can be started whatever cargo is doing.
//!
//! The copy lies next to the original, because a program may look for files in its own folder, and the system looks for
//! its libraries there (`$ORIGIN`). It is not a hard link: some linkers write into the existing file.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::process::Command;

use super::cargo_run::CargoRun;
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

/// A program that can be started as `cargo run` starts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) kept: Arc<Kept>,
    pub(super) run: CargoRun,
}

/// A copy of a successful build. Dropping this value removes the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept(PathBuf);

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

    /// Copies the program to a path with this number in it. Returns the previous copy if the program equals it.
    pub(super) fn keep(
        &self,
        executable: &Path,
        number: u32,
        before: Option<&Arc<Kept>>,
    ) -> io::Result<Arc<Kept>> {
        if let Some(before) = before
            && is_same(executable, &before.0)?
        {
            return Ok(Arc::clone(before));
        }
        let folder = executable.parent().unwrap_or(Path::new("."));
        if before.is_none() {
            self.remove_copies_in(folder);
        }
        let kept = Kept(folder.join(format!("{}{number}", self.start_of_copies())));
        fs::copy(executable, &kept.0)?;
        Ok(Arc::new(kept))
    }

    /// Removes the copies that a killed run of the same name has left behind.
    fn remove_copies_in(&self, folder: &Path) {
        let start = self.start_of_copies();
        let is_copy = |name: &OsStr| {
            let number = name.to_str().and_then(|name| name.strip_prefix(&start));
            number.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
        };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if is_copy(&entry.file_name()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Returns the start of the names of all copies. The number of the copy follows it. The name of a run differs from
    /// the names of all runs at the same time, even if two projects share a target folder.
    fn start_of_copies(&self) -> String {
        let run = self.path.file_name().unwrap_or_default();
        format!(".runpod-dev.{}.", run.display())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // If this fails, the next run removes the rest.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Program {
    /// Returns the command that starts the program in its environment and nothing else of this process.
    pub(super) fn command(&self) -> Command {
        let mut command = if let Some((runner, arguments)) = self.run.runner.split_first() {
            let mut command = Command::new(runner);
            command.args(arguments).arg(&self.kept.0);
            command
        } else {
            let mut command = Command::new(&self.kept.0);
            command.arg0(&self.run.name);
            command
        };
        let environment = self.run.environment.iter();
        command
            .env_clear()
            .envs(environment.map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // If this fails, the next run removes the file.
        let _ = fs::remove_file(&self.0);
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
        let first = run.keep(&built, 1, None)?;
        assert!(Arc::ptr_eq(&run.keep(&built, 2, Some(&first))?, &first));
        let mut other = vec![b'a'; 200_000];
        other[199_999] = b'b';
        fs::write(&built, &other)?;
        let second = run.keep(&built, 3, Some(&first))?;
        let kept = second.0.clone();
        assert_eq!(fs::read(&kept)?, other);
        assert_eq!(kept.parent(), built.parent());
        drop(second);
        assert!(!kept.exists());
        Ok(())
    }

    #[test]
    fn copies_of_a_killed_run_are_removed_and_no_others() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let run = RunFolder::make_in(&folder.path().join("runs"), "hello")?;
        let built = folder.path().join("hello");
        fs::write(&built, "program")?;
        let others = [".runpod-dev.hello.other.1", ".runpod-dev.hello.", "hello.1"];
        for name in others.iter().chain(&[".runpod-dev.hello.7"]) {
            fs::write(folder.path().join(name), "")?;
        }
        run.keep(&built, 1, None)?;
        assert!(!folder.path().join(".runpod-dev.hello.7").exists());
        for name in others {
            assert!(folder.path().join(name).exists(), "{name}");
        }
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
