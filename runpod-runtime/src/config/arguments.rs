//! The command line: the worker's own flags are taken out, the rest is the program's.
//!
//! A crate (`lexopt`, `pico-args`) would replace no more than the loop of [`Arguments::parse`]: unknown arguments stay with the
//! program as they were written, each flag has two long names (the Python SDK's, and one in kebab case), a flag that is nearly
//! right is a warning, and all faults are reported together.

use std::ffi::OsString;

use serde_json::Value;

use super::error::{Fault, found};
use super::flag_typos::nearly_right;
use super::flags::Flag;
use super::json_fault::parse_json;
use super::log_level::LogLevel;

const HOST_NAMES: &str =
    "a host name such as host.docker.internal, or a comma-separated list of them";

const ORIGINS: &str = "an origin such as http://localhost:3000, or a comma-separated list of them";

/// The command line, read.
///
/// Reading it never fails: faults are kept and come out of [`Settings::resolve`](super::Settings::resolve), together with
/// those of the environment.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each flag without a value is a `bool`"
)]
pub(crate) struct Arguments {
    /// `--help` was asked for; it wins over everything else, faults included.
    pub(crate) help: bool,
    /// The schemas of the handlers were asked for; nothing else is to be done.
    pub(crate) schema: bool,
    /// The name under which the program was started, without its directory.
    pub(crate) program: String,
    /// What is not ours, in order; the program's name and the first `--` are not in it.
    pub(crate) rest: Vec<OsString>,
    /// One for each argument that nearly spells a flag of ours. They are in [`rest`](Self::rest) all the same.
    pub(crate) warnings: Vec<String>,
    pub(super) log_level: Option<LogLevel>,
    pub(super) debugger: bool,
    pub(super) serve_api: bool,
    pub(super) api_host: Option<String>,
    pub(super) api_port: Option<u16>,
    pub(super) api_concurrency: Option<usize>,
    pub(super) api_rate_limits: bool,
    /// Raw text; what it means is known where the endpoint is.
    pub(super) api_faults: Option<String>,
    /// Raw text, as well.
    pub(super) api_allow_hosts: Vec<String>,
    pub(super) api_allow_origins: Vec<String>,
    /// Raw text; whether it is a job is found out where it is used.
    pub(super) test_input: Option<String>,
    pub(super) test_output: Option<Value>,
    pub(super) faults: Vec<Fault>,
}

impl Arguments {
    /// Reads a command line whose first item is the program's name, as [`std::env::args_os`] gives it.
    ///
    /// Values stand behind their flag or after `=`; a value that begins with `--` needs the second form. Of a flag that is
    /// given twice, the last one counts, except for flags that are lists. After `--` everything is the program's.
    pub(crate) fn parse(argv: impl IntoIterator<Item = OsString>) -> Self {
        let mut argv = argv.into_iter().peekable();
        let mut arguments = Self {
            program: program_name(argv.next().as_ref()),
            ..Self::default()
        };
        while let Some(argument) = argv.next() {
            if argument == "--" {
                arguments.rest.extend(argv);
                break;
            }
            let shown = argument.to_string_lossy();
            let (name, value_attached) = match shown.split_once('=') {
                Some((name, _)) => (name, true),
                None => (&*shown, false),
            };
            if name == "--help" || name == "-h" {
                arguments.help = true;
            } else if let Some(flag) = Flag::named(name) {
                let name = name.to_owned();
                let value = if value_attached {
                    Some(argument)
                } else if flag.placeholder().is_some() {
                    argv.next_if(|next| !next.as_encoded_bytes().starts_with(b"--"))
                } else {
                    None
                };
                arguments.take(flag, &name, value, value_attached);
            } else {
                arguments.leave(argument);
            }
        }
        arguments
    }

    /// Takes one flag of ours; `value` still has the name in front if it was attached with `=`.
    fn take(&mut self, flag: Flag, name: &str, value: Option<OsString>, attached: bool) {
        let value = match value.map(OsString::into_string) {
            Some(Ok(value)) if attached => value.split_once('=').map(|(_, value)| value.to_owned()),
            Some(Ok(value)) => Some(value),
            Some(Err(_)) => {
                self.faults
                    .push(Fault::new(name, "the value is not valid UTF-8").expected("text"));
                return;
            }
            None => None,
        };
        if let Err(fault) = self.set(flag, name, value.as_deref()) {
            self.faults.push(fault);
        }
    }

    fn set(&mut self, flag: Flag, name: &str, value: Option<&str>) -> Result<(), Fault> {
        let given = |expected: &str| {
            value.ok_or_else(|| {
                Fault::new(name, "no value was given")
                    .expected(expected)
                    .remedy(format!(
                        "write {name}={}",
                        flag.placeholder().unwrap_or_default()
                    ))
            })
        };
        match flag {
            Flag::Schema => self.schema = switch(name, value)?,
            Flag::Debugger => self.debugger = switch(name, value)?,
            Flag::ServeApi => self.serve_api = switch(name, value)?,
            Flag::ApiRateLimits => self.api_rate_limits = switch(name, value)?,
            Flag::ApiFaults => {
                let faults = given("rules as JSON, or the path of a file with rules")?;
                self.api_faults = Some(faults.to_owned());
            }
            Flag::ApiAllowHost => {
                let names = list(name, given(HOST_NAMES)?, HOST_NAMES)?;
                self.api_allow_hosts.extend(names);
            }
            Flag::ApiAllowOrigin => {
                let origins = list(name, given(ORIGINS)?, ORIGINS)?;
                self.api_allow_origins.extend(origins);
            }
            Flag::LogLevel => {
                let value = given(LogLevel::NAMES)?;
                let level = LogLevel::named(value)
                    .ok_or_else(|| Fault::new(name, found(value)).expected(LogLevel::NAMES))?;
                self.log_level = Some(level);
            }
            Flag::ApiHost => {
                let host = given("a host name or an address")?;
                if host.trim().is_empty() {
                    return Err(Fault::new(name, "the value is empty")
                        .expected("a host name or an address"));
                }
                self.api_host = Some(host.to_owned());
            }
            Flag::ApiPort => {
                let expected = "a port number from 0 to 65535 (0 means any free port)";
                self.api_port = Some(number(name, given(expected)?, expected)?);
            }
            Flag::ApiConcurrency => {
                let expected = "a whole number, 1 or greater";
                let value = given(expected)?;
                match number(name, value, expected)? {
                    0 => return Err(Fault::new(name, found(value)).expected(expected)),
                    jobs => self.api_concurrency = Some(jobs),
                }
            }
            Flag::TestInput => {
                let job = given(r#"a job as JSON, such as {"input": {"name": "World"}}"#)?;
                self.test_input = Some(job.to_owned());
            }
            Flag::TestOutput => {
                let expected = r#"a result as JSON, such as {"output": "Hello, World!"}"#;
                self.test_output = Some(parse_json(name, given(expected)?, expected)?);
            }
        }
        Ok(())
    }

    /// Leaves an argument to the program, with a warning if it nearly is a flag of ours.
    fn leave(&mut self, argument: OsString) {
        let shown = argument.to_string_lossy();
        if let Some(meant) = nearly_right(&shown) {
            // The value is not repeated: the program's arguments may be confidential.
            let name: String = shown
                .split('=')
                .next()
                .unwrap_or_default()
                .escape_debug()
                .collect();
            self.warnings.push(format!(
                "{name} is not a flag of the worker and is passed to the program; did you mean {meant}?"
            ));
        }
        self.rest.push(argument);
    }
}

fn program_name(argv0: Option<&OsString>) -> String {
    argv0
        .and_then(|path| std::path::Path::new(path).file_name())
        .map_or_else(
            || "worker".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}

/// A flag that is there or not.
fn switch(name: &str, value: Option<&str>) -> Result<bool, Fault> {
    match value {
        None => Ok(true),
        Some(value) => Err(Fault::new(name, found(value))
            .expected("no value")
            .remedy(format!("write {name} without a value, or remove it"))),
    }
}

/// Values with commas between them.
fn list(name: &str, value: &str, expected: &str) -> Result<Vec<String>, Fault> {
    let items: Vec<_> = value
        .split(',')
        .map(|item| item.trim().to_owned())
        .collect();
    if items.iter().any(String::is_empty) {
        return Err(Fault::new(name, found(value)).expected(expected));
    }
    Ok(items)
}

fn number<N: std::str::FromStr>(name: &str, value: &str, expected: &str) -> Result<N, Fault> {
    value
        .trim()
        .parse()
        .map_err(|_| Fault::new(name, found(value)).expected(expected))
}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
