//! Finds files that a run leaves behind. Only files under the target folder and packages in `node_modules` may remain.
//!
//! The parts have their own home directory and their own folder for temporary files. All files in these folders at
//! the end of the run were left behind, and so were new files in other places to which a worker or a test could
//! write.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The folder where the platform mounts a network volume. Workers keep results there by default.
const VOLUME: &str = "/runpod-volume";

/// Prefixes of the names that our programs give to temporary folders.
const OURS: [&str; 3] = ["runpod", ".runpod", "cargo-runpod"];
const PREFIX: &str = "runpod-xtask-";

/// Prefixes of the paths that third-party programs leave by design.
const THEIRS: [&str; 7] = [
    // Chromium, and the desktop libraries that it uses.
    "home/.cache/dconf",
    "home/.config/chromium",
    "tmp/.org.chromium.",
    "tmp/org.chromium.",
    "tmp/playwright",
    "tmp/node-compile-cache",
    // pytest keeps the temporary folders of its last runs.
    "tmp/pytest-of-",
];

/// The name of a file that is locked while its folder is in use.
const LOCK: &str = "lock";

/// The folders of a run, and a list of the files that existed in other places before the run.
#[derive(Debug)]
pub(crate) struct Outside {
    folder: PathBuf,
    _lock: File,
    before: Seen,
}

/// The paths in the places to which tests must not write.
#[derive(Debug, Default)]
struct Seen {
    /// Paths in places to which only a test run writes.
    ours: BTreeSet<String>,
    /// Paths in places that other programs use, too.
    shared: BTreeSet<String>,
}

/// The paths that are new after a run.
#[derive(Debug)]
pub(crate) struct Left {
    /// Paths that this run created.
    pub(crate) by_the_run: Vec<String>,
    /// Paths that this run or another program created.
    pub(crate) by_anybody: Vec<String>,
}

/// The number of folders that this program has created.
static MADE: AtomicU32 = AtomicU32::new(0);

impl Outside {
    pub(crate) fn new(workspace: &Workspace) -> Result<Self, Failure> {
        let temporary = env::temp_dir();
        remove_left_overs(&temporary);
        let (folder, lock) = locked_folder(&temporary).map_err(|error| {
            Failure::new(format!(
                "cannot create a folder in {}: {error}",
                temporary.display()
            ))
        })?;
        for name in ["home", "tmp"] {
            let made = folder.join(name);
            fs::create_dir_all(&made).map_err(|error| {
                Failure::new(format!("cannot create {}: {error}", made.display()))
            })?;
        }
        Ok(Self {
            folder,
            _lock: lock,
            before: Seen::now(workspace),
        })
    }

    /// Makes a program use the folders of this run.
    pub(crate) fn applied_to(&self, command: &mut Command) {
        let own = |variable: &str, folder: &str| {
            let home = env::home_dir().unwrap_or_default();
            let given = env::var_os(variable).map_or_else(|| home.join(folder), PathBuf::from);
            (variable.to_owned(), given.is_dir().then_some(given))
        };
        // By default, these folders are in the real home directory, which the program does not see.
        for (variable, folder) in [own("CARGO_HOME", ".cargo"), own("RUSTUP_HOME", ".rustup")] {
            if let Some(folder) = folder {
                command.env(variable, folder);
            }
        }
        command
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"));
    }

    /// Returns the paths that exist now but did not exist before the run.
    pub(crate) fn left(&self, workspace: &Workspace) -> Left {
        let now = Seen::now(workspace);
        let new =
            |now: BTreeSet<String>, before| -> Vec<_> { now.difference(before).cloned().collect() };
        let mut left = Left {
            by_the_run: new(now.ours, &self.before.ours),
            by_anybody: new(now.shared, &self.before.shared),
        };
        let mut own = Vec::new();
        for name in ["home", "tmp"] {
            let folder = self.folder.join(name);
            for entry in names(&folder) {
                leaves(&folder.join(&entry), format!("{name}/{entry}"), &mut own);
            }
        }
        own.retain(|path| !THEIRS.iter().any(|theirs| path.starts_with(theirs)));
        left.by_the_run.append(&mut own);
        left
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // If the removal fails, the next run removes the folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Creates a folder and locks it, so that no other run uses or removes it. It is not in the target folder, because
/// tests need folders outside any workspace, and sockets need short paths.
fn locked_folder(temporary: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = temporary.join(format!("{PREFIX}{}-{number}", process::id()));
        match fs::create_dir(&folder) {
            // The folder exists, for example, if a run in another container has the same process id.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        let lock = File::create(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => return Ok((folder, lock)),
            // Another run found the folder unlocked, and removes it.
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Removes the folders of interrupted runs.
fn remove_left_overs(temporary: &Path) {
    for name in names(temporary) {
        let folder = temporary.join(&name);
        if name.starts_with(PREFIX)
            && let Ok(lock) = File::open(folder.join(LOCK))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Seen {
    fn now(workspace: &Workspace) -> Self {
        let mut seen = Self::default();
        below(Path::new(VOLUME), 3, &mut seen.ours);
        if let Some(home) = env::home_dir() {
            below(&home, 1, &mut seen.shared);
        }
        let temporary = env::temp_dir();
        for name in names(&temporary) {
            // The folders of runs are in the same place, but are not leftovers.
            if OURS.iter().any(|ours| name.starts_with(ours)) && !name.starts_with(PREFIX) {
                seen.shared
                    .insert(temporary.join(name).display().to_string());
            }
        }
        // Git may be missing, and the source tree may not be a repository.
        let mut git = Command::new("git");
        git.args(["status", "--porcelain", "--untracked-files=all"])
            .current_dir(workspace.file("."));
        if let Ok(output) = step::capture(&mut git) {
            let status = String::from_utf8_lossy(&output.stdout);
            let untracked = untracked(&status).map(|file| format!("source tree: {file}"));
            seen.ours.extend(untracked);
        }
        seen
    }
}

/// Returns the untracked files. Tests must not create any. Changes to tracked files are ignored, because a developer
/// may edit them during the run.
fn untracked(status: &str) -> impl Iterator<Item = &str> {
    status.lines().filter_map(|line| line.strip_prefix("?? "))
}

/// Collects the paths in `folder`, down to the given number of levels.
fn below(folder: &Path, levels: u32, seen: &mut BTreeSet<String>) {
    if levels == 0 {
        return;
    }
    for name in names(folder) {
        let path = folder.join(name);
        seen.insert(path.display().to_string());
        if path.is_dir() && !path.is_symlink() {
            below(&path, levels - 1, seen);
        }
    }
}

/// Collects the files and the empty folders at and below `path`. `shown` replaces `path` in the collected names.
fn leaves(path: &Path, shown: String, found: &mut Vec<String>) {
    let inside = if path.is_symlink() {
        Vec::new()
    } else {
        names(path)
    };
    if inside.is_empty() {
        found.push(shown);
        return;
    }
    for name in inside {
        leaves(&path.join(&name), format!("{shown}/{name}"), found);
    }
}

/// Returns the names in a folder, or an empty list if the folder is missing or cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let name = |name: OsString| name.to_string_lossy().into_owned();
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| name(entry.file_name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{LOCK, Left, Outside, PREFIX, remove_left_overs, untracked};
    use crate::workspace::Workspace;

    #[test]
    fn a_file_that_a_part_leaves_is_named() {
        let workspace = Workspace::here();
        let outside = Outside::new(&workspace).expect("the folders of a run");
        let ours = |left: Left| -> Vec<String> {
            let of_parts = |it: &String| it.starts_with("home/") || it.starts_with("tmp/");
            left.by_the_run.into_iter().filter(of_parts).collect()
        };
        assert_eq!(ours(outside.left(&workspace)), [""; 0]);
        let spool = outside.folder.join("tmp/runpod-spool-local");
        fs::create_dir(spool).expect("a folder");
        fs::create_dir(outside.folder.join("tmp/pytest-of-me")).expect("a folder");
        for theirs in ["home/.config/chromium", "home/.config/ours"] {
            fs::create_dir_all(outside.folder.join(theirs)).expect("a folder");
            fs::write(outside.folder.join(theirs).join("file"), "").expect("a file");
        }
        let left = ours(outside.left(&workspace));
        assert_eq!(left, ["home/.config/ours/file", "tmp/runpod-spool-local"]);
        let folder: PathBuf = outside.folder.clone();
        drop(outside);
        assert!(!folder.exists());
    }

    #[test]
    fn only_the_folder_of_a_run_that_is_gone_is_removed() {
        let workspace = Workspace::here();
        let outside = Outside::new(&workspace).expect("the folders of a run");
        let temporary = outside.folder.join("tmp");
        let [held, gone] = ["1-0", "2-0"].map(|run| {
            let folder = temporary.join(format!("{PREFIX}{run}"));
            fs::create_dir(&folder).expect("a folder");
            fs::write(folder.join(LOCK), "").expect("a file");
            folder
        });
        let lock = fs::File::open(held.join(LOCK)).expect("a file");
        lock.lock().expect("a lock");
        remove_left_overs(&temporary);
        assert!(held.exists() && !gone.exists());
        // Closing the file is not enough: a process that another test is starting may have inherited it for a moment.
        lock.unlock().expect("an unlocked file");
        remove_left_overs(&temporary);
        assert!(!held.exists());
    }

    #[test]
    fn an_edit_of_a_file_that_git_knows_is_nothing_left_behind() {
        let status = " M src/lib.rs\n?? left.txt\nA  added.rs\n D gone.rs\n";
        assert_eq!(untracked(status).collect::<Vec<_>>(), ["left.txt"]);
    }

    #[test]
    fn a_part_is_given_a_home_and_a_temporary_folder_of_its_own() {
        let workspace = Workspace::here();
        let outside = Outside::new(&workspace).expect("the folders of a run");
        let mut command = std::process::Command::new("true");
        outside.applied_to(&mut command);
        for variable in ["HOME", "TMPDIR"] {
            let given = command
                .get_envs()
                .find_map(|(name, value)| (name == variable).then(|| value.map(PathBuf::from))?);
            assert!(given.is_some_and(|it| it.starts_with(&outside.folder)));
        }
    }
}
