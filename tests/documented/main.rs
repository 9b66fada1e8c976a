//! Tests the documentation that users see: every public item of `runpod` and `runpod-local` has a description and an
//! example.
//!
//! The tests read the source: they start at `src/lib.rs` and follow each re-export to its definition. Other tools check
//! the rest: rustc checks fields and variants (`missing_docs`), rustdoc checks links (`cargo xtask check`), and
//! `cargo test --doc` runs the examples.

mod examples;
mod exported;
mod faults;
mod pages;
mod source;

use std::path::{Path, PathBuf};

use exported::{Exported, Surface};
use faults::{Allowed, faults_of};
use source::Source;

/// Items of other crates in the prelude. rustdoc shows serde's documentation for them, which has examples.
const OF_SERDE: &[&str] = &[
    "runpod::prelude::Deserialize",
    "runpod::prelude::Serialize",
    "runpod::prelude::Value",
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(path: &str) -> PathBuf {
    repository().join(path)
}

#[track_caller]
fn assert_documented(surface: &Surface, allowed: Allowed<'_>) {
    let faults = faults_of(surface, allowed);
    assert!(
        faults.is_empty(),
        "the documentation has {} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn facade() -> Surface {
    Surface::of(
        Source::read("runpod", &file("src/lib.rs")),
        vec![
            Source::read("runpod_runtime", &file("runpod-runtime/src/lib.rs")),
            Source::read("runpod_macros", &file("runpod-macros/src/lib.rs")),
        ],
    )
}

fn names(surface: &Surface) -> Vec<&str> {
    surface
        .items
        .iter()
        .map(|item: &Exported| item.path.as_str())
        .collect()
}

#[test]
fn every_public_item_of_the_worker_is_explained_and_shown() {
    let surface = facade();
    // Items behind re-exports, so that a mistake in following re-exports fails here.
    for expected in [
        "runpod::JobContext",
        "runpod::testing::Job",
        "runpod::signature::ViaInput",
        "runpod::handler",
        "runpod::json",
    ] {
        assert!(names(&surface).contains(&expected), "{expected}");
    }
    assert_documented(
        &surface,
        Allowed {
            without_example: OF_SERDE,
        },
    );
}

#[test]
fn every_public_item_of_the_local_endpoint_is_explained_and_shown() {
    let source = Source::read("runpod_local", &file("runpod-local/src/lib.rs"));
    let surface = Surface::of(source, Vec::new());
    assert!(names(&surface).contains(&"runpod_local::Endpoint"));
    assert_documented(
        &surface,
        Allowed {
            without_example: &[],
        },
    );
}

#[test]
fn pages_that_the_documentation_names_are_there() {
    let mut faults = Vec::new();
    for folder in [
        "src",
        "runpod-runtime/src",
        "runpod-macros/src",
        "runpod-local/src",
    ] {
        faults.extend(pages::missing(repository(), &file(folder)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
