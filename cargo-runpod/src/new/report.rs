//! What is told when a worker was made.

use std::fmt::Write;
use std::path::Path;

use super::dependency::Dependency;
use super::enclosing::Surroundings;
use super::place::Place;
use super::template::Template;

pub(crate) fn of(
    place: &Place,
    template: Template,
    dependency: &Dependency,
    surroundings: &Surroundings,
) -> String {
    let mut text = format!(
        "Made the worker `{}` from the template `{}`. Next:\n\n\
         \x20   cd {}\n\
         \x20   cargo runpod dev       # an endpoint on this machine with the worker behind it\n\n\
         and in a second terminal, in the same folder:\n\n\
         \x20   cargo runpod invoke    # sends it the job of test_input.json, and shows what comes back\n",
        place.name(),
        template.name(),
        for_a_shell(place.folder())
    );
    for note in notes(dependency, surroundings) {
        // Nothing can go wrong in writing into a string.
        let _ = write!(text, "\nnote: {note}\n");
    }
    text
}

fn notes(dependency: &Dependency, surroundings: &Surroundings) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(path) = dependency.path() {
        if dependency.is_fallback() {
            notes.push(format!(
                "runpod-worker has no public address yet. It is taken from where this command was built,\n\
                 {}; --runpod-path and --runpod-git name another place.",
                path.display()
            ));
        }
        notes.push(
            "a build inside Docker does not reach a package by its path on this machine. `cargo runpod build` packs\n\
             a program that is built here; for the Dockerfile, let Cargo.toml name a git repository."
                .to_owned(),
        );
    }
    match surroundings {
        Surroundings::Alone => {}
        Surroundings::MemberOf(root) => notes.push(format!(
            "it is a member of the workspace in {}, which has the Cargo.lock and the target folder.\n\
             The Dockerfile looks for them in the worker's own folder.",
            root.display()
        )),
        Surroundings::StrangerIn(root) => notes.push(format!(
            "it is in the folder of the workspace in {}, and not its member, so that it got a\n\
             `[workspace]` of its own. To make it a member, take that out of its Cargo.toml, and name it in the `members` \
             there.",
            root.display()
        )),
    }
    notes
}

/// As it is typed.
fn for_a_shell(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/-_.".contains(letter);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
