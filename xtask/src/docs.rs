//! Builds the guide as a book, and lints the English of the whole repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo_tools;
use crate::python;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

const GUIDE: &str = "docs";
/// The book's table of contents.
const SUMMARY: &str = "docs/SUMMARY.md";
const LINTER: &str = "tests/prose/check.py";

/// Builds the book in `target/book` and lints the prose. The error lists what to change.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let prose = lint(workspace);
    let pages = every_page_is_in_the_book(workspace);
    let book = build(workspace);
    let failures: Vec<String> = [prose, pages, book]
        .into_iter()
        .filter_map(Result::err)
        .map(|failure| failure.to_string())
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(failures.join("\n")))
    }
}

fn lint(workspace: &Workspace) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let root = workspace.file(".");
    let mut linter = Command::new(python);
    linter
        .arg(workspace.file(LINTER))
        .arg(&root)
        .args(prose_files(&root)?);
    step::run("English: pages, comments, messages", &mut linter)
}

/// Returns the pages and sources that git tracks, and those that it would add.
fn prose_files(root: &Path) -> Result<Vec<String>, Failure> {
    let mut list = Command::new("git");
    list.arg("-C").arg(root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        "*.md",
        "*.rs",
    ]);
    let output = step::capture(&mut list)?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "cannot list the files to lint: `git ls-files` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|file| root.join(file).is_file())
        .map(str::to_owned)
        .collect())
}

fn every_page_is_in_the_book(workspace: &Workspace) -> Result<(), Failure> {
    let summary = read(&workspace.file(SUMMARY))?;
    let missing: Vec<String> = prose_files(&workspace.file("."))?
        .into_iter()
        .filter_map(|file| Some(file.strip_prefix("docs/")?.to_owned()))
        .filter(|page| page != "SUMMARY.md" && !summary.contains(&format!("]({page})")))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{SUMMARY} does not list {}. Add a line for each page, so that the book contains it.",
            missing.join(", ")
        )))
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// Builds the book. mdBook fails if a page is missing or the table of contents is broken.
fn build(workspace: &Workspace) -> Result<(), Failure> {
    let mdbook = cargo_tools::MDBOOK.installed(workspace)?;
    let mut build = Command::new(mdbook);
    build.arg("build").arg(workspace.file(GUIDE));
    step::run("the guide as a book, in target/book", &mut build)
}
