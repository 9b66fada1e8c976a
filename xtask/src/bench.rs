//! Builds and runs the benchmark that fills the table in `docs/explanation/performance.md`.

use std::process::Command;

use crate::cargo_tools::{FAST_S3, S3_VARIABLE};
use crate::python;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The benchmark is outside our workspace and has its own lock file.
pub(crate) const MANIFEST: &str = "benches/workers/Cargo.toml";

/// Builds the workers in release mode, as users do, and passes the arguments to the benchmark.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    if let ["http", arguments @ ..] = arguments {
        build(workspace, "http-bench")?;
        let mut bench = Command::new(workspace.target().join("release/http_bench"));
        return step::run("bench http", bench.args(arguments));
    }
    if let ["transfers", arguments @ ..] = arguments {
        build(workspace, "transfers-bench")?;
        let mut bench = Command::new(workspace.target().join("release/transfers_bench"));
        bench
            .args(arguments)
            .env(python::VARIABLE, python::with_the_sdk(workspace)?)
            .env(S3_VARIABLE, FAST_S3.installed(workspace)?);
        return step::run("bench transfers", &mut bench);
    }
    build(workspace, "worker-bench")?;
    if measures("runpod-sdk", arguments) {
        build(workspace, "runpod-sdk-worker")?;
    }
    let mut bench = Command::new(workspace.target().join("release/bench"));
    bench.args(arguments);
    if measures("python", arguments) {
        bench.env(python::VARIABLE, python::with_the_sdk(workspace)?);
    }
    step::run(&format!("bench {}", arguments.join(" ")), &mut bench)
}

/// Builds one package. If cargo built the packages together, they would share the features of their dependencies.
fn build(workspace: &Workspace, package: &str) -> Result<(), Failure> {
    let mut build = workspace.cargo();
    build
        .args(["build", "--release", "--manifest-path"])
        .arg(workspace.file(MANIFEST))
        .arg(format!("--package={package}"));
    step::run(&format!("cargo build --release, {package}"), &mut build)
}

/// Returns whether the arguments select this worker. A worker that is not selected is not built or installed.
fn measures(worker: &str, arguments: &[&str]) -> bool {
    if arguments.contains(&"--list") || arguments.contains(&"--help") {
        return false;
    }
    let only = arguments.iter().position(|word| *word == "--only");
    only.and_then(|index| arguments.get(index + 1))
        .is_none_or(|workers| workers.split(',').any(|asked_for| asked_for == worker))
}

#[cfg(test)]
mod tests {
    use super::measures;

    #[test]
    fn only_the_workers_that_are_asked_for_are_built_and_installed() {
        assert!(measures("python", &[]));
        assert!(measures("python", &["noop-50", "--only", "ours,python"]));
        assert!(!measures("python", &["noop-50", "--only", "ours,reqwest"]));
        assert!(!measures("runpod-sdk", &["--only", "ours", "noop"]));
        assert!(!measures("python", &["--list"]));
    }
}
