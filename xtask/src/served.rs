//! Local endpoints and workers as processes, which are killed when they are dropped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::step::{self, Failure};

/// How long a program may take until it prints the next line that the caller waits for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The names of all variables that a worker needs.
const VARIABLES: [&str; 7] = [
    "RUNPOD_WEBHOOK_GET_JOB",
    "RUNPOD_WEBHOOK_POST_OUTPUT",
    "RUNPOD_WEBHOOK_POST_STREAM",
    "RUNPOD_WEBHOOK_PING",
    "RUNPOD_PING_INTERVAL",
    "RUNPOD_AI_API_KEY",
    "RUNPOD_POD_ID",
];

/// A local endpoint.
#[derive(Debug)]
pub(crate) struct Served {
    process: Process,
    url: String,
}

impl Served {
    /// Starts a local endpoint and waits until it prints its address.
    pub(crate) fn start(name: &str, command: Command, room: &Path) -> Result<Self, Failure> {
        let mut process = Process::start(name, command, room)?;
        let url = process.wait_for(address)?;
        Ok(Self { process, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the variables that the endpoint prints for workers.
    pub(crate) fn worker_environment(&mut self) -> Result<Vec<(String, String)>, Failure> {
        self.process.wait_for(|lines| {
            let found: Vec<_> = lines.iter().flat_map(|line| variables(line)).collect();
            let is_there = |needed: &&str| found.iter().any(|(name, _)| name == needed);
            VARIABLES.iter().all(is_there).then_some(found)
        })
    }
}

/// A running program, whose output goes into a log file with its name.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Vec<String>,
    more: Receiver<String>,
}

impl Process {
    pub(crate) fn start(name: &str, mut command: Command, room: &Path) -> Result<Self, Failure> {
        let lost =
            |error: std::io::Error| Failure::new(format!("{name}: cannot create its log: {error}"));
        let log = File::create(room.join(format!("{name}.log"))).map_err(lost)?;
        for (variable, _) in std::env::vars_os() {
            // With the platform's variables, a program would connect to the platform.
            if variable.to_string_lossy().starts_with("RUNPOD_") && !is_set(&command, &variable) {
                command.env_remove(variable);
            }
        }
        let mut child = command
            // The SDK's built-in checks depend on the machine.
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .current_dir(room)
            // A killed worker leaves its results in its own folder, for the next worker there. The results must not
            // get onto this machine's network volume or to a worker of another run.
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("TMPDIR", room)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().map_err(lost)?)
            .spawn()
            .map_err(|error| step::not_started(&command, &error))?;
        let (sender, more) = channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || read(output, log, &sender));
        }
        Ok(Self {
            name: name.to_owned(),
            child,
            lines: Vec::new(),
            more,
        })
    }

    /// Waits until `found` returns something for all lines so far.
    fn wait_for<T>(&mut self, found: impl Fn(&[String]) -> Option<T>) -> Result<T, Failure> {
        loop {
            if let Some(found) = found(&self.lines) {
                return Ok(found);
            }
            let line = self.more.recv_timeout(PATIENCE).map_err(|error| {
                Failure::new(format!(
                    "{}: it did not print its address or its variables: {error}. It printed:\n{}",
                    self.name,
                    self.lines.join("\n")
                ))
            })?;
            self.lines.push(line);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The exit status does not matter here, and the process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_set(command: &Command, variable: &std::ffi::OsStr) -> bool {
    command
        .get_envs()
        .any(|(name, value)| name == variable && value.is_some())
}

/// Reads the output to its end, even if nobody waits for lines any more: a full pipe would block the program.
fn read(output: impl Read, mut log: File, lines: &Sender<String>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // The log may be impossible to write, and the receiver may be gone. Neither is an error here.
        let _ = writeln!(log, "{line}");
        let _ = lines.send(line);
    }
}

/// Finds the address that an endpoint prints when it listens.
fn address(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (_, after) = line.split_once("http://")?;
        let part_of_it =
            |character: char| matches!(character, '.' | ':') || character.is_ascii_alphanumeric();
        let authority = after.split(|character| !part_of_it(character)).next()?;
        // The sentence's punctuation may follow the address.
        let authority = authority.trim_end_matches(['.', ':']);
        let (_, port) = authority.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        Some(format!("http://{authority}"))
    })
}

/// Returns each `NAME='value'`, the form that a shell reads.
fn variables(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find("RUNPOD_") {
        rest = &rest[start..];
        let Some((name, after)) = rest.split_once("='") else {
            break;
        };
        let Some((value, after)) = after.split_once('\'') else {
            break;
        };
        if name.chars().all(|it| it == '_' || it.is_ascii_uppercase()) {
            found.push((name.to_owned(), value.to_owned()));
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{address, variables};

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn the_address_is_found_in_a_sentence() {
        for line in [
            "The local endpoint is at http://127.0.0.1:8000: open it in a browser.",
            "http://127.0.0.1:8000",
            "at http://127.0.0.1:8000/v2/local.",
        ] {
            let address = address(&lines(&["starting", line]));
            assert_eq!(address.as_deref(), Some("http://127.0.0.1:8000"), "{line}");
        }
        assert_eq!(address(&lines(&["no address", "http://example"])), None);
    }

    #[test]
    fn variables_are_found_on_one_line_or_several() {
        let expected = [
            (
                "RUNPOD_WEBHOOK_PING".to_owned(),
                "http://h/ping/$RUNPOD_POD_ID".to_owned(),
            ),
            ("RUNPOD_PING_INTERVAL".to_owned(), "1000".to_owned()),
        ];
        let line = "attach with: RUNPOD_WEBHOOK_PING='http://h/ping/$RUNPOD_POD_ID' RUNPOD_PING_INTERVAL='1000'";
        assert_eq!(variables(line), expected);
        assert_eq!(
            variables("  export RUNPOD_PING_INTERVAL='1000'"),
            expected[1..]
        );
        assert_eq!(variables("set the RUNPOD_* variables"), []);
    }
}
