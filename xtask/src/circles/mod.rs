//! Finds module cycles: files of a crate that use each other's items.
//!
//! A file uses another file if it names an item that the other file *defines*, in a `use` or by its path in the code.
//! Re-exports are followed to the definition. A parent module that only declares and re-exports its children does not
//! use them. A cycle is a set of files in which each file needs all the others, directly or through other files. Test
//! code is ignored.
//!
//! The check reads the source as text and knows no types. It therefore misses uses that name no path: a call of a
//! method whose `impl` is not in the file of its type, or of a macro that is in scope without an import.

mod graph;
mod known;
mod modules;
mod tokens;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::step::Failure;
use crate::workspace::Workspace;
use graph::Circle;
use known::KNOWN;
use modules::Modules;

/// Fails if there is a cycle that is not in [`KNOWN`], or if a cycle in [`KNOWN`] no longer exists.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let known: Vec<BTreeSet<PathBuf>> = KNOWN
        .iter()
        .map(|files| files.iter().map(PathBuf::from).collect())
        .collect();
    let folder = workspace.file(".");
    let mut found = Vec::new();
    for root in roots(&folder)? {
        found.extend(circles_of(&folder, &root)?);
    }
    let faults = faults(&found, &known);
    if faults.is_empty() {
        println!("no module cycles ({} known ones are allowed)", known.len());
        Ok(())
    } else {
        Err(Failure::new(faults))
    }
}

/// Returns the paths of `lib.rs` and `main.rs` of each workspace member, relative to the workspace's folder.
fn roots(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", manifest.display())))?;
    let members = text
        .lines()
        .find_map(|line| line.strip_prefix("members = "));
    let members = members.ok_or_else(|| {
        Failure::new("Cargo.toml: no line begins with `members = `; write the list of members on such a line")
    })?;
    if !members.contains(']') {
        return Err(Failure::new(
            "Cargo.toml: the list `members` spans several lines; write it on one line",
        ));
    }
    let roots: Vec<_> = members
        .split('"')
        .skip(1)
        .step_by(2)
        .flat_map(|member| {
            ["lib.rs", "main.rs"].map(|root| Path::new(member).join("src").join(root))
        })
        .filter(|root| folder.join(root).is_file())
        .collect();
    if roots.is_empty() {
        return Err(Failure::new(
            "Cargo.toml: no crate in `members` has a src/lib.rs or a src/main.rs",
        ));
    }
    Ok(roots)
}

/// Returns the cycles of one crate. `root` and the files of the cycles are relative to `folder`.
fn circles_of(folder: &Path, root: &Path) -> Result<Vec<Circle>, Failure> {
    let mut modules = Modules::of_crate(&folder.join(root))?;
    for module in &mut modules.all {
        if let Ok(file) = module.file.strip_prefix(folder) {
            let file = file.strip_prefix(".").unwrap_or(file);
            module.file = file.to_path_buf();
        }
    }
    Ok(graph::circles(&modules))
}

/// Returns a description of all problems, which is empty if there are none.
fn faults(found: &[Circle], known: &[BTreeSet<PathBuf>]) -> String {
    let mut text = String::new();
    for circle in found {
        if known.contains(&circle.files) {
            continue;
        }
        let _ = writeln!(
            text,
            "a cycle of {} files; move the items that they share into a module below them:",
            circle.files.len()
        );
        for it in &circle.uses {
            let _ = writeln!(
                text,
                "  {}:{} uses `{}` of {}",
                it.from.display(),
                it.line,
                it.item,
                it.to.display()
            );
        }
    }
    for files in known {
        if !found.iter().any(|circle| circle.files == *files) {
            let _ = writeln!(
                text,
                "the cycle of {} no longer exists, or has other files now: remove or correct its entry in the list \
                 `KNOWN` in xtask/src/circles/known.rs",
                files
                    .iter()
                    .map(|it| it.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod circles_tests;
