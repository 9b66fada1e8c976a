//! Builds the program: by default one that needs only the kernel of the system it runs on.

use std::io::{self, BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::selection::Worker;

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

/// A program that cargo has built.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) program: PathBuf,
    /// The folders in which build scripts look for libraries.
    pub(super) linked: Vec<PathBuf>,
}

/// Builds the worker, shows cargo's output as it arrives, and returns the program.
pub(super) fn built(worker: &Worker, profile: &str, is_dynamic: bool) -> Result<Built, Failure> {
    let target = if is_dynamic { only_here()? } else { target()? };
    let how = if is_dynamic {
        "with shared libraries"
    } else {
        "statically linked"
    };
    // If nobody reads stderr, the build continues anyway.
    let _ = writeln!(io::stderr(), "Building {} for {target}, {how}", worker.name);
    let mut build = worker.cargo("rustc");
    build.args(["--profile", profile]);
    if target != GNU {
        build.args(["--target", target]);
    }
    // These flags apply only to the worker's own crate, so the user's other flags and built dependencies stay valid.
    build.arg("--").args(["-C", "strip=symbols"]);
    if !is_dynamic {
        build.args(["-C", "target-feature=+crt-static"]);
    }
    build.stdin(Stdio::null()).stdout(Stdio::piped());
    let not_run =
        |error: std::io::Error| Failure::new(format!("`cargo rustc` could not be run: {error}"));
    let mut build = build.spawn().map_err(not_run)?;
    let (mut program, mut linked) = (None, Vec::new());
    if let Some(messages) = build.stdout.take() {
        for line in BufReader::new(messages).lines() {
            let line = line.map_err(not_run)?;
            program = worker.executable(&line).or(program);
            linked.extend(Worker::linked_folders(&line));
        }
    }
    let status = build.wait().map_err(not_run)?;
    if !status.success() {
        let remedy = if is_dynamic {
            ""
        } else {
            ". A worker that needs system libraries, such as CUDA's, cannot be linked statically: name a base image that \
             has them with --base"
        };
        return Err(Failure::new(format!(
            "the worker did not build ({status}); see the errors above{remedy}"
        )));
    }
    let program = program.ok_or_else(|| {
        Failure::new("cargo built the worker but did not report the program's path")
    })?;
    Ok(Built { program, linked })
}

/// Returns this system's own target, which is the only one for which it has shared libraries.
fn only_here() -> Result<&'static str, Failure> {
    if cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        return Ok(GNU);
    }
    Err(Failure::new(
        "a program with shared libraries can be built only on x86-64 Linux with the GNU C library. Build there, or in a \
         container with such a system, or build a static program with --static",
    ))
}

/// Returns the target to build for: musl if this machine can build for it, because musl is made for static linking.
/// Otherwise the target is this system's own GNU target, whose C library can also be linked statically.
fn target() -> Result<&'static str, Failure> {
    if has_standard_library(MUSL) && has_musl_compiler() {
        return Ok(MUSL);
    }
    if cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        return Ok(GNU);
    }
    Err(Failure::new(format!(
        "this machine cannot build for x86-64 Linux. Run `rustup target add {MUSL}` and install a C compiler for it \
         (set CC_x86_64_unknown_linux_musl, or put `x86_64-linux-musl-gcc` on PATH)"
    )))
}

fn has_standard_library(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output();
    answer.is_ok_and(|answer| {
        let folder = String::from_utf8_lossy(&answer.stdout);
        answer.status.success() && PathBuf::from(folder.trim()).is_dir()
    })
}

/// Tells whether there is a C compiler for musl. ring, which provides TLS, contains C code.
fn has_musl_compiler() -> bool {
    let is_named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let runs = |program| Command::new(program).arg("--version").output().is_ok();
    is_named("CC_x86_64_unknown_linux_musl")
        || ["musl-gcc", "x86_64-linux-musl-gcc"].into_iter().any(runs)
}
