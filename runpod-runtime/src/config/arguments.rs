//! Parses the command line: takes the worker's own flags and leaves all other arguments to the program.
//!
//! A crate such as `lexopt` or `pico-args` would replace only the loop of [`Arguments::parse`]. The rest would stay,
//! because unknown arguments are kept as written, each flag has two long names (the Python SDK's and kebab case),
//! misspelt flags cause a warning, and all errors are reported together.

use std::ffi::OsString;

use serde_json::Value;

use super::error::{Fault, found};
use super::flag_typos::nearly_right;
use super::flags::Flag;
use super::json_fault::parse_json;
use super::log_level::LogLevel;

const HOST_NAMES: &str =
    "a host name such as host.docker.internal, or a comma-separated list of them";

const PORTS: &str = "a port number from 0 to 65535 (0 means any free port)";

const ORIGINS: &str = "an origin such as http://localhost:3000, or a comma-separated list of them";

/// The parsed command line.
///
/// Parsing never fails. Errors are collected, and [`Settings::resolve`](super::Settings::resolve) reports them
/// together with those of the environment.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each flag without a value is a `bool`"
)]
pub(crate) struct Arguments {
    /// `--help` was given. It takes precedence over everything else, including errors.
    pub(crate) help: bool,
    /// `--schema` was given: the worker prints the schemas of its handlers and exits.
    pub(crate) schema: bool,
    /// The file name of the program, without its directory.
    pub(crate) program: String,
    /// The program's own arguments, in order, without the program's name and the first `--`.
    pub(crate) rest: Vec<OsString>,
    /// A warning for each argument that looks like a misspelt worker flag. These arguments are also in
    /// [`rest`](Self::rest).
    pub(crate) warnings: Vec<String>,
    pub(super) log_level: Option<LogLevel>,
    pub(super) debugger: bool,
    pub(super) check: bool,
    pub(super) serve_api: bool,
    pub(super) api_host: Option<String>,
    pub(super) api_port: Option<u16>,
    pub(super) api_concurrency: Option<usize>,
    pub(super) api_rate_limits: bool,
    /// Unparsed text; the local endpoint parses it.
    pub(super) api_faults: Option<String>,
    /// Unparsed text; the local endpoint parses it.
    pub(super) api_allow_hosts: Vec<String>,
    pub(super) api_allow_origins: Vec<String>,
    pub(super) serve_http: bool,
    pub(super) http_port: Option<u16>,
    /// Unparsed text; [`test_job`](super::test_job) checks whether it is a job.
    pub(super) test_input: Option<String>,
    pub(super) test_output: Option<Value>,
    pub(super) faults: Vec<Fault>,
}

impl Arguments {
    /// Parses a command line whose first item is the program's name, as in [`std::env::args_os`].
    ///
    /// The value of a flag is the next argument, or follows after `=`. A value that starts with `--` needs the `=`
    /// form. If a flag is repeated, the last value counts, except for list flags. All arguments after `--` belong to
    /// the program.
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

    /// Applies one worker flag. If the value was attached with `=`, `value` still contains the flag's name.
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
            Flag::Check => self.check = switch(name, value)?,
            Flag::Debugger => self.debugger = switch(name, value)?,
            Flag::ServeApi => self.serve_api = switch(name, value)?,
            Flag::ServeHttp => self.serve_http = switch(name, value)?,
            Flag::HttpPort => self.http_port = Some(port(name, given(PORTS)?)?),
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
            Flag::ApiPort => self.api_port = Some(port(name, given(PORTS)?)?),
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

    /// Passes an argument to the program, and adds a warning if it looks like a misspelt worker flag.
    fn leave(&mut self, argument: OsString) {
        let shown = argument.to_string_lossy();
        if let Some(meant) = nearly_right(&shown) {
            // The value is not shown, because the program's arguments may be confidential.
            let name: String = shown
                .split('=')
                .next()
                .unwrap_or_default()
                .escape_debug()
                .collect();
            self.warnings.push(format!(
                "{name} is not a worker flag and is passed to the program; did you mean {meant}?"
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

/// Parses a flag that takes no value.
fn switch(name: &str, value: Option<&str>) -> Result<bool, Fault> {
    match value {
        None => Ok(true),
        Some(value) => Err(Fault::new(name, found(value))
            .expected("no value")
            .remedy(format!("write {name} without a value, or remove it"))),
    }
}

/// Parses a comma-separated list.
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

fn port(name: &str, value: &str) -> Result<u16, Fault> {
    number(name, value, PORTS)
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
