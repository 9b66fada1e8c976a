//! Module circles: files of a crate that use each other's items.
//!
//! A file uses another one if it names an item that the other one *defines*: in a `use`, or by its path in the code.
//! Re-exports are followed to the definition, and a parent module that declares and re-exports its children does not use
//! them by that. A circle is a set of files each of which needs all the others, through any number of steps. Code for tests
//! is left out.
//!
//! The source is read as text, not as types, so a use is not seen if nothing names it: a method that stands in an `impl`
//! of another file than its type, a macro that is in scope by its place.

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

/// Fails if there is a circle that is not in the list, or one in the list that is not there.
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
        println!("no module circles, {} known ones excepted", known.len());
        Ok(())
    } else {
        Err(Failure::new(faults))
    }
}

/// `lib.rs` and `main.rs` of each member of the workspace, relative to its folder.
fn roots(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", manifest.display())))?;
    let members = text
        .lines()
        .find_map(|line| line.strip_prefix("members = "));
    let members = members.ok_or_else(|| {
        Failure::new("Cargo.toml: no line begins with `members = `, so the crates are not known")
    })?;
    if !members.contains(']') {
        return Err(Failure::new(
            "Cargo.toml: the list `members` does not end on its line, so the crates are not known. Write it on one line.",
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
            "Cargo.toml: `members` names no crate with a src/lib.rs or a src/main.rs",
        ));
    }
    Ok(roots)
}

/// `root` is relative to `folder`, as are the files of the circles.
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

/// What is wrong, in words; empty if nothing is.
fn faults(found: &[Circle], known: &[BTreeSet<PathBuf>]) -> String {
    let mut text = String::new();
    for circle in found {
        if known.contains(&circle.files) {
            continue;
        }
        let _ = writeln!(
            text,
            "a circle of {} files; move what they share into a module below them:",
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
                "the circle of {} is no longer there, or is another one now: take it off the list `KNOWN` in \
                 xtask/src/circles/known.rs, or shorten it",
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
