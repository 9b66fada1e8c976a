//! Finds the pages of the guide that the code's documentation mentions. `tests/guide` checks the links between pages.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns every `docs/….md` in the documentation of these sources that does not exist.
pub(crate) fn missing(repository: &Path, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for file in sources(folder) {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for page in named(&text) {
            if !repository.join(page).exists() {
                faults.push(format!("{}: {page} does not exist", file.display()));
            }
        }
    }
    faults
}

fn named(source: &str) -> impl Iterator<Item = &str> {
    let is_of_a_path = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    source
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("///") || line.starts_with("//!"))
        .flat_map(move |line| line.split(move |c| !is_of_a_path(c)))
        .filter(|word| {
            let is_a_page = Path::new(word).extension().is_some_and(|it| it == "md");
            is_a_page && word.starts_with("docs/")
        })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn pages_are_found_in_documentation_and_not_in_code() {
    let source =
        "/// See `docs/a.md`, (docs/b/c.md).\nlet code = \"docs/d.md\";\n    //! docs/e.txt";
    let found: Vec<_> = named(source).collect();
    assert_eq!(found, ["docs/a.md", "docs/b/c.md"]);
}
