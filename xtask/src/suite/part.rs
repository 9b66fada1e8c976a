//! The parts of a run. A part is a program whose output goes into a file.

use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::step::Failure;
use crate::tally::Tally;

/// How a part uses the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// The part mostly runs cargo in the shared target folder. Only one such part runs at a time, because cargo locks the
    /// folder while it builds.
    Compiles,
    /// The part mostly runs cargo in a target folder of its own, so it runs in parallel with a part that compiles in the
    /// shared one. It runs with a low priority, so that it does not slow down tests with time limits.
    CompilesApart,
    /// The part runs programs that mostly wait for each other.
    Waits,
}

/// A part that has not run yet.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) command: Command,
    /// The command that runs only this part.
    pub(crate) again: String,
    pub(crate) load: Load,
    /// Whether the part runs tests and reports how many passed.
    pub(crate) counts: bool,
}

impl Part {
    /// Creates a part without tests, which passes or fails as a whole.
    pub(crate) fn check(name: &str, command: Command, again: &str) -> Self {
        Self {
            name: name.to_owned(),
            command,
            again: again.to_owned(),
            load: Load::Compiles,
            counts: false,
        }
    }

    /// Creates a part whose runner counts its tests.
    pub(crate) fn tests(name: &str, command: Command, again: &str, load: Load) -> Self {
        Self {
            name: name.to_owned(),
            command,
            again: again.to_owned(),
            load,
            counts: true,
        }
    }
}

/// Returns the same command with a low priority for the processor.
pub(super) fn with_low_priority(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        nice.current_dir(folder);
    }
    nice
}

/// A part that has finished.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) name: String,
    pub(crate) again: String,
    pub(crate) took: Duration,
    pub(crate) tally: Tally,
    /// The names of the failed tests, as the part's runner prints them.
    pub(crate) failed: Vec<String>,
    /// The reason for the failure, unless failed tests explain the failure.
    pub(crate) fault: Option<String>,
}

impl Ended {
    pub(crate) fn is_well(&self) -> bool {
        self.fault.is_none() && self.tally.failed == 0
    }

    /// Returns the result of a part that could not be run.
    pub(crate) fn not_run(name: &str, again: &str, took: Duration, why: &Failure) -> Self {
        Self {
            fault: Some(why.to_string()),
            ..Self::step(name, again, took)
        }
    }

    /// Returns the result of a step that ran before the parts, with its output on the terminal.
    pub(crate) fn step(name: &str, again: &str, took: Duration) -> Self {
        Self {
            name: name.to_owned(),
            again: again.to_owned(),
            took,
            tally: Tally::default(),
            failed: Vec::new(),
            fault: None,
        }
    }

    /// Determines the result from the part's output and from `bad_status`, which describes the exit status if the part
    /// failed.
    pub(crate) fn read(part: &Part, took: Duration, bad_status: Option<String>, log: &str) -> Self {
        let closings: Vec<Tally> = log.lines().filter_map(Tally::of_line).collect();
        let mut tally = Tally::default();
        for closing in &closings {
            tally += *closing;
        }
        let fault = match bad_status {
            Some(status) if tally.failed == 0 => Some(status),
            None if part.counts && closings.is_empty() => Some(
                "it succeeded, but reported no tests: either it found none, or the format of the runner's closing line \
                 has changed (xtask/src/tally.rs reads it)"
                    .to_owned(),
            ),
            _ => None,
        };
        Self {
            name: part.name.clone(),
            again: part.again.clone(),
            took,
            tally,
            failed: failed_tests(log),
            fault,
        }
    }
}

/// Returns the closing lines of test runners in a part's output.
pub(crate) fn closing_lines(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| Tally::of_line(line).is_some())
}

/// Returns the names of failed tests in the formats of libtest, pytest and Node.js.
fn failed_tests(log: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in log.lines() {
        let rust = line
            .strip_prefix("test ")
            .and_then(|line| line.strip_suffix(" ... FAILED"));
        let pytest = line
            .strip_prefix("FAILED ")
            .or_else(|| line.strip_prefix("ERROR "))
            .map(|line| line.split(" - ").next().unwrap_or(line))
            // Log lines may have the same prefix, but they do not name a Python file.
            .filter(|name| name.contains(".py"));
        // The time in milliseconds follows in brackets.
        let node = line
            .trim_start()
            .strip_prefix("✖ ")
            .and_then(|line| Some(line.rsplit_once(" (")?.0));
        if let Some(name) = rust.or(pytest).or(node) {
            let name = name.trim().to_owned();
            // Some runners print a failed test twice: when it fails, and in the summary.
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// A part that is running.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) since: Instant,
    pub(crate) load: Load,
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Ended, Load, Part, failed_tests};

    fn part() -> Part {
        Part::tests("chaos", Command::new("true"), "again", Load::Waits)
    }

    fn read(bad_status: Option<&str>, log: &str) -> Ended {
        let status = bad_status.map(str::to_owned);
        Ended::read(&part(), Duration::ZERO, status, log)
    }

    #[test]
    fn failed_tests_are_named_once_by_each_runner() {
        let log = "\
test pace::fast ... FAILED
test pace::slow ... ok
FAILED tests/test_values.py::test_nothing[ours] - AssertionError: no
ERROR tests/test_streams.py::test_items[sdk]
ERROR  | a-job | the handler failed
FAILED to connect - it tries again
  ✖ a job that was run (12.3ms)
✖ a job that was run (12.3ms)
✖ failing tests:
";
        assert_eq!(
            failed_tests(log),
            [
                "pace::fast",
                "tests/test_values.py::test_nothing[ours]",
                "tests/test_streams.py::test_items[sdk]",
                "a job that was run"
            ]
        );
    }

    #[test]
    fn a_part_is_well_only_if_it_ended_well_and_counted_tests() {
        let closing = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert!(read(None, closing).is_well());
        assert!(!read(None, "nothing").is_well());
        let crashed = read(Some("signal: 11"), closing);
        assert_eq!(crashed.fault.as_deref(), Some("signal: 11"));
    }

    #[test]
    fn failed_tests_explain_a_bad_status() {
        let closing = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        let ended = read(Some("exit status: 101"), closing);
        assert!(!ended.is_well());
        assert_eq!(ended.fault, None);
        assert_eq!(ended.tally.failed, 1);
    }
}
