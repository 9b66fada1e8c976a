//! Every test there is, in parts that run side by side, and how many passed.

mod extent;
mod outside;
mod part;
mod schedule;
mod screen;
mod steps;
mod test_programs;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use crate::cargo_tools;
use crate::programs::Programs;
use crate::python;
use crate::step::{self, Failure};
use crate::tools::Tools;
use crate::valgrind;
use crate::workspace::Workspace;

pub(crate) use extent::Extent;
use outside::Outside;
pub(crate) use part::{Ended, Load, Part};
use screen::Screen;
use steps::Steps;
use test_programs::TestProgram;

/// How often a worker is killed in the short form; in full, it is what `tests/chaos/killed.rs` says.
const SHORT_KILLS: &str = "20";
/// A soak of so many minutes.
const SHORT_SOAK: &str = "1";
/// So many seconds of each fuzz target: what is kept in the corpora is run again, and a little more is tried.
const SHORT_FUZZING: &str = "4";

/// So many of the files that a run has left are named.
const LEFT_SHOWN: usize = 20;

/// All tests; with the checks before them, everything that has to hold before a change is merged.
pub(crate) fn everything(
    workspace: &Workspace,
    extent: Extent,
    with_checks: bool,
) -> Result<(), Failure> {
    let screen = Screen::new();
    let mut steps = Steps::default();
    let setup = steps.take("setup", "cargo xtask setup", || {
        Setup::installed(workspace, extent)
    });
    let again = "cargo test --workspace --all-features --no-run";
    let tests = steps.take("build of the tests", again, || {
        test_programs::build(workspace)
    });
    let again = "cargo build --workspace --all-features --bins --examples";
    let programs = setup.as_ref().and_then(|setup| {
        steps.take("build of the programs", again, || {
            Programs::build(workspace, &setup.tools)
        })
    });
    let itself = steps.need("copy of this program", "cargo xtask test", || {
        itself(workspace)
    });
    let mut parts = Vec::new();
    let mut left_out = Vec::new();
    if tests.is_none() {
        left_out.push("the workspace's tests: their build failed".to_owned());
    }
    if let (Some(setup), Some(programs), Some(itself)) = (setup, &programs, &itself) {
        let run = Run {
            workspace,
            extent,
            tools: &setup.tools,
            tests: tests.as_deref().unwrap_or_default(),
            programs,
            itself: itself.clone(),
            cargo_generate: setup.cargo_generate,
        };
        parts = run.parts();
        left_out.extend(run.left_out());
    } else {
        left_out.push("all tests: a step before them failed".to_owned());
    }
    if with_checks {
        parts.extend(steps.checks(workspace, itself, extent));
    }
    finish(workspace, screen, steps.0, parts, &left_out)
}

/// Only the checks: what needs no test run.
pub(crate) fn checks(workspace: &Workspace, extent: Extent) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let itself = steps.need("copy of this program", "cargo xtask check", || {
        itself(workspace)
    });
    let parts = steps.checks(workspace, itself, extent);
    finish(workspace, Screen::new(), steps.0, parts, &[])
}

/// Runs the parts, and looks at what they have left outside the target folder. The last screen comes whatever has failed.
fn finish(
    workspace: &Workspace,
    mut screen: Screen,
    ended: Vec<Ended>,
    mut parts: Vec<Part>,
    left_out: &[String],
) -> Result<(), Failure> {
    let mut steps = Steps(ended);
    let again = "cargo xtask test";
    let outside = steps.need("folders of this run", again, || Outside::new(workspace));
    let logs = steps.need("logs", again, || workspace.fresh_folder("logs"));
    let mut ended = steps.0;
    let mut warnings = Vec::new();
    if let (Some(outside), Some(logs)) = (outside, logs) {
        for part in &mut parts {
            outside.applied_to(&mut part.command);
        }
        ended.extend(schedule::run(parts, &logs, &mut screen));
        let mut left = outside.left(workspace);
        // Only a machine of its own has nobody else who writes there.
        if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
            left.by_the_run.append(&mut left.by_anybody);
        }
        let mut files = Ended::step("files left behind", again, Duration::ZERO);
        files.fault = named(&left.by_the_run, "outside the target folder");
        ended.push(files);
        let new = "new since the run began, of the run or of another program";
        warnings.extend(named(&left.by_anybody, new));
    }
    println!("\n{}", screen.last(&ended, left_out, &warnings));
    if ended.iter().all(Ended::is_well) {
        Ok(())
    } else {
        Err(Failure::shown())
    }
}

/// How many there are, and the first of them.
fn named(files: &[String], what: &str) -> Option<String> {
    let shown: Vec<_> = files.iter().take(LEFT_SHOWN).map(String::as_str).collect();
    (!files.is_empty()).then(|| format!("{} {what}: {}", files.len(), shown.join(", ")))
}

/// What the tests need of the machine.
struct Setup {
    tools: Tools,
    cargo_generate: Option<PathBuf>,
}

impl Setup {
    fn installed(workspace: &Workspace, extent: Extent) -> Result<Self, Failure> {
        Ok(Self {
            tools: Tools::installed(workspace)?,
            cargo_generate: match extent {
                Extent::Short => cargo_tools::GENERATE.found(workspace),
                Extent::Long => Some(cargo_tools::GENERATE.installed(workspace)?),
            },
        })
    }
}

/// This program, as a copy: cargo may put another one in its place while it runs.
fn itself(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let copy = workspace.target().join("xtask-that-runs");
    let copied = env::current_exe().and_then(|itself| {
        // One that runs cannot be written over, and may be another run's.
        let _ = fs::remove_file(&copy);
        fs::copy(itself, &copy)
    });
    copied
        .map(|_| copy)
        .map_err(|error| Failure::new(format!("cannot copy this program: {error}")))
}

/// What the parts are made of.
struct Run<'a> {
    workspace: &'a Workspace,
    extent: Extent,
    tools: &'a Tools,
    tests: &'a [TestProgram],
    programs: &'a Programs,
    itself: PathBuf,
    cargo_generate: Option<PathBuf>,
}

impl Run<'_> {
    /// In the order in which they are begun.
    fn parts(&self) -> Vec<Part> {
        let workspace = self.workspace;
        let is_long = self.extent == Extent::Long;
        let mut parts = Vec::new();
        // First, as it builds the dependencies of all crates that are made as a user's are.
        parts.push(self.own(&["downstream"], "downstream crates", Load::Compiles));
        for program in self.tests {
            let mut part = program.part(workspace);
            self.programs.named_to(&mut part.command);
            if program.name == "chaos" && !is_long {
                part.command.env("RUNPOD_CHAOS_KILLS", SHORT_KILLS);
            }
            parts.push(part);
        }
        let long = is_long.then_some("--long");
        for client in ["python", "javascript", "rust", "openapi"] {
            if client == "javascript" && self.tools.node.is_err() {
                continue;
            }
            let words: Vec<_> = ["clients", client].into_iter().chain(long).collect();
            let load = if client == "rust" {
                Load::Compiles
            } else {
                Load::Waits
            };
            parts.push(self.own(&words, &format!("clients, {client}"), load));
        }
        if self.programs.need_browser().is_ok() {
            parts.push(self.own(&["page"], "page", Load::Waits));
        }
        let mut documentation = workspace.cargo();
        documentation.args([
            "test",
            "--workspace",
            "--all-features",
            "--doc",
            "--no-fail-fast",
        ]);
        parts.push(Part::tests(
            "documentation",
            documentation,
            "cargo xtask test --doc",
            Load::Compiles,
        ));
        parts.extend(self.generated());
        parts.extend(self.instructions());
        let fuzzing = match self.extent {
            Extent::Short => &["fuzz", "--seconds", SHORT_FUZZING][..],
            Extent::Long => &["fuzz"],
        };
        if self.tools.compiler.is_ok() {
            parts.push(self.own(fuzzing, "fuzzing", Load::Compiles));
        }
        parts.extend(self.soak());
        parts
    }

    /// A command of this program, with what was built already.
    fn own(&self, words: &[&str], name: &str, load: Load) -> Part {
        let again = format!("cargo xtask {}", words.join(" "));
        let mut command = Command::new(&self.itself);
        command.args(words);
        if ["clients", "page"].contains(&words[0]) {
            command.arg("--no-build");
        }
        self.programs.named_to(&mut command);
        Part::tests(name, command, &again, load)
    }

    /// The templates as those of cargo-generate, where that is there.
    fn generated(&self) -> Option<Part> {
        let program = self.tests.iter().find(|program| program.name == "new")?;
        let mut command = program.command(self.workspace, &["--ignored", "cargo_generate"]);
        command.env(
            cargo_tools::GENERATE_VARIABLE,
            self.cargo_generate.as_ref()?,
        );
        let again = "cargo xtask test --test new -- --ignored cargo_generate";
        Some(Part::tests(
            "cargo-generate",
            command,
            again,
            Load::Compiles,
        ))
    }

    /// Of a job, in valgrind.
    fn instructions(&self) -> Option<Part> {
        let valgrind = self.tools.valgrind.as_ref().ok()?;
        let program = self.tests.iter().find(|program| program.name == "cost")?;
        let mut command = program.command(self.workspace, &["--ignored", "--nocapture"]);
        command.env(valgrind::VARIABLE, valgrind);
        let again = "cargo xtask test --test cost -- --ignored";
        Some(Part::tests("instructions", command, again, Load::Waits))
    }

    fn soak(&self) -> Option<Part> {
        if self.extent == Extent::Long {
            return Some(self.own(&["soak"], "soak", Load::Compiles));
        }
        let program = self.tests.iter().find(|program| program.name == "chaos")?;
        let mut command = program.command(self.workspace, &crate::soak::TEST);
        self.programs.named_to(&mut command);
        command.env(crate::soak::VARIABLE, SHORT_SOAK);
        let again = format!("cargo xtask soak --minutes {SHORT_SOAK}");
        Some(Part::tests("soak", command, &again, Load::Waits))
    }

    /// For the last screen.
    fn left_out(&self) -> Vec<String> {
        let mut left_out = Vec::new();
        let missing = [
            ("the JavaScript client", self.programs.need_node()),
            ("page", self.programs.need_browser()),
            ("fuzzing", self.tools.compiler.clone()),
            ("instructions", self.tools.valgrind.clone().map(drop)),
            ("images in a registry", self.tools.registry.clone()),
        ];
        for (part, need) in missing {
            if let Err(failure) = need {
                left_out.push(format!("{part}: {failure}"));
            }
        }
        if self.cargo_generate.is_none() {
            left_out.push("cargo-generate: it is not installed".to_owned());
        }
        if self.extent == Extent::Short {
            left_out.push(
                "the long forms of chaos, soak, fuzzing and clients: `cargo xtask test --long`"
                    .to_owned(),
            );
        }
        left_out
    }
}

/// What a developer asks for: `cargo test --workspace --all-features ARGS`, with the SDK at hand.
pub(crate) fn part(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let step = format!(
        "cargo test --workspace --all-features {}",
        arguments.join(" ")
    );
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--workspace", "--all-features"])
        .args(arguments)
        .env(python::VARIABLE, python);
    if arguments.contains(&"cargo_generate") {
        let program = cargo_tools::GENERATE.installed(workspace)?;
        tests.env(cargo_tools::GENERATE_VARIABLE, program);
    }
    step::run(&step, &mut tests)?;
    println!("\nOnly what was asked for; `cargo xtask test` without arguments runs everything.");
    Ok(())
}

/// The programs of the tests: built now, or, with `--no-build`, those that a run has built.
pub(crate) fn programs(workspace: &Workspace, words: &[&str]) -> Result<Programs, Failure> {
    if words.contains(&"--no-build") {
        Programs::built(workspace, &Tools::named()?)
    } else {
        Programs::build(workspace, &Tools::installed(workspace)?)
    }
}
