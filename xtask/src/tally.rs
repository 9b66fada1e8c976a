//! Counts tests over several runs.

use std::fmt;
use std::ops::AddAssign;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) ignored: u32,
}

impl Tally {
    /// Reads the closing line of a test runner: libtest, pytest, Node.js (one line per count), schemathesis, or this
    /// program.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let line = line.trim();
        Self::of_rust(line)
            .or_else(|| Self::of_pytest(line))
            .or_else(|| Self::of_node(line))
            .or_else(|| Self::of_schemathesis(line))
            .or_else(|| Self::of_ours(line))
    }

    /// Reads `3 passed, 0 failed, 1 ignored`, which this program writes.
    fn of_ours(line: &str) -> Option<Self> {
        let count = |what: &str| number_before(line, ',', what);
        let tally = Self {
            passed: count("passed")?,
            failed: count("failed")?,
            ignored: count("ignored").unwrap_or(0),
        };
        (tally.to_string() == line).then_some(tally)
    }

    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn of_rust(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what: &str| number_before(counts, ';', what);
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            ignored: count("ignored")?,
        })
    }

    /// Reads `===== 1 failed, 41 passed, 2 skipped in 3.21s =====`.
    fn of_pytest(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("==")?.strip_suffix("==")?;
        let (counts, _) = counts.trim_matches(['=', ' ']).rsplit_once(" in ")?;
        let count = |what: &str| number_before(counts, ',', what);
        let sum = |what: [&str; 2]| what.into_iter().filter_map(count).sum();
        let tally = Self {
            passed: sum(["passed", "xpassed"]),
            // pytest reports an error if the setup or the teardown of a test fails.
            failed: sum(["failed", "errors"]) + count("error").unwrap_or(0),
            ignored: sum(["skipped", "xfailed"]) + count("deselected").unwrap_or(0),
        };
        (tally != Self::default()).then_some(tally)
    }

    /// Reads `ℹ pass 12`, and similar lines for the other outcomes of a test.
    fn of_node(line: &str) -> Option<Self> {
        let (what, count) = line.strip_prefix('ℹ')?.trim().split_once(' ')?;
        let count = count.parse().ok()?;
        let mut tally = Self::default();
        match what {
            "pass" => tally.passed = count,
            "fail" | "cancelled" => tally.failed = count,
            "skipped" | "todo" => tally.ignored = count,
            _ => return None,
        }
        Some(tally)
    }

    /// Reads `1234 generated, 1234 passed`, in which skipped tests count as passed, or `58 generated, 2 found 1
    /// unique failure`.
    fn of_schemathesis(line: &str) -> Option<Self> {
        let generated = number_before(line, ',', "generated")?;
        let count = |what: &str| number_before(line, ',', what).unwrap_or(0);
        let found = line
            .split(',')
            .find_map(|part| part.trim().split_once(" found ")?.0.parse().ok());
        let failed = found.unwrap_or(0) + count("errored");
        let ignored = count("skipped");
        Some(Self {
            passed: u32::checked_sub(generated, failed + ignored)?,
            failed,
            ignored,
        })
    }
}

/// Finds the number in an entry such as `12 passed`, in a list of such entries.
fn number_before(counts: &str, separator: char, what: &str) -> Option<u32> {
    counts.split(separator).find_map(|part| {
        let number = part.trim().strip_suffix(what)?;
        number.strip_suffix(' ')?.trim().parse().ok()
    })
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.ignored += more.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(formatter, ", {} ignored", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(passed: u32, failed: u32, ignored: u32) -> Tally {
        Tally {
            passed,
            failed,
            ignored,
        }
    }

    #[test]
    fn closing_lines_are_counted() {
        for (line, expected) in [
            (
                "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 5 filtered out; finished in 1.20s",
                tally(12, 0, 2),
            ),
            (
                "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                tally(3, 1, 0),
            ),
            ("8 passed, 0 failed", tally(8, 0, 0)),
            ("8 passed, 1 failed, 2 ignored", tally(8, 1, 2)),
            ("===== 42 passed in 12.34s =====", tally(42, 0, 0)),
            (
                "== 1 failed, 41 passed, 2 skipped, 1 warning, 1 error in 72.34s (0:01:12) ==",
                tally(41, 2, 2),
            ),
            ("======= 2 errors in 0.10s =======", tally(0, 2, 0)),
            ("ℹ pass 12", tally(12, 0, 0)),
            ("ℹ fail 1", tally(0, 1, 0)),
            ("ℹ cancelled 2", tally(0, 2, 0)),
            ("ℹ skipped 3", tally(0, 0, 3)),
            ("  1234 generated, 1234 passed", tally(1234, 0, 0)),
            (
                "  1234 generated, 1234 passed, 4 skipped",
                tally(1230, 0, 4),
            ),
            (
                "  58 generated, 2 found 1 unique failure, 1 errored",
                tally(55, 3, 0),
            ),
        ] {
            assert_eq!(Tally::of_line(line), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn other_lines_are_left_alone() {
        for line in [
            "running 3 tests",
            "test result",
            "test result: nothing here",
            "test hello ... ok",
            "",
            "============ test session starts ============",
            "========= short test summary info ==========",
            "ℹ tests 12",
            "ℹ suites 3",
            "ℹ duration_ms 12.3",
            "  No test cases were generated",
            "=== No issues found in 0.59s ===",
            "=== 1 failure in 2.32s ===",
            "     ✅ 1 passed  ❌ 1 failed",
            "downstream crates: 8 passed, 0 failed",
            "8 passed, 0 failed of 9",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line:?}");
        }
    }

    #[test]
    fn ignored_tests_are_named_only_where_there_are_some() {
        let mut all = tally(3, 0, 0);
        assert_eq!(all.to_string(), "3 passed, 0 failed");
        all += tally(1, 2, 1);
        assert_eq!(all.to_string(), "4 passed, 2 failed, 1 ignored");
    }
}
