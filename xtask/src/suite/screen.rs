//! The terminal output of a run: a line for each finished part, the running parts while none finishes, and a final
//! table.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::part::{Ended, Running, closing_lines};
use crate::tally::Tally;

/// The terminal.
#[derive(Debug)]
pub(crate) struct Screen {
    begun: Instant,
    parts: usize,
    ended: usize,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            parts: 0,
            ended: 0,
        }
    }

    pub(crate) fn begin(&mut self, parts: usize) {
        self.parts = parts;
        eprintln!(
            "\n==> {parts} parts, several at a time; the output of a part is shown if it fails"
        );
    }

    /// Shows a finished part: its whole output if it failed, otherwise the closing lines of its test runners.
    pub(crate) fn ended(&mut self, part: &Ended, log: &str) {
        self.ended += 1;
        let state = if part.is_well() { "ok" } else { "FAILED" };
        let counted = counted(part);
        println!(
            "[{}/{} {}] {state} {}{}{counted} ({})",
            self.ended,
            self.parts,
            time(self.begun.elapsed()),
            part.name,
            if counted.is_empty() { "" } else { ": " },
            time(part.took),
        );
        if part.is_well() {
            for line in closing_lines(log) {
                println!("  {}", line.trim());
            }
        } else {
            println!("{}\n--- end of {}", log.trim_end(), part.name);
        }
    }

    /// Shows the running parts if no part has finished for a while.
    pub(crate) fn waits(&self, running: &[Running]) {
        let names: Vec<_> = running
            .iter()
            .map(|part| format!("{} ({})", part.name, time(part.since.elapsed())))
            .collect();
        println!(
            "[{}/{} {}] running: {}",
            self.ended,
            self.parts,
            time(self.begun.elapsed()),
            names.join(", ")
        );
    }

    /// Returns the text of the last screen.
    pub(crate) fn last(&self, ended: &[Ended], left_out: &[String], warnings: &[String]) -> String {
        last(ended, left_out, warnings, self.begun.elapsed())
    }
}

/// Lists each part with its time, then each failure with the command that repeats it. The last line contains only the
/// totals.
fn last(ended: &[Ended], left_out: &[String], warnings: &[String], took: Duration) -> String {
    let mut text = String::new();
    let width = ended.iter().map(|part| part.name.len()).max().unwrap_or(0);
    let mut sum = Tally::default();
    for part in ended {
        sum += part.tally;
        // A failure that no failed test explains counts as one failed test.
        sum.failed += u32::from(part.fault.is_some());
        let state = if part.is_well() { "ok    " } else { "FAILED" };
        let line = format!(
            "{:>8}  {state}  {:width$}  {}",
            time(part.took),
            part.name,
            counted(part)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for part in left_out {
        let _ = writeln!(text, "{:>8}  {:6}  {part}", "", "-");
    }
    for warning in warnings {
        let _ = writeln!(text, "\nWarning: {warning}");
    }
    let failed: Vec<_> = ended.iter().filter(|part| !part.is_well()).collect();
    if !failed.is_empty() {
        let _ = writeln!(
            text,
            "\nFailed parts, each with the command that repeats it:"
        );
    }
    for part in failed {
        let _ = writeln!(text, "  {}    {}", part.name, part.again);
        for name in part.failed.iter().chain(&part.fault) {
            let _ = writeln!(text, "    {name}");
        }
    }
    let _ = writeln!(text, "\ntests: {sum}, in {}", time(took));
    let _ = write!(text, "{} passed, {} failed", sum.passed, sum.failed);
    text
}

fn counted(part: &Ended) -> String {
    if part.tally == Tally::default() {
        String::new()
    } else {
        part.tally.to_string()
    }
}

/// Formats a time, such as `1m05s` or `0.4s`.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1}s", duration.as_secs_f64())
    } else {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{last, time};
    use crate::suite::part::Ended;
    use crate::tally::Tally;

    fn ended(name: &str, passed: u32, failed: &[&str], fault: Option<&str>) -> Ended {
        Ended {
            name: name.to_owned(),
            again: format!("cargo xtask test --test {name}"),
            took: Duration::from_secs(65),
            tally: Tally {
                passed,
                failed: u32::try_from(failed.len()).unwrap(),
                ignored: 0,
            },
            failed: failed.iter().map(|&name| name.to_owned()).collect(),
            fault: fault.map(str::to_owned),
        }
    }

    #[test]
    fn the_last_screen_names_what_failed_and_how_to_repeat_it() {
        let parts = [
            ended("ui", 1, &[], None),
            ended("chaos", 74, &["pace::fast"], None),
            ended("page", 0, &[], Some("exit status: 1")),
        ];
        let left_out = ["cargo-generate: `cargo xtask test --long`".to_owned()];
        let expected = "   \
   1m05s  ok      ui     1 passed, 0 failed
   1m05s  FAILED  chaos  74 passed, 1 failed
   1m05s  FAILED  page
          -       cargo-generate: `cargo xtask test --long`

Warning: 1 new: /tmp/runpod-spool

Failed parts, each with the command that repeats it:
  chaos    cargo xtask test --test chaos
    pace::fast
  page    cargo xtask test --test page
    exit status: 1

tests: 75 passed, 2 failed, in 3m00s
75 passed, 2 failed";
        let warnings = ["1 new: /tmp/runpod-spool".to_owned()];
        let screen = last(&parts, &left_out, &warnings, Duration::from_mins(3));
        assert_eq!(screen, expected);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time(Duration::from_millis(420)), "0.4s");
        assert_eq!(time(Duration::from_secs(754)), "12m34s");
    }
}
