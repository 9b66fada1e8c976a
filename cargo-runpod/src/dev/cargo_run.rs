//! The way in which `cargo run` starts a program: its environment, its first argument, and its runner if cargo's
//! configuration has one.
//!
//! The environment has many sources: `[env]` in several configuration files, the variables `CARGO_…`, variables that
//! build scripts set, and library paths. So cargo itself is asked: in `cargo run`, this tool is the runner of the
//! program, and prints the environment that it gets ([`Shown`]). The environment stays in memory, because it may contain
//! keys.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use cargo_config2::Config;
use clap::Args;

use crate::failure::Failure;

/// The hidden command that is the runner. Cargo shows its name: `Running cargo-runpod dev-worker target/debug/hello`.
pub(crate) const COMMAND: &str = "dev-worker";

/// The arguments of [`COMMAND`].
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The program, as cargo calls it
    program: OsString,
}

impl Shown {
    /// Prints the name of the program and all variables. A NUL byte ends each of them, because none of them can
    /// contain one.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        let mut text = Vec::from(self.program.as_bytes());
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

/// The runner of programs in cargo's configuration, and the setting that replaces it.
#[derive(Debug)]
pub(super) struct Runner {
    /// The program that starts others, with its arguments. Usually empty.
    command: Vec<OsString>,
    /// The value of cargo's flag `--config`, with which cargo runs [`COMMAND`] instead.
    pub(super) setting: String,
}

impl Runner {
    pub(super) fn find() -> Result<Self, String> {
        let tool = this_program()?;
        let (target, command) =
            configured().map_err(|error| format!("cannot read cargo's configuration: {error}"))?;
        // A string of JSON is a string of TOML, too.
        let [target, tool, name] =
            [&target, &tool, COMMAND].map(|text| serde_json::Value::from(text).to_string());
        Ok(Self {
            command,
            setting: format!("target.{target}.runner=[{tool}, {name}]"),
        })
    }
}

/// Returns a path that starts this program, even if another version has been installed since.
fn this_program() -> Result<String, String> {
    let mut tool = std::env::current_exe()
        .map_err(|error| format!("cannot find the path of this program: {error}"))?;
    if cfg!(target_os = "linux") && !tool.exists() {
        tool = format!("/proc/{}/exe", std::process::id()).into();
    }
    tool.into_os_string()
        .into_string()
        .map_err(|tool| format!("the path of this program is not UTF-8: {}", tool.display()))
}

/// Returns the target that cargo builds for, and the runner for it.
fn configured() -> Result<(String, Vec<OsString>), cargo_config2::Error> {
    let config = Config::load()?;
    let targets = config.build_target_for_config::<[&str; 0], _>([])?;
    let Some(target) = targets.first() else {
        return Ok((config.host_triple()?.to_owned(), Vec::new()));
    };
    let runner = config.runner(target)?.map_or_else(Vec::new, |runner| {
        let path = runner.path.into_os_string();
        std::iter::once(path).chain(runner.args).collect()
    });
    Ok((target.triple().to_owned(), runner))
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
    /// Parses the output of [`COMMAND`]. Returns `None` if it is not complete.
    pub(super) fn parse(text: &[u8], runner: &Runner) -> Option<Self> {
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
            runner: runner.command.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn no_runner() -> Runner {
        Runner {
            command: Vec::new(),
            setting: String::new(),
        }
    }

    #[test]
    fn variables_may_contain_everything_but_nul() {
        let text = b"target/debug/a b\0A=1=2\n\0B=\xff\0C=\0";
        let run = CargoRun::parse(text, &no_runner()).expect("a whole answer");
        assert_eq!(run.name, "target/debug/a b");
        assert_eq!(run.variable("A"), Some(OsStr::new("1=2\n")));
        assert_eq!(run.variable("B"), Some(OsStr::from_bytes(b"\xff")));
        assert_eq!(run.variable("C"), Some(OsStr::new("")));
        assert_eq!(run.environment.len(), 3);
    }

    #[test]
    fn an_answer_that_was_cut_off_does_not_count() {
        for text in [&b""[..], b"\0", b"target/debug/a\0A=1"] {
            assert_eq!(CargoRun::parse(text, &no_runner()), None);
        }
    }
}
