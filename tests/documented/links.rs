//! Links of the guides, and guides that the documentation of the code names.

use std::fs;
use std::path::{Path, PathBuf};

/// Every `docs/….md` in the documentation of these sources that is not there.
pub(crate) fn pages_named_in_sources(repository: &Path, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files(folder, "rs") {
        let text = read(&file);
        let docs = text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("///") || line.starts_with("//!")
        });
        for word in docs.flat_map(|line| line.split(|c: char| !is_of_a_path(c))) {
            let is_page = word.starts_with("docs/") && word.ends_with(".md");
            if is_page && !repository.join(word).exists() {
                faults.push(format!("{}: there is no {word}", file.display()));
            }
        }
    }
    faults
}

fn is_of_a_path(c: char) -> bool {
    c.is_alphanumeric() || "/._-".contains(c)
}

/// Every link in a page of the repository that leads to no file, or to no heading of a page.
pub(crate) fn broken_in_pages(repository: &Path) -> Vec<String> {
    let at_the_root = fs::read_dir(repository).expect("the repository");
    let mut pages: Vec<_> = at_the_root
        .map(|entry| entry.expect("a file").path())
        .filter(|file| file.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.extend(files(&repository.join("docs"), "md"));
    pages.sort();
    let mut faults = Vec::new();
    for page in pages {
        for target in links(&read(&page)) {
            if let Some(fault) = broken(&page, &target) {
                faults.push(format!("{}: {fault}", page.display()));
            }
        }
    }
    faults
}

fn broken(page: &Path, target: &str) -> Option<String> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() {
        page.to_owned()
    } else {
        page.parent()?.join(file)
    };
    if !file.exists() {
        return Some(format!("{target} leads to no file"));
    }
    let is_there = heading.is_empty() || headings(&read(&file)).iter().any(|it| it == heading);
    (!is_there).then(|| format!("{target} leads to no heading"))
}

/// The targets within this repository.
fn links(page: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in outside_of_code(page) {
        // Code is no link, but may be a link's text.
        let words: String = line.split('`').step_by(2).collect();
        for rest in words.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                all.push(target.to_owned());
            }
        }
    }
    all
}

/// As their anchors are written.
fn headings(page: &str) -> Vec<String> {
    outside_of_code(page)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

fn outside_of_code(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All files below the folder that end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            all.extend(files(&path, ending));
        } else if path.extension().is_some_and(|it| it == ending) {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.md");
    let text = "# A heading, too\n[`a`](page.md#a-heading-too) [b](#no) [c](gone.md) [d](https://x.example/)\n\
                ```\n[e](code.md)\n```\n`[f](code.md)`";
    fs::write(&page, text).expect("written");
    let faults: Vec<_> = links(text)
        .iter()
        .filter_map(|it| broken(&page, it))
        .collect();
    assert_eq!(
        faults,
        ["#no leads to no heading", "gone.md leads to no file"]
    );
}
