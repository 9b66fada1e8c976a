//! Coverage-guided fuzzing of all parsers of untrusted input.
//!
//! The pinned stable toolchain is enough, because libFuzzer needs only instrumentation from rustc, and the flags for
//! the instrumentation are stable. Inputs that the fuzzer finds are stored under the target folder. Inputs that are
//! worth keeping belong in `fuzz/corpus`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::debian;
use crate::step::{self, Failure};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The fuzz targets. Each is a program of `fuzz/` that parses its input as one kind of data.
const TARGETS: [&str; 12] = [
    "take_answer",
    "stop_answer",
    "retry_after",
    "spool_file",
    "url_template",
    "arguments",
    "environment",
    "redaction",
    "file_name",
    "archive",
    "volume_manifest",
    "volume_archive",
];

/// The default time for each target.
const SECONDS: u32 = 60;

/// The compiler flags that show libFuzzer which code an input reaches, and with which values the code compares it.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Fuzzes the named targets, or all of them if none is named, each for `--seconds N`. With `--merge`, it fuzzes
/// nothing. Instead, it adds inputs that earlier runs found to the kept corpora: as few as possible that reach the
/// same code.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let wanted = Wanted::read(arguments)?;
    let programs = build(workspace)?;
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for target in &wanted.targets {
        let room = Room::of(workspace, &programs, target)?;
        if wanted.merge {
            room.merge()?;
        } else if room.fuzz(wanted.seconds)? {
            println!("test fuzzing {target} ... ok");
            tally.passed += 1;
        } else {
            println!("test fuzzing {target} ... FAILED");
            tally.failed += 1;
            failed.push(*target);
        }
    }
    if !wanted.merge {
        println!("{tally}");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "fuzzing found a failure in {}. The messages above name the input; `target/fuzz/…/release/TARGET INPUT` \
             repeats the failure.",
            failed.join(", ")
        )))
    }
}

struct Wanted {
    targets: Vec<&'static str>,
    seconds: u32,
    merge: bool,
}

impl Wanted {
    fn read(arguments: &[&str]) -> Result<Self, Failure> {
        let mut wanted = Self {
            targets: Vec::new(),
            seconds: SECONDS,
            merge: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match *word {
                "--merge" => wanted.merge = true,
                "--seconds" => {
                    let given = words.next().and_then(|seconds| seconds.parse().ok());
                    wanted.seconds = given
                        .ok_or_else(|| Failure::new("fuzz: --seconds needs a whole number"))?;
                }
                name => match TARGETS.iter().find(|target| **target == name) {
                    Some(target) => wanted.targets.push(target),
                    None => {
                        return Err(Failure::new(format!(
                            "fuzz: there is no target `{name}`; name one or more of {}.",
                            TARGETS.join(", ")
                        )));
                    }
                },
            }
        }
        if wanted.targets.is_empty() {
            wanted.targets = TARGETS.to_vec();
        }
        Ok(wanted)
    }
}

/// Builds all targets and returns the folder of their programs.
fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    with_a_compiler()?;
    let folder = workspace.target().join("fuzz");
    let host = host()?;
    let mut build = workspace.cargo();
    build
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(workspace.file("fuzz/Cargo.toml"))
        // With `--target`, cargo builds build scripts and macros without the instrumentation.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", INSTRUMENTATION);
    step::run("cargo build, the fuzz targets", &mut build)?;
    Ok(folder.join(host).join("release"))
}

/// Checks that there is a C++ compiler, which builds libFuzzer from source. Installs a compiler if possible.
pub(crate) fn with_a_compiler() -> Result<(), Failure> {
    let is_there =
        || step::capture(Command::new("c++").arg("--version")).is_ok_and(|it| it.status.success());
    if is_there() || std::env::var_os("CXX").is_some() {
        return Ok(());
    }
    let how = "fuzzing needs a C++ compiler, and there is no `c++` on PATH. Install one from your system's packages \
               (on Debian: `apt-get install g++`), or set CXX to its path.";
    if !debian::may_install() {
        return Err(Failure::new(how));
    }
    debian::install("g++").map_err(|failure| Failure::new(format!("{failure}\n{how}")))
}

/// Returns the target triple of this machine.
fn host() -> Result<String, Failure> {
    let output = step::capture(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let host = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !host.is_empty() {
        Ok(host)
    } else {
        Err(Failure::new(
            "`rustc --print host-tuple` failed or printed nothing",
        ))
    }
}

/// The program of one target, and the folders of its inputs.
struct Room {
    program: PathBuf,
    target: &'static str,
    found: PathBuf,
    kept: PathBuf,
}

impl Room {
    fn of(workspace: &Workspace, programs: &Path, target: &'static str) -> Result<Self, Failure> {
        let found = workspace.target().join("fuzz/found").join(target);
        fs::create_dir_all(&found)
            .map_err(|error| Failure::new(format!("cannot make {}: {error}", found.display())))?;
        Ok(Self {
            program: programs.join(target),
            target,
            found,
            kept: workspace.file("fuzz/corpus").join(target),
        })
    }

    /// Returns `false` if the fuzzer found an input that fails.
    fn fuzz(&self, seconds: u32) -> Result<bool, Failure> {
        step::announce(&format!("fuzzing {} for {seconds} s", self.target));
        let mut command = Command::new(&self.program);
        command
            .args([&self.found, &self.kept])
            .arg(format!("-max_total_time={seconds}"))
            .args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024"])
            .arg(format!("-artifact_prefix={}-", self.found.display()))
            .stdout(Stdio::null());
        let output = step::capture(&mut command)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let statistic = |name: &str| {
            let lines = said.lines();
            let mut values =
                lines.filter_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            values
                .next()
                .map_or("?", |value| value.trim_start_matches(':').trim())
        };
        println!(
            "{}: {} executions, {} a second, {} new inputs, {} MB",
            self.target,
            statistic("number_of_executed_units"),
            statistic("average_exec_per_sec"),
            statistic("new_units_added"),
            statistic("peak_rss_mb"),
        );
        if !output.status.success() {
            eprintln!("{said}");
        }
        Ok(output.status.success())
    }

    fn merge(&self) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.arg("-merge=1").args([&self.kept, &self.found]);
        step::run(&format!("the corpus of {}", self.target), &mut command)
    }
}
