//! Writes the results as a Markdown table.

use std::fmt::Write as _;
use std::time::Duration;

use super::measure::{Measured, Time, least};

/// Returns a table with a row for each measurement and a column for each worker. From the second column on, each number
/// is followed by its ratio to the number in the first column.
pub(super) fn of(
    results: &[Measured],
    rounds: usize,
    edits: usize,
    jobs: usize,
    toolchain: &str,
) -> String {
    let mut table = format!(
        "{toolchain}, {jobs} build jobs in parallel. Each time is the shortest of {rounds} cold builds or of {edits} \
         edits. Numbers in brackets are ratios to the first column.\n\n| Measurement"
    );
    for result in results {
        let _ = write!(
            table,
            " | {} {}",
            result.candidate.title, result.tree.version
        );
    }
    table.push_str(" |\n| ---");
    table.push_str(&" | ---:".repeat(results.len()));
    table.push_str(" |\n");

    let mut row = |what: &str, unit: &str, number: &dyn Fn(&Measured) -> Option<f64>| {
        let numbers: Option<Vec<f64>> = results.iter().map(number).collect();
        // Some systems do not report processor times. The row is then left out.
        if let Some(numbers) = numbers {
            table.push_str(&line(what, unit, &numbers));
        }
    };
    row("Crates compiled", "", &|it| Some(count(it.tree.compiled)));
    row("Crates linked into the binary", "", &|it| {
        Some(count(it.tree.linked))
    });
    row("Cold debug build", " s", &|it| Some(wall(&it.debug)));
    row("Cold debug build, processor time", " s", &|it| {
        processors(&it.debug)
    });
    row("Cold release build", " s", &|it| Some(wall(&it.release)));
    row("Cold release build, processor time", " s", &|it| {
        processors(&it.release)
    });
    row("`cargo check` after an edit", " s", &|it| {
        Some(wall(&it.edit))
    });
    row("`cargo check` after an edit, processor time", " s", &|it| {
        processors(&it.edit)
    });
    row("Stripped release binary", " MB", &|it| {
        Some(Duration::from_micros(it.binary_bytes).as_secs_f64())
    });
    table
}

fn line(what: &str, unit: &str, numbers: &[f64]) -> String {
    let ours = numbers.first().copied().unwrap_or_default();
    let mut line = format!("| {what}");
    for (index, number) in numbers.iter().enumerate() {
        let _ = if unit.is_empty() {
            write!(line, " | {number}")
        } else {
            write!(line, " | {number:.2}{unit}")
        };
        if index > 0 && ours > 0.0 {
            let _ = write!(line, " ({:.2})", number / ours);
        }
    }
    line.push_str(" |\n");
    line
}

fn count(crates: usize) -> f64 {
    u32::try_from(crates).map_or(f64::INFINITY, f64::from)
}

fn wall(times: &[Time]) -> f64 {
    least(times.iter().map(|time| time.wall)).as_secs_f64()
}

pub(super) fn processors(times: &[Time]) -> Option<f64> {
    let times: Option<Vec<_>> = times.iter().map(|time| time.processors).collect();
    Some(least(times?).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile_cost::candidate::ALL;
    use crate::compile_cost::tree::Tree;

    fn measured(index: usize, factor: u64) -> Measured {
        let time = |seconds| Time {
            wall: Duration::from_secs(seconds * factor),
            processors: None,
        };
        Measured {
            candidate: &ALL[index],
            tree: Tree {
                compiled: 40 * usize::try_from(factor).unwrap(),
                linked: 30,
                version: format!("{factor}.0.0"),
            },
            debug: vec![time(9), time(1), time(5)],
            release: vec![time(7)],
            edit: vec![time(1)],
            binary_bytes: 2_500_000,
        }
    }

    #[test]
    fn the_table_has_ratios_to_the_first_column_and_leaves_out_what_is_not_known() {
        let table = of(&[measured(0, 1), measured(2, 2)], 3, 5, 2, "rustc 1.95.0");
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| Measurement | `runpod-worker` 1.0.0 | `lambda_runtime` 2.0.0 |",
                "| --- | ---: | ---: |",
                "| Crates compiled | 40 | 80 (2.00) |",
                "| Crates linked into the binary | 30 | 30 (1.00) |",
                "| Cold debug build | 1.00 s | 2.00 s (2.00) |",
                "| Cold release build | 7.00 s | 14.00 s (2.00) |",
                "| `cargo check` after an edit | 1.00 s | 2.00 s (2.00) |",
                "| Stripped release binary | 2.50 MB | 2.50 MB (1.00) |",
            ]
        );
    }
}
