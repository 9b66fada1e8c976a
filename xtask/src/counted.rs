//! Runs a test runner, shows its output, and checks that it ran tests.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::step::{self, Failure};
use crate::tally::Tally;

/// Runs `command` and shows its output as it arrives. A runner that succeeds without running a test is an error.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<(), Failure> {
    step::announce(step);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| step::not_started(command, &error))?;
    let mut tally = Tally::default();
    let lost = |error: std::io::Error| {
        Failure::new(format!("{step}: cannot read or show its output: {error}"))
    };
    if let Some(output) = child.stdout.take() {
        let mut shown = std::io::stdout().lock();
        // The output is split as bytes, because a test may print text that is not UTF-8.
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(lost)?;
            shown
                .write_all(&line)
                .and_then(|()| shown.write_all(b"\n"))
                .map_err(lost)?;
            if let Some(more) = Tally::of_line(&String::from_utf8_lossy(&line)) {
                tally += more;
            }
        }
    }
    let status = child.wait().map_err(lost)?;
    if !status.success() {
        return Err(Failure::new(format!(
            "{step}: failed ({status}); see its messages above."
        )));
    }
    if tally.passed + tally.failed == 0 {
        return Err(Failure::new(format!(
            "{step}: succeeded, but reported no tests. Either it found none, or the format of its closing line has \
             changed (xtask/src/tally.rs reads it)."
        )));
    }
    Ok(())
}
