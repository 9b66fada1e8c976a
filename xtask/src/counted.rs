//! A test runner run to its end: shown as it goes, and seen to have counted tests.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::step::{self, Failure};
use crate::tally::Tally;

/// Runs `command` and shows what it writes as it comes. One that ends well without a test has found none.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<(), Failure> {
    step::announce(step);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| step::not_started(command, &error))?;
    let mut tally = Tally::default();
    let lost =
        |error: std::io::Error| Failure::new(format!("{step}: its output was lost: {error}"));
    if let Some(output) = child.stdout.take() {
        let mut shown = std::io::stdout().lock();
        // By bytes: a test may print what is not UTF-8.
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
            "{step}: failed ({status}); its messages are above."
        )));
    }
    if tally.passed + tally.failed == 0 {
        return Err(Failure::new(format!(
            "{step}: ended well and named no test; either none was found, or the runner's closing line has changed \
             (xtask/src/tally.rs reads it)."
        )));
    }
    Ok(())
}
