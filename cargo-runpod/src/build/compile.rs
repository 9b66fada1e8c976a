//! A program that needs nothing of the system that it runs on but the kernel.

use std::io::{self, BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::selection::Worker;

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

/// Builds it, with cargo's words shown as they come, and says where it is.
pub(super) fn statically(worker: &Worker, profile: &str) -> Result<PathBuf, Failure> {
    let target = target()?;
    // Where nobody reads it, the build goes on.
    let _ = writeln!(
        io::stderr(),
        "Building {} for {target}, statically linked",
        worker.name
    );
    let mut build = worker.cargo("rustc");
    build.args(["--profile", profile]);
    if target != GNU {
        build.args(["--target", target]);
    }
    build
        .arg("--")
        // For this crate alone, which is linked: other flags of the user's stay, and so do dependencies that are built.
        .args(["-C", "target-feature=+crt-static", "-C", "strip=symbols"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let not_run =
        |error: std::io::Error| Failure::new(format!("`cargo rustc` could not be run: {error}"));
    let mut build = build.spawn().map_err(not_run)?;
    let mut program = None;
    if let Some(messages) = build.stdout.take() {
        for line in BufReader::new(messages).lines() {
            let line = line.map_err(not_run)?;
            program = worker.executable(&line).or(program);
        }
    }
    let status = build.wait().map_err(not_run)?;
    if !status.success() {
        return Err(Failure::new(format!(
            "the worker did not build ({status}); what is wrong is said above. A worker that needs libraries of the system \
             (CUDA, for example) cannot be linked statically: make its image with a Dockerfile that builds it, as those \
             of `cargo runpod new` do"
        )));
    }
    program.ok_or_else(|| Failure::new("cargo built the worker and did not say where it is"))
}

/// musl where it can be built for, since it is made for this; else the GNU library of this very system, whose static variant
/// serves as well.
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
        "there is no way to build for x86-64 Linux on this machine. `rustup target add {MUSL}` and a C compiler for it \
         (named by CC_x86_64_unknown_linux_musl, or `x86_64-linux-musl-gcc` on PATH) give one"
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

/// ring, which does the TLS, has parts in C.
fn has_musl_compiler() -> bool {
    let is_named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let runs = |program| Command::new(program).arg("--version").output().is_ok();
    is_named("CC_x86_64_unknown_linux_musl")
        || ["musl-gcc", "x86_64-linux-musl-gcc"].into_iter().any(runs)
}
