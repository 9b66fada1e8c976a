//! The shared libraries of this machine, as its loader would find them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::elf::Elf;

/// The folders in which loaders look last.
const LAST: [&str; 6] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

#[derive(Debug, Default)]
pub(super) struct Machine {
    folders: Vec<PathBuf>,
    /// The names and paths in the loader's cache.
    cached: Vec<(String, PathBuf)>,
}

impl Machine {
    /// Returns the libraries that `program` would find here. `linked` are the folders that build scripts have named.
    pub(super) fn of(program: &Elf, linked: &[PathBuf]) -> Self {
        let mut folders: Vec<_> = program.folders().collect();
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            folders.extend(std::env::split_paths(&path));
        }
        folders.extend(linked.iter().cloned());
        // Build scripts also put libraries next to the program.
        folders.extend(program.path.parent().map(Path::to_owned));
        Self {
            folders,
            cached: cached(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        let is_for_this_platform =
            |file: &PathBuf| file.is_file() && Elf::read(file).is_ok_and(|elf| elf.is_x86_64);
        let first = self.folders.iter().map(|folder| folder.join(name));
        let cached = self
            .cached
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, path)| path.clone());
        let last = LAST.iter().map(|folder| Path::new(folder).join(name));
        first.chain(cached).chain(last).find(is_for_this_platform)
    }

    /// Returns the loader's libraries for these names and everything that they need, or the names that are missing.
    pub(super) fn closure(&self, names: &[String]) -> Result<Vec<PathBuf>, Vec<String>> {
        let mut waiting = names.to_vec();
        let (mut seen, mut found, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(name) = waiting.pop() {
            if seen.contains(&name) {
                continue;
            }
            match self.find(&name) {
                Some(file) => {
                    if let Ok(library) = Elf::read(&file) {
                        waiting.extend(library.needed);
                    }
                    found.push(file);
                }
                None => missing.push(name.clone()),
            }
            seen.push(name);
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            Err(missing)
        }
    }
}

/// Reads the loader's cache. A system without `ldconfig` has none.
fn cached() -> Vec<(String, PathBuf)> {
    let output = ["ldconfig", "/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| Command::new(program).arg("-p").output().ok());
    let Some(output) = output else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| {
            let (name, path) = line.split_once(" => ")?;
            let name = name.split_whitespace().next()?;
            Some((name.to_owned(), PathBuf::from(path.trim())))
        })
        .collect()
}
