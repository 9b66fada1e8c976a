//! Tests that links lead to existing files and headings, and that every page can be reached from the table of contents.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::markdown::{Page, guide, pages, root};

/// The table of contents.
const CONTENTS: &str = "docs/README.md";

/// Returns the target of a link on `page` as a path from the root, and the heading in it. Returns `None` for a link
/// that leaves the repository.
fn resolved(page: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = match link.split_once('#') {
        Some((path, heading)) => (path, Some(heading.to_owned())),
        None => (link, None),
    };
    if path.is_empty() {
        return Some((page.to_path_buf(), heading));
    }
    let mut target = page.parent().map(Path::to_path_buf).unwrap_or_default();
    for component in Path::new(path).components() {
        if component == Component::ParentDir {
            target.pop();
        } else {
            target.push(component);
        }
    }
    Some((target, heading))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in page.links() {
            let Some((target, heading)) = resolved(&page.path, &link) else {
                continue;
            };
            let at = page.path.display();
            if !root().join(&target).exists() {
                broken.push(format!("{at}: {link}: {} does not exist", target.display()));
            } else if let Some(heading) = heading {
                let anchors = Page::read(target).anchors();
                if !anchors.contains(&heading) {
                    broken.push(format!("{at}: {link}: the page's headings are {anchors:?}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_can_be_reached_from_the_table_of_contents() {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![PathBuf::from(CONTENTS)];
    while let Some(path) = ahead.pop() {
        if !path.starts_with("docs") || !reached.insert(path.clone()) {
            continue;
        }
        let links = Page::read(path.clone()).links();
        let targets = links.iter().filter_map(|link| resolved(&path, link));
        ahead.extend(targets.map(|(target, _)| target).filter(|target| {
            target.extension().is_some_and(|it| it == "md") && root().join(target).is_file()
        }));
    }
    let lost: Vec<PathBuf> = guide()
        .into_iter()
        // The book's own table of contents, which `cargo xtask docs` checks.
        .filter(|page| page != Path::new("docs/SUMMARY.md") && !reached.contains(page))
        .collect();
    assert!(lost.is_empty(), "no links lead from {CONTENTS} to {lost:?}");
}

#[test]
fn a_link_is_resolved_from_its_page() {
    let at = |link| resolved(Path::new("docs/how-to/serve-chat.md"), link);
    let found =
        |path: &str, heading: Option<&str>| Some((PathBuf::from(path), heading.map(str::to_owned)));
    assert_eq!(at("../tutorial.md#a"), found("docs/tutorial.md", Some("a")));
    assert_eq!(at("../../examples"), found("examples", None));
    assert_eq!(at("#b"), found("docs/how-to/serve-chat.md", Some("b")));
    assert_eq!(at("https://docs.rs"), None);
}
