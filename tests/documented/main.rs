//! The documentation as users see it: every public item of `runpod` and of `runpod-local` says what it does and shows it.
//!
//! The items are read from the source: what `src/lib.rs` re-exports, followed to where it is written. That fields and
//! variants say something is rustc's to check (`missing_docs`), and that links lead somewhere rustdoc's (`cargo xtask
//! check`); that examples do what they say is up to `cargo test --doc`.

mod examples;
mod exported;
mod faults;
mod pages;
mod source;

use std::path::{Path, PathBuf};

use exported::{Exported, Surface};
use faults::{Allowed, faults_of};
use source::Source;

/// Names of other people's that the prelude passes on. serde's own documentation, which rustdoc shows there, has the
/// examples.
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
        "{} faults in what users read:\n{}",
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
    // What is found by following re-exports, so that a mistake in following them shows here.
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
