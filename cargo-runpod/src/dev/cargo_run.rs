//! The way in which `cargo run` starts a program: its environment, its first argument, and its runner if cargo's
//! configuration has one.
//!
//! The environment has many sources: `[env]` in several configuration files, the variables `CARGO_…`, variables that
//! build scripts set, and library paths. So cargo itself is asked: `cargo run` starts this tool as the runner of the
//! program, and the tool prints the environment that it gets ([`Shown`]). The environment stays in memory, because it
//! may contain keys.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::process::Stdio;

use cargo_config2::{Config, TargetTriple};
use clap::Args;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::group::Group;
use super::profile::Profile;
use crate::failure::Failure;
use crate::selection::Worker;

/// The hidden command that serves as the runner.
pub(crate) const COMMAND: &str = "__show-environment";

/// The arguments of [`COMMAND`].
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The program, as cargo calls it, and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<OsString>,
}

impl Shown {
    /// Prints the name of the program and all variables. A NUL byte ends each of them, because none of them can
    /// contain one.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        let mut text = Vec::new();
        text.extend(self.program.first().map_or(&b""[..], |it| it.as_bytes()));
        text.push(0);
        for (name, value) in std::env::vars_os() {
            text.extend(name.as_bytes());
            text.push(b'=');
            text.extend(value.as_bytes());
            text.push(0);
        }
        io::stdout()
            .write_all(&text)
            .map_err(|error| Failure::new(format!("cannot print the environment: {error}")))
    }
}

/// The way in which `cargo run` starts a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CargoRun {
    /// The program as cargo calls it, for example `target/debug/hello`.
    pub(super) name: OsString,
    pub(super) environment: Vec<(OsString, OsString)>,
    /// The program that starts this one, with its arguments. Usually empty.
    pub(super) runner: Vec<OsString>,
}

impl CargoRun {
    /// Asks cargo about a worker that has just been built. Returns `None` if `ended` resolves first. In every case no
    /// process is left.
    pub(super) async fn of(
        worker: &Worker,
        profile: &Profile,
        ended: impl Future,
    ) -> Result<Option<Self>, String> {
        let (target, runner) = target_and_runner()?;
        let mut command = Command::from(worker.plain_cargo("run"));
        command
            .args(profile.flags())
            .args(["--quiet", "--config", &ourselves_as_runner_of(&target)?])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let cannot = |error: io::Error| format!("cannot start `cargo run`: {error}");
        let mut cargo = Group::spawn(&mut command).await.map_err(cannot)?;
        let mut out = cargo
            .child()
            .stdout
            .take()
            .ok_or("the output of `cargo run` is not a pipe")?;
        let mut text = Vec::new();
        tokio::select! {
            read = out.read_to_end(&mut text) => {
                read.map_err(|error| format!("cannot read the output of `cargo run`: {error}"))?;
            }
            _ = ended => {
                cargo.terminate_all();
                let _ = cargo.ended().await;
                return Ok(None);
            }
        }
        let status = cargo.ended().await.map_err(cannot)?;
        let run = Self::parse(&text, runner).filter(|_| status.success());
        run.map(Some).ok_or_else(|| {
            format!("`cargo run` did not tell how it starts the program: {status}")
        })
    }

    fn parse(text: &[u8], runner: Vec<OsString>) -> Option<Self> {
        let mut parts = text.strip_suffix(b"\0")?.split(|byte| *byte == 0);
        let name = os(parts.next().filter(|name| !name.is_empty())?);
        let variables = parts.filter_map(|variable| {
            // On some systems a name may start with `=`.
            let end = 1 + variable.get(1..)?.iter().position(|byte| *byte == b'=')?;
            Some((os(&variable[..end]), os(&variable[end + 1..])))
        });
        let mut environment: Vec<_> = variables.collect();
        // The order means nothing, and two environments are compared.
        environment.sort();
        Some(Self {
            name,
            environment,
            runner,
        })
    }

    /// Adds variables. A variable that this process has in its own environment keeps its value.
    pub(super) fn with(&self, variables: &[(String, String)]) -> Self {
        let mut run = self.clone();
        for (name, value) in variables {
            if std::env::var_os(name).is_none() {
                run.environment.retain(|(other, _)| other != name.as_str());
                run.environment.push((name.into(), value.into()));
            }
        }
        run.environment.sort();
        run
    }

    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let mut variables = self.environment.iter();
        let (_, value) = variables.find(|(other, _)| other == name)?;
        Some(value)
    }
}

fn os(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_owned())
}

/// Returns the target that cargo builds for, and the runner for it in cargo's configuration.
fn target_and_runner() -> Result<(TargetTriple, Vec<OsString>), String> {
    let cannot = |error: cargo_config2::Error| format!("cannot read cargo's configuration: {error}");
    let config = Config::load().map_err(cannot)?;
    let targets = config.build_target_for_config::<[&str; 0], _>([]);
    let target = targets.map_err(cannot)?.into_iter().next();
    let target = target.ok_or("cargo's configuration names no target")?;
    let runner = config.runner(&target).map_err(cannot)?;
    let runner = runner.map_or_else(Vec::new, |runner| {
        let path = runner.path.into_os_string();
        std::iter::once(path).chain(runner.args).collect()
    });
    Ok((target, runner))
}

/// Returns the setting that makes this tool the runner of programs for `target`.
fn ourselves_as_runner_of(target: &TargetTriple) -> Result<String, String> {
    let tool = std::env::current_exe()
        .map_err(|error| format!("cannot find the path of this program: {error}"))?;
    let tool = tool
        .to_str()
        .ok_or_else(|| format!("the path of this program is not UTF-8: {}", tool.display()))?;
    // A string of JSON is a string of TOML, too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    Ok(format!(
        "target.{}.runner=[{}, {}]",
        quoted(target.triple()),
        quoted(tool),
        quoted(COMMAND)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_may_contain_everything_but_nul() {
        let text = b"target/debug/a b\0A=1=2\n\0B=\xff\0C=\0";
        let run = CargoRun::parse(text, Vec::new()).expect("a whole answer");
        assert_eq!(run.name, "target/debug/a b");
        assert_eq!(run.variable("A"), Some(OsStr::new("1=2\n")));
        assert_eq!(run.variable("B"), Some(OsStr::from_bytes(b"\xff")));
        assert_eq!(run.variable("C"), Some(OsStr::new("")));
        assert_eq!(run.environment.len(), 3);
    }

    #[test]
    fn an_answer_that_was_cut_off_does_not_count() {
        for text in [&b""[..], b"\0", b"target/debug/a\0A=1"] {
            assert_eq!(CargoRun::parse(text, Vec::new()), None);
        }
    }
}
