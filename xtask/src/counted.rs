//! A test runner run to its end: shown as it goes, and counted.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::step::{self, Failure};
use crate::tally::Tally;

/// What a runner said, and whether it ended well. One that ended badly without a failed test did not come to its tests.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) well: bool,
}

impl Outcome {
    /// Together with what another runner of the same suite said.
    pub(crate) fn and(self, other: Self) -> Self {
        let mut tally = self.tally;
        tally += other.tally;
        Self {
            tally,
            well: self.well && other.well,
        }
    }

    /// Nothing was counted that failed, and still it did not end well.
    pub(crate) fn is_unexplained(self) -> bool {
        !self.well && self.tally.failed == 0
    }
}

/// Runs `command`, shows what it writes as it comes, and adds up the runners' closing lines.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<Outcome, Failure> {
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
    let counted = tally.passed + tally.failed > 0;
    if status.success() && !counted {
        return Err(Failure::new(format!(
            "{step}: ended well and named no test; either none was found, or the runner's closing line has changed \
             (xtask/src/tally.rs reads it)."
        )));
    }
    Ok(Outcome {
        tally,
        well: status.success(),
    })
}
