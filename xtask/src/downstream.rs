//! Builds and runs the crates of `tests/downstream`, which are outside the workspace, like a user's crate.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::step::{self, Failure};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The crates that share one workspace.
pub(crate) const PACKAGES: [&str; 3] = ["renamed", "library-handlers", "edition-2021"];

/// The crate without features. It is a separate workspace, because cargo would otherwise give it the features of the
/// other crates.
const WITHOUT_FEATURES: &str = "tests/downstream/without-features/Cargo.toml";

/// One run of a downstream worker, and its expected exit code and output.
struct Run {
    what: &'static str,
    binary: &'static str,
    arguments: &'static [&'static str],
    code: i32,
    /// Texts that the worker must print.
    shows: &'static [&'static str],
}

const RUNS: &[Run] = &[
    Run {
        what: "renamed dependency: an async handler with state",
        binary: "renamed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "greet", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["Good day, Ada!"],
    },
    Run {
        what: "renamed dependency: a plain handler",
        binary: "renamed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "shout", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["ADA!"],
    },
    Run {
        what: "renamed dependency: a stream handler",
        binary: "renamed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "spell", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["A for Ada", "d for Ada", "a for Ada"],
    },
    Run {
        what: "renamed dependency: an input of the wrong type fails the job with an error that names the place",
        binary: "renamed",
        arguments: &["--test_input", r#"{"input": {"task": "greet", "name": 7}}"#],
        code: 1,
        shows: &["input.name"],
    },
    Run {
        what: "edition 2021: an async handler with state",
        binary: "edition-2021",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "greet", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["Good day, Ada!"],
    },
    Run {
        what: "edition 2021: a plain handler",
        binary: "edition-2021",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "shout", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["ADA!"],
    },
    Run {
        what: "edition 2021: a stream handler",
        binary: "edition-2021",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "spell", "name": "Ada"}}"#,
        ],
        code: 0,
        shows: &["Good day, A", "Good day, d"],
    },
    Run {
        what: "handlers in a library crate: `handler` selects one",
        binary: "selected",
        arguments: &[
            "--test_input",
            r#"{"input": {"text": "to be or not to be"}}"#,
        ],
        code: 0,
        shows: &["6 words"],
    },
    Run {
        what: "handlers in a library crate: a job is routed to the first handler",
        binary: "routed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "count", "text": "to be or not to be"}}"#,
        ],
        code: 0,
        shows: &["6 words"],
    },
    Run {
        what: "handlers in a library crate: a job is routed to the second handler by the handler's custom name",
        binary: "routed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "backwards", "text": "stressed"}}"#,
        ],
        code: 0,
        shows: &["desserts"],
    },
    Run {
        what: "handlers in a library crate: an unknown route fails the job with an error that lists the known routes",
        binary: "routed",
        arguments: &[
            "--test_input",
            r#"{"input": {"task": "sing", "text": "la"}}"#,
        ],
        code: 1,
        shows: &["sing", "count", "backwards"],
    },
    Run {
        what: "several handlers and no selection: an error with names, files, lines and both remedies",
        binary: "undecided",
        arguments: &["--test_input", r#"{"input": {"text": "la"}}"#],
        code: 1,
        shows: &[
            "`count` (",
            "`backwards` (",
            "src/lib.rs:13",
            "src/lib.rs:19",
            "handler = path",
            "route = \"key\"",
        ],
    },
    Run {
        what: "a state that `main` does not make: an error with handler, file, line and both types, before `main` runs",
        binary: "unmade",
        arguments: &["--test_input", r#"{"input": "text"}"#],
        code: 1,
        shows: &[
            "`embed` (",
            "src/bin/unmade.rs:15",
            "State<unmade::Model>",
            "`unmade::Tokenizer`",
        ],
    },
    Run {
        what: "default features: --schema is refused with an error that names the missing feature",
        binary: "renamed",
        arguments: &["--schema"],
        code: 1,
        shows: &["--schema needs the feature `schema`", "Cargo.toml"],
    },
    Run {
        what: "no features: a job completes",
        binary: "without-features",
        arguments: &["--test_input", r#"{"input": {"name": "Ada"}}"#],
        code: 0,
        shows: &["Good day, Ada!"],
    },
    Run {
        what: "no features: --rp_serve_api is refused with an error that names the missing feature",
        binary: "without-features",
        arguments: &["--rp_serve_api"],
        code: 1,
        shows: &["--rp_serve_api needs the feature `local`", "Cargo.toml"],
    },
];

/// Copies our lock file to the downstream workspace and to the crate without features, and returns their manifests.
pub(crate) fn manifests(workspace: &Workspace) -> Result<[PathBuf; 2], Failure> {
    let manifests = ["tests/downstream/Cargo.toml", WITHOUT_FEATURES];
    let manifests = manifests.map(|manifest| workspace.file(manifest));
    // Their lock files are copies of ours and are not in git. All crates then use the same versions, which are already
    // on this machine.
    let ours = workspace.file("Cargo.lock");
    for manifest in &manifests {
        let theirs = manifest.with_file_name("Cargo.lock");
        fs::copy(&ours, &theirs).map_err(|error| {
            Failure::new(format!(
                "cannot copy {} to {}: {error}",
                ours.display(),
                theirs.display()
            ))
        })?;
    }
    Ok(manifests)
}

pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    for manifest in manifests(workspace)? {
        step::run(
            &format!("cargo build in {}", manifest.display()),
            workspace
                .cargo()
                .args(["build", "--workspace", "--manifest-path"])
                .arg(&manifest),
        )?;
    }

    step::announce("the downstream crates");
    let mut tally = Tally::default();
    for run in RUNS {
        let mut worker = Command::new(workspace.target().join("debug").join(run.binary));
        worker.args(run.arguments);
        for (name, _) in std::env::vars_os() {
            // With the platform's variables, a worker would take jobs from the platform.
            if name.to_string_lossy().starts_with("RUNPOD_") {
                worker.env_remove(name);
            }
        }
        let output = step::capture(&mut worker)?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        let missing: Vec<_> = run
            .shows
            .iter()
            .filter(|part| !text.contains(**part))
            .collect();
        if output.status.code() == Some(run.code) && missing.is_empty() {
            println!("test {} ... ok", run.what);
            tally.passed += 1;
        } else {
            println!("test {} ... FAILED", run.what);
            println!(
                "  {}; expected exit code {} and, in its output, {:?} (missing: {missing:?})",
                output.status, run.code, run.shows
            );
            println!("  arguments: {:?}; output:\n{text}", run.arguments);
            tally.failed += 1;
        }
    }
    println!("{tally}");
    if tally.failed == 0 {
        Ok(())
    } else {
        Err(Failure::new(
            "downstream crates: some tests failed; see the messages above.",
        ))
    }
}
