//! `cargo runpod doctor`: checks this machine and this project, and says how to repair each defect.

mod compiler;
mod finding;
mod gpu;
mod key;
mod port;
mod programs;
mod project;
mod registry;
mod rust;

use std::io::{self, Write as _};
use std::num::NonZeroU16;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use crate::threads;
use finding::{Finding, Level};

/// Check this machine and project: toolchain, API key, registry login, manifest, port and GPU
///
/// Each line is ok, a warning or a problem. A warning concerns only some commands. The command changes nothing, and
/// sends nothing to Runpod or to a registry.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 no problem, 1 at least one problem, 2 wrong usage")]
pub(crate) struct Arguments {
    /// The image that you want to push, such as docker.io/ada/hello:1; its registry needs a login
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// The port for `cargo runpod dev`
    #[arg(long, default_value_t = port::USUAL)]
    port: NonZeroU16,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let findings = threads::runtime(&mut builder, 0)?.block_on(examine(arguments));
    let text = finding::table(&findings);
    let problems = count(&findings, Level::Problem);
    let warnings = count(&findings, Level::Warning);
    let summary = format!(
        "{problems} {}, {warnings} {}",
        if problems == 1 { "problem" } else { "problems" },
        if warnings == 1 { "warning" } else { "warnings" }
    );
    // If nobody reads stdout, the exit code still reports the result.
    let _ = writeln!(io::stdout(), "{text}\n{summary}");
    Ok(if problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(arguments: &Arguments) -> Vec<Finding> {
    let mut findings = vec![rust::toolchain().await];
    findings.push(rust::linker().await);
    findings.push(compiler::c().await);
    findings.push(compiler::musl().await);
    findings.push(key::of_runpod());
    findings.push(registry::login(arguments.image.as_deref()).await);
    findings.push(project::manifest());
    findings.push(port::of_dev(arguments.port));
    findings.push(gpu::driver().await);
    findings
}

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|it| it.level == level).count()
}
