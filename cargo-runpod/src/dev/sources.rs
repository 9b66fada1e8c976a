//! The program's source files, and the paths that may become source files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::extras::{Extras, in_its_folder};
use super::target::Target;

/// The maximum depth. Deeper folders are taken for a loop of symbolic links.
const DEEPEST: usize = 32;

#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Files whose changes count, whether they exist or not.
    files: BTreeSet<PathBuf>,
    /// Folders in which new files may count.
    trees: BTreeSet<PathBuf>,
    /// Files and folders whose changes restart the workers.
    extras: Extras,
    /// Cargo's target folder, which never contains sources.
    built: PathBuf,
}

impl Sources {
    /// Returns the sources of `target`. `parts` are the source files of the last successful build.
    pub(super) fn of(target: &Target, parts: &[PathBuf], extras: &Extras) -> Self {
        let mut sources = Self {
            extras: extras.clone(),
            built: canonical(target.worker.target_directory()),
            ..Self::default()
        };
        for package in &target.packages {
            sources.add(&package.folder.join("Cargo.toml"));
            sources.add(&package.folder.join("build.rs"));
            for root in &package.roots {
                sources.add(root);
                if let Some(folder) = root.parent().filter(|it| *it != package.folder) {
                    sources.trees.insert(canonical(folder));
                }
            }
        }
        for name in [
            "Cargo.toml",
            "Cargo.lock",
            "rust-toolchain.toml",
            "rust-toolchain",
        ] {
            sources.add(&target.worker.workspace().join(name));
        }
        sources.add(&target.worker.folder().join("test_input.json"));
        for folder in target.worker.folder().ancestors() {
            sources.add(&folder.join(".cargo/config.toml"));
            sources.add(&folder.join(".cargo/config"));
        }
        for file in parts {
            sources.add(file);
        }
        sources
    }

    fn add(&mut self, file: &Path) {
        let file = in_its_folder(file);
        if !file.starts_with(&self.built) {
            self.files.insert(file);
        }
    }

    /// Returns the folders to watch. Editors replace a file with a new one, so watching the files themselves is not
    /// enough.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let extras = self.extras.files.iter().chain(&self.extras.folders);
        let mut folders: BTreeSet<_> = self
            .files
            .iter()
            .chain(extras)
            .filter_map(|file| file.parent())
            .filter(|folder| folder.is_dir())
            .map(Path::to_owned)
            .collect();
        for tree in self.all_trees() {
            self.walk(tree, DEEPEST, &mut |path| {
                if path.is_dir() {
                    folders.insert(path.to_owned());
                }
            });
        }
        folders
    }

    /// Returns all files that count now.
    pub(super) fn present(&self) -> BTreeSet<PathBuf> {
        let mut files = self.files.clone();
        files.extend(self.extras.files.iter().cloned());
        for tree in self.all_trees() {
            self.below(tree, &mut files);
        }
        files
    }

    /// Adds the files below a source folder that count.
    pub(super) fn below(&self, folder: &Path, files: &mut BTreeSet<PathBuf>) {
        self.walk(folder, DEEPEST, &mut |path| {
            if path.is_file() && self.may_count(path) {
                files.insert(path.to_owned());
            }
        });
    }

    /// Tells whether a change at this path may require a build. A file that is not Rust counts only if it is part of
    /// the program. While the program does not build, any file counts, because a missing file may be the reason.
    pub(super) fn counts(&self, path: &Path, is_broken: bool) -> bool {
        self.is_built_from(path)
            || self.extras.files.contains(path)
            || (self.may_count(path) && (is_broken || self.extras.have(path)))
    }

    /// Tells whether a change at this path restarts the workers, but requires no build.
    pub(super) fn only_restarts(&self, path: &Path) -> bool {
        self.extras.have(path) && !self.is_built_from(path)
    }

    fn is_built_from(&self, path: &Path) -> bool {
        let is_in_a_tree = || self.trees.iter().any(|tree| path.starts_with(tree));
        let is_rust = || path.extension().is_some_and(|it| it == "rs");
        self.files.contains(path) || (is_rust() && is_in_a_tree() && self.may_count(path))
    }

    pub(super) fn has_tree_of(&self, path: &Path) -> bool {
        self.all_trees().any(|tree| path.starts_with(tree)) && !path.starts_with(&self.built)
    }

    fn all_trees(&self) -> impl Iterator<Item = &PathBuf> {
        self.trees.iter().chain(&self.extras.folders)
    }

    fn may_count(&self, path: &Path) -> bool {
        self.has_tree_of(path)
            && path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| {
                    // Such names are an editor's temporary and backup files.
                    !name.starts_with(['.', '#']) && !name.ends_with('~')
                })
    }

    fn walk(&self, path: &Path, depth: usize, visit: &mut impl FnMut(&Path)) {
        if path.starts_with(&self.built) {
            return;
        }
        visit(path);
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        // A file, or a folder that was just removed, has no entries.
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().starts_with('.') {
                self.walk(&entry.path(), depth, visit);
            }
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
