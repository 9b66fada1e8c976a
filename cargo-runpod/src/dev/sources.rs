//! What the program is made of, and what may become a part of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::target::Target;

/// Deeper folders are a circle of links.
const DEEPEST: usize = 32;

#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Files that count, there or not.
    files: BTreeSet<PathBuf>,
    /// Folders in which a new file may count.
    trees: BTreeSet<PathBuf>,
    /// Where cargo builds: never a source.
    built: PathBuf,
}

impl Sources {
    /// `parts`: the files that the last good build was made of.
    pub(super) fn of(target: &Target, parts: &[PathBuf]) -> Self {
        let mut sources = Self {
            built: canonical(&target.built),
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
            sources.add(&target.workspace.join(name));
        }
        sources.add(&target.folder().join("test_input.json"));
        for folder in target.folder().ancestors() {
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

    /// The folders in which something may happen. Editors put a new file in a file's place, so that files themselves
    /// cannot be watched.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders: BTreeSet<_> = self
            .files
            .iter()
            .filter_map(|file| file.parent())
            .filter(|folder| folder.is_dir())
            .map(Path::to_owned)
            .collect();
        for tree in &self.trees {
            self.walk(tree, DEEPEST, &mut |path| {
                if path.is_dir() {
                    folders.insert(path.to_owned());
                }
            });
        }
        folders
    }

    /// All files that count now.
    pub(super) fn present(&self) -> BTreeSet<PathBuf> {
        let mut files = self.files.clone();
        for tree in &self.trees {
            self.below(tree, &mut files);
        }
        files
    }

    /// The files that count in a folder of the sources.
    pub(super) fn below(&self, folder: &Path, files: &mut BTreeSet<PathBuf>) {
        self.walk(folder, DEEPEST, &mut |path| {
            if path.is_file() && self.may_count(path) {
                files.insert(path.to_owned());
            }
        });
    }

    /// Whether something at this path may be a reason to build. Of files that are no Rust, only those count that the
    /// program has in it: or, while it does not build, any, since one of them may be what it lacks.
    pub(super) fn counts(&self, path: &Path, is_broken: bool) -> bool {
        self.files.contains(path)
            || (self.may_count(path)
                && (is_broken || path.extension().is_some_and(|it| it == "rs")))
    }

    pub(super) fn has_tree_of(&self, path: &Path) -> bool {
        self.trees.iter().any(|tree| path.starts_with(tree)) && !path.starts_with(&self.built)
    }

    fn may_count(&self, path: &Path) -> bool {
        self.has_tree_of(path)
            && path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| {
                    // What editors keep beside a file.
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
        // A file has no entries, and a folder that is gone by now neither.
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

/// As it is told by who watches its folder.
fn in_its_folder(file: &Path) -> PathBuf {
    match (file.parent(), file.file_name()) {
        (Some(folder), Some(name)) => canonical(folder).join(name),
        _ => file.to_owned(),
    }
}
