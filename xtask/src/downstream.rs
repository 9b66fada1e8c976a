//! The crates of `tests/downstream`: outside the workspace, as a user's crate is, and run as a user runs them.

use std::fs;
use std::path::PathBuf;

use crate::counted::Outcome;
use crate::step::{self, Failure};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The crates in there.
pub(crate) const PACKAGES: [&str; 3] = ["renamed", "library-handlers", "edition-2021"];

/// One local test run of a downstream worker, and what it has to show.
struct Run {
    what: &'static str,
    binary: &'static str,
    job: &'static str,
    code: i32,
    /// Each of these has to be in what the worker printed.
    shows: &'static [&'static str],
}

const RUNS: &[Run] = &[
    Run {
        what: "renamed dependency: an async handler with state",
        binary: "renamed",
        job: r#"{"input": {"task": "greet", "name": "Ada"}}"#,
        code: 0,
        shows: &["Good day, Ada!"],
    },
    Run {
        what: "renamed dependency: a plain handler",
        binary: "renamed",
        job: r#"{"input": {"task": "shout", "name": "Ada"}}"#,
        code: 0,
        shows: &["ADA!"],
    },
    Run {
        what: "renamed dependency: a stream handler",
        binary: "renamed",
        job: r#"{"input": {"task": "spell", "name": "Ada"}}"#,
        code: 0,
        shows: &["A for Ada", "d for Ada", "a for Ada"],
    },
    Run {
        what: "renamed dependency: input that does not fit is a failed job that names the place",
        binary: "renamed",
        job: r#"{"input": {"task": "greet", "name": 7}}"#,
        code: 1,
        shows: &["input.name"],
    },
    Run {
        what: "edition 2021: an async handler with state",
        binary: "edition-2021",
        job: r#"{"input": {"task": "greet", "name": "Ada"}}"#,
        code: 0,
        shows: &["Good day, Ada!"],
    },
    Run {
        what: "edition 2021: a plain handler",
        binary: "edition-2021",
        job: r#"{"input": {"task": "shout", "name": "Ada"}}"#,
        code: 0,
        shows: &["ADA!"],
    },
    Run {
        what: "edition 2021: a stream handler",
        binary: "edition-2021",
        job: r#"{"input": {"task": "spell", "name": "Ada"}}"#,
        code: 0,
        shows: &["Good day, A", "Good day, d"],
    },
    Run {
        what: "handlers in a library crate: the one that `handler` names",
        binary: "selected",
        job: r#"{"input": {"text": "to be or not to be"}}"#,
        code: 0,
        shows: &["6 words"],
    },
    Run {
        what: "handlers in a library crate: routed to the first",
        binary: "routed",
        job: r#"{"input": {"task": "count", "text": "to be or not to be"}}"#,
        code: 0,
        shows: &["6 words"],
    },
    Run {
        what: "handlers in a library crate: routed to the second, under the name it was given",
        binary: "routed",
        job: r#"{"input": {"task": "backwards", "text": "stressed"}}"#,
        code: 0,
        shows: &["desserts"],
    },
    Run {
        what: "handlers in a library crate: a route that leads nowhere is a failed job that names those that do",
        binary: "routed",
        job: r#"{"input": {"task": "sing", "text": "la"}}"#,
        code: 1,
        shows: &["sing", "count", "backwards"],
    },
    Run {
        what: "several handlers and nothing that chooses: an error with names, files, lines and both ways out",
        binary: "undecided",
        job: r#"{"input": {"text": "la"}}"#,
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
        what: "a state that nobody makes: an error with handler, file, line and both types, before the set-up",
        binary: "unmade",
        job: r#"{"input": "text"}"#,
        code: 1,
        shows: &[
            "`embed` (",
            "src/bin/unmade.rs:15",
            "State<unmade::Model>",
            "`unmade::Tokenizer`",
        ],
    },
];

/// The downstream workspace's manifest, made ready to be built.
pub(crate) fn manifest(workspace: &Workspace) -> Result<PathBuf, Failure> {
    // Its lock file is a copy of ours (and not in git), so that the two are built with the same versions, and from what
    // is on this machine already.
    let (ours, theirs) = (
        workspace.file("Cargo.lock"),
        workspace.file("tests/downstream/Cargo.lock"),
    );
    fs::copy(&ours, &theirs).map_err(|error| {
        Failure::new(format!(
            "cannot copy {} to {}: {error}",
            ours.display(),
            theirs.display()
        ))
    })?;
    Ok(workspace.file("tests/downstream/Cargo.toml"))
}

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome, Failure> {
    let manifest = manifest(workspace)?;
    step::run(
        "cargo build, downstream crates",
        workspace
            .cargo()
            .args(["build", "--workspace", "--manifest-path"])
            .arg(&manifest),
    )?;

    step::announce("the downstream crates");
    let mut tally = Tally::default();
    for run in RUNS {
        let mut worker = workspace.cargo();
        worker
            .args(["run", "--quiet", "--manifest-path"])
            .arg(&manifest);
        worker.args(["--bin", run.binary, "--", "--test_input", run.job]);
        for (name, _) in std::env::vars_os() {
            // A worker that finds the platform's variables would take jobs from there.
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
            println!("  it was given {} and printed:\n{text}", run.job);
            tally.failed += 1;
        }
    }
    println!("downstream crates: {tally}");
    Ok(Outcome {
        tally,
        well: tally.failed == 0,
    })
}
