//! Runs all tests, in parts that run in parallel, and counts the results.

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

/// How often a short run kills a worker. `tests/chaos/killed.rs` sets the number for a long run.
const SHORT_KILLS: &str = "20";
/// The length of the soak test in a short run, in minutes.
const SHORT_SOAK: &str = "1";
/// The time for each fuzz target in a short run, in seconds. It is enough to run all inputs of the kept corpora and to
/// try some new ones.
const SHORT_FUZZING: &str = "4";

/// The maximum number of files left behind that a run lists.
const LEFT_SHOWN: usize = 20;

/// Runs all tests. `with_checks` adds the checks, so that the run covers everything that must pass before a change is
/// merged.
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
        left_out.push("the workspace's tests, because their build failed".to_owned());
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
        left_out.push("all tests, because a step before them failed".to_owned());
    }
    if with_checks {
        parts.extend(steps.checks(workspace, itself, extent));
    }
    finish(workspace, screen, steps.0, parts, &left_out)
}

/// Runs only the checks, which need no test run.
pub(crate) fn checks(workspace: &Workspace, extent: Extent) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let itself = steps.need("copy of this program", "cargo xtask check", || {
        itself(workspace)
    });
    let parts = steps.checks(workspace, itself, extent);
    finish(workspace, Screen::new(), steps.0, parts, &[])
}

/// Runs the parts, then looks for files that they left outside the target folder. It shows the last screen even if
/// something failed.
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
        // On a CI machine, only the run writes to these places.
        if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
            left.by_the_run.append(&mut left.by_anybody);
        }
        let mut files = Ended::step("files left behind", again, Duration::ZERO);
        files.fault = named(&left.by_the_run, "outside the target folder");
        ended.push(files);
        let new = "new since the run started, from the run or from another program";
        warnings.extend(named(&left.by_anybody, new));
    }
    println!("\n{}", screen.last(&ended, left_out, &warnings));
    if ended.iter().all(Ended::is_well) {
        Ok(())
    } else {
        Err(Failure::shown())
    }
}

/// Describes the number of files and lists the first ones. Returns `None` if there are none.
fn named(files: &[String], what: &str) -> Option<String> {
    let shown: Vec<_> = files.iter().take(LEFT_SHOWN).map(String::as_str).collect();
    (!files.is_empty()).then(|| format!("{} {what}: {}", files.len(), shown.join(", ")))
}

/// The tools that the tests need.
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

/// Returns the path of a copy of this program. Cargo may replace the original during the run.
fn itself(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let copy = workspace.target().join("xtask-that-runs");
    let copied = env::current_exe().and_then(|itself| {
        // A copy that another run executes cannot be overwritten, but it can be deleted.
        let _ = fs::remove_file(&copy);
        fs::copy(itself, &copy)
    });
    copied
        .map(|_| copy)
        .map_err(|error| Failure::new(format!("cannot copy this program: {error}")))
}

/// Everything that is needed to create the parts of a run.
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
    /// Returns the parts in the order in which they start.
    fn parts(&self) -> Vec<Part> {
        let workspace = self.workspace;
        let is_long = self.extent == Extent::Long;
        let mut parts = Vec::new();
        // This part comes first, because it builds the dependencies of all crates that the tests create like a user's
        // crate.
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
        parts.push(self.own(
            &["models", "--workspace"],
            "examples with real weights",
            Load::CompilesApart,
        ));
        parts.extend(self.workers_with_models());
        if self.tools.compiler.is_ok() {
            parts.push(self.own(fuzzing, "fuzzing", Load::CompilesApart));
        }
        parts.extend(self.soak());
        if is_long {
            let mut wheel = Command::new(&self.itself);
            wheel.arg("wheel");
            parts.push(Part::check("wheel", wheel, "cargo xtask wheel"));
        }
        parts
    }

    /// Returns a part that runs a command of this program, with the programs that are already built.
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

    /// Returns the tests of the templates with cargo-generate, if it is installed.
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

    /// Returns the tests of the workers that are created from the templates with a model. They need the build of the
    /// examples with real weights, so they come after it.
    fn workers_with_models(&self) -> Option<Part> {
        let program = self.tests.iter().find(|program| program.name == "new")?;
        let command = program.command(self.workspace, &["--ignored", "models::"]);
        let again = "cargo xtask models";
        Some(Part::tests(
            "workers with a model",
            command,
            again,
            Load::CompilesApart,
        ))
    }

    /// Returns the tests that count the instructions per job, if valgrind is installed.
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

    /// Describes the parts that are not run, for the last screen.
    fn left_out(&self) -> Vec<String> {
        let mut left_out = Vec::new();
        let missing = [
            ("the JavaScript client", self.programs.need_node()),
            ("page", self.programs.need_browser()),
            ("fuzzing", self.tools.compiler.clone()),
            ("instructions", self.tools.valgrind.clone().map(drop)),
            ("images in a registry", self.tools.registry.clone()),
            (
                "the S3 server, without which the tests of uploads fail",
                self.tools.s3.clone().map(drop),
            ),
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
                "the wheel, and the long forms of chaos, soak, fuzzing and clients: `cargo xtask test --long`"
                    .to_owned(),
            );
        }
        left_out
    }
}

/// Runs `cargo test --workspace --all-features ARGS` with the tools that the tests need.
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
    // Its installation takes minutes, so it is left out if one test program is named.
    let names_one = ["--test", "--bin", "--example", "--doc"];
    if !arguments.iter().any(|it| names_one.contains(it)) {
        tests.env(
            cargo_tools::S3_VARIABLE,
            cargo_tools::S3.installed(workspace)?,
        );
    }
    step::run(&step, &mut tests)?;
    println!("\nOnly the selected tests ran. `cargo xtask test` without arguments runs all tests.");
    Ok(())
}

/// Builds the programs for the tests and returns them. With `--no-build`, returns the programs that a run already
/// built.
pub(crate) fn programs(workspace: &Workspace, words: &[&str]) -> Result<Programs, Failure> {
    if words.contains(&"--no-build") {
        Programs::built(workspace, &Tools::named()?)
    } else {
        Programs::build(workspace, &Tools::installed(workspace)?)
    }
}
