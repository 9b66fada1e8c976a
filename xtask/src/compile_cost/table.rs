//! The results as a table in Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use super::measure::{Measured, Time, least};

/// A row for each quantity, a column for each worker; behind the others' numbers, how much more they are than ours.
pub(super) fn of(
    results: &[Measured],
    rounds: usize,
    edits: usize,
    jobs: usize,
    toolchain: &str,
) -> String {
    let mut table = format!(
        "{toolchain}, {jobs} jobs at once; the least of {rounds} cold builds and of {edits} edits. In brackets: how \
         many times as much as ours.\n\n|"
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
        // A system that does not tell has no row.
        if let Some(numbers) = numbers {
            table.push_str(&line(what, unit, &numbers));
        }
    };
    row("crates compiled", "", &|it| Some(count(it.tree.compiled)));
    row("of these, linked into the binary", "", &|it| {
        Some(count(it.tree.linked))
    });
    row("cold debug build", " s", &|it| Some(wall(&it.debug)));
    row("its processor time", " s", &|it| processors(&it.debug));
    row("cold release build", " s", &|it| Some(wall(&it.release)));
    row("its processor time", " s", &|it| processors(&it.release));
    row("`cargo check` after an edit of the handler", " s", &|it| {
        Some(wall(&it.edit))
    });
    row("its processor time", " s", &|it| processors(&it.edit));
    row("stripped release binary", " MB", &|it| {
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

fn processors(times: &[Time]) -> Option<f64> {
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
                "| | `runpod-worker` 1.0.0 | `lambda_runtime` 2.0.0 |",
                "| --- | ---: | ---: |",
                "| crates compiled | 40 | 80 (2.00) |",
                "| of these, linked into the binary | 30 | 30 (1.00) |",
                "| cold debug build | 1.00 s | 2.00 s (2.00) |",
                "| cold release build | 7.00 s | 14.00 s (2.00) |",
                "| `cargo check` after an edit of the handler | 1.00 s | 2.00 s (2.00) |",
                "| stripped release binary | 2.50 MB | 2.50 MB (1.00) |",
            ]
        );
    }
}
