//! Starts the worker in a root directory that contains only the image's files, as far as its state: until `main` has
//! returned it and the worker would take jobs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::context::PROGRAM;
use super::signals;
use crate::failure::Failure;

/// How long `main` may take. Weights of many gigabytes are read in that time.
const LONGEST: Duration = Duration::from_mins(5);

/// The number of lines of output that an error shows.
const LAST_LINES: usize = 20;

/// The line that tells that the root directory was entered. Without it, the program was never started.
const ENTERED: &str = "cargo-runpod: entering the root directory";

/// A worker logs this when `main` has returned its state and the local endpoint listens.
const SERVES: &str = "The local endpoint is at ";
/// A worker that was built without the local endpoint logs this at the same point.
const WOULD_SERVE: &str = "--rp_serve_api needs the feature `local`";

/// Gives the program what container engines give it: the folders of the kernel.
const WITH_FOLDERS: &str = r#"for folder in dev proc sys; do mount --rbind "/$folder" "$0/$folder" || exit 1; done
echo "cargo-runpod: entering the root directory"; exec "$@""#;
/// Without the right to mount, devices can be made one by one.
const WITH_DEVICES: &str = r#"mknod -m 666 "$0/dev/null" c 1 3 && mknod -m 666 "$0/dev/zero" c 1 5 && mknod -m 666 "$0/dev/urandom" c 1 9 || exit 1
echo "cargo-runpod: entering the root directory"; exec "$@""#;

/// The result of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// `main` has returned the worker's state.
    AsFarAsState,
    /// The worker answered `--help`. The reason says why no more was tried.
    Answered(String),
    /// This machine does not allow the check, for this reason.
    NotTried(String),
}

/// A program and its surroundings.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    /// The folder that becomes the root directory. The check may write into it.
    pub(super) root: &'a Path,
    pub(super) environment: &'a BTreeMap<String, String>,
    /// The reason for not running `main`, if there is one.
    pub(super) only_help: Option<String>,
}

/// How a process inside the root directory ended.
enum Ended {
    /// It printed a line that contains one of the awaited texts.
    Awaited,
    Exited(ExitStatus),
    TimedOut,
    /// The root directory could not be entered.
    Refused,
}

impl Attempt<'_> {
    pub(super) fn run(self) -> Result<Started, Failure> {
        let mut prepared = ["dev", "proc", "sys", "etc", "tmp"].into_iter();
        prepared
            .try_for_each(|folder| fs::create_dir_all(self.root.join(folder)))
            .map_err(|error| {
                Failure::new(format!("the start check could not be prepared: {error}"))
            })?;
        for file in ["etc/resolv.conf", "etc/hosts"] {
            // Container engines write these two. A machine without them is no fault of the image.
            let _ = fs::copy(Path::new("/").join(file), self.root.join(file));
        }
        let Some(unshare) = on_path("unshare") else {
            return Ok(Started::NotTried("`unshare` is not on PATH".to_owned()));
        };
        let mut refusals = Vec::new();
        let ways: [(&[&str], &str); 3] = [
            (&["unshare", "--mount", "sh", "-c"], WITH_FOLDERS),
            (
                &[
                    "unshare",
                    "--user",
                    "--map-root-user",
                    "--mount",
                    "sh",
                    "-c",
                ],
                WITH_FOLDERS,
            ),
            (&["sh", "-c"], WITH_DEVICES),
        ];
        for (way, script) in ways {
            let enter = |arguments: &[&str], awaited: &[&str]| {
                let mut command = Command::new(way[0]);
                command.args(&way[1..]).arg(script).arg(self.root);
                command.args(["env", "-i"]).args(self.variables());
                command.arg(&unshare);
                let mut root = OsString::from("--root=");
                root.push(self.root);
                command.arg(root).args(["--wd=/app", PROGRAM]);
                command.args(arguments);
                run(command, awaited)
            };
            let (ended, output) = enter(&["--help"], &[]).map_err(|error| cannot_run(&error))?;
            match ended {
                Ended::Refused => {
                    refusals.push(output.join("; "));
                    continue;
                }
                Ended::Exited(status) if status.success() => {
                    if !output.iter().any(|line| line.contains("--test_input")) {
                        return Err(Failure::new(format!(
                            "the program starts, but its answer to --help is not a worker's. Check that this is the program \
                             with #[runpod::main]. {}",
                            last_lines(&output)
                        )));
                    }
                }
                ended => return Err(failed(&ended, "does not start", &output)),
            }
            if let Some(why) = self.only_help {
                return Ok(Started::Answered(why));
            }
            let serve = [
                "--rp_serve_api",
                "--rp_api_host=127.0.0.1",
                "--rp_api_port=0",
            ];
            let (ended, output) =
                enter(&serve, &[SERVES, WOULD_SERVE]).map_err(|error| cannot_run(&error))?;
            return match ended {
                Ended::Awaited => Ok(Started::AsFarAsState),
                ended => Err(failed(&ended, "does not reach its state", &output)),
            };
        }
        Ok(Started::NotTried(refusals.join("; ")))
    }

    fn variables(&self) -> Vec<String> {
        let level = ("RUNPOD_LOG_LEVEL", "INFO");
        let image = self.environment.iter();
        let image = image.map(|(name, value)| (name.as_str(), value.as_str()));
        image
            .chain([level])
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }
}

/// Runs a command until it ends or prints a line that contains an awaited text. Returns its last lines.
fn run(mut command: Command, awaited: &[&str]) -> io::Result<(Ended, Vec<String>)> {
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the writing ends of the pipe, which has to end with the process.
    drop(command);
    let (lines, received) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        for line in BufReader::new(reader).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line).into_owned();
            if lines.send(line).is_err() {
                break;
            }
        }
    })?;
    let (mut entered, mut last) = (false, Vec::new());
    let ended = loop {
        match received.recv_timeout(LONGEST) {
            Ok(line) if line == ENTERED => entered = true,
            Ok(line) => {
                let is_awaited = awaited.iter().any(|text| line.contains(text));
                last.push(line);
                if last.len() > 10 * LAST_LINES {
                    last.remove(0);
                }
                if is_awaited {
                    break Ended::Awaited;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => break Ended::TimedOut,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait()?;
                break if entered {
                    Ended::Exited(status)
                } else {
                    Ended::Refused
                };
            }
        }
    };
    end(&mut child);
    Ok((ended, last))
}

/// Stops a process. It may have ended already.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn cannot_run(error: &io::Error) -> Failure {
    Failure::new(format!(
        "the worker could not be started for a check: {error}"
    ))
}

fn failed(ended: &Ended, what: &str, output: &[String]) -> Failure {
    let how = match ended {
        Ended::Exited(status) => match status.signal() {
            Some(signal) => signals::explained(signal),
            None if what == "does not start" => status.to_string(),
            None => {
                format!("{status}; `main` has to return its state, or the reason is in the output")
            }
        },
        _ => format!("it took longer than {} minutes", LONGEST.as_secs() / 60),
    };
    let hint = if what == "does not start" {
        ""
    } else {
        "\nIf `main` needs something that this machine does not have, such as a GPU or a network volume, pass \
         --no-state-check."
    };
    Failure::new(format!(
        "the worker {what} in a root directory with only the image's files ({how}).\n{}{hint}",
        last_lines(output)
    ))
}

fn last_lines(output: &[String]) -> String {
    if output.is_empty() {
        return "It printed nothing.".to_owned();
    }
    let from = output.len().saturating_sub(LAST_LINES);
    let lines: Vec<_> = output[from..]
        .iter()
        .map(|line| format!("  {}", line.trim_end()))
        .collect();
    format!("Its last lines:\n{}", lines.join("\n"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
