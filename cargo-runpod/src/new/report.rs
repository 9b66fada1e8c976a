//! The report that is printed after a worker was created.

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
        "Created the worker `{}` from the template `{}`. Next:\n\n\
         \x20   cd {}\n\
         \x20   cargo runpod dev       # starts a local endpoint with the worker behind it\n\n\
         and in a second terminal, in the same folder:\n\n\
         \x20   cargo runpod invoke    # sends the job in test_input.json and shows the result\n",
        place.name(),
        template.name(),
        for_a_shell(place.folder())
    );
    for note in notes(dependency, surroundings) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nnote: {note}\n");
    }
    text
}

fn notes(dependency: &Dependency, surroundings: &Surroundings) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(path) = dependency.path() {
        if dependency.is_fallback() {
            notes.push(format!(
                "runpod-worker is not published yet. The worker uses the sources that this command\n\
                 was built from, {}.\n\
                 To use others, pass --runpod-path or --runpod-git.",
                path.display()
            ));
        }
        notes.push(
            "a build inside Docker cannot reach a package by its path on this machine. Use\n\
             `cargo runpod build`, which builds the program outside Docker. To use the Dockerfile,\n\
             name a git repository in Cargo.toml."
                .to_owned(),
        );
    }
    match surroundings {
        Surroundings::Alone => {}
        Surroundings::MemberOf { root, has_profile } => {
            notes.push(format!(
                "the worker is a member of the workspace in {}, which has the Cargo.lock and the target folder.\n\
                 The Dockerfile expects them in the worker's own folder.",
                root.display()
            ));
            if *has_profile {
                notes.push(
                    "a model is slow in a build without optimisations. Add this to the workspace's Cargo.toml,\n\
                     which has the profiles of its members:\n  \
                     [profile.dev.package.\"*\"]\n  \
                     opt-level = 3"
                        .to_owned(),
                );
            }
        }
        Surroundings::StrangerIn(root) => notes.push(format!(
            "the worker is in the folder of the workspace in {} but not a member of it, so its Cargo.toml\n\
             has a `[workspace]` table. To make the worker a member, remove that table and add the worker's folder to the \
             `members` of that workspace.",
            root.display()
        )),
    }
    notes
}

/// Returns the path as you would type it in a shell.
fn for_a_shell(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/-_.".contains(letter);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
