//! Writes the cost of each feature as a Markdown table.

use std::fmt::Write as _;
use std::time::Duration;

use super::measure::Measured;
use super::table::processors;

/// Returns a table with a row for each worker. The first worker has no feature. The other rows show how much a feature
/// adds to it. Workers that have not been built are left out, and so are the columns of times if there are no times.
pub(super) fn of(results: &[Measured], rounds: usize, jobs: usize, toolchain: &str) -> String {
    let results: Vec<_> = results.iter().filter(|it| it.binary_bytes > 0).collect();
    let times = match rounds {
        0 => String::new(),
        rounds => {
            format!(
                ", {jobs} build jobs in parallel. Each time is the shortest of {rounds} cold builds"
            )
        }
    };
    let mut columns = vec!["Feature", "Crates compiled", "Crates linked"];
    let has_times = results.iter().all(|it| processors(&it.debug).is_some()) && rounds > 0;
    if has_times {
        columns.push("Debug build, processor time");
        columns.push("Release build, processor time");
    }
    columns.push("Stripped release binary");
    let mut table = format!(
        "{toolchain}{times}.\n\n| {} |\n| ---{} |\n",
        columns.join(" | "),
        " | ---:".repeat(columns.len() - 1)
    );
    let Some((first, others)) = results.split_first() else {
        return table;
    };
    for (sign, result) in [("", first)]
        .into_iter()
        .chain(others.iter().map(|it| ("+", it)))
    {
        let is_first = sign.is_empty();
        let base = |of: &dyn Fn(&Measured) -> f64| if is_first { 0.0 } else { of(first) };
        let mut row = format!("| {}", result.candidate.title);
        let mut cell = |of: &dyn Fn(&Measured) -> f64, digits: usize, unit: &str| {
            let number = of(result) - base(of);
            // A smaller number has its own sign.
            let sign = if number < 0.0 { "" } else { sign };
            let _ = write!(row, " | {sign}{number:.digits$}{unit}");
        };
        cell(&|it| count(it.tree.compiled), 0, "");
        cell(&|it| count(it.tree.linked), 0, "");
        if has_times {
            cell(&|it| processors(&it.debug).unwrap_or_default(), 1, " s");
            cell(&|it| processors(&it.release).unwrap_or_default(), 1, " s");
        }
        let megabytes = |it: &Measured| Duration::from_micros(it.binary_bytes).as_secs_f64();
        cell(&megabytes, 2, " MB");
        let _ = writeln!(table, "{row} |");
    }
    table
}

fn count(crates: usize) -> f64 {
    u32::try_from(crates).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile_cost::candidate::FEATURES;
    use crate::compile_cost::measure::Time;
    use crate::compile_cost::tree::Tree;

    fn measured(index: usize, crates: usize, seconds: u64, binary_bytes: u64) -> Measured {
        let seconds = Duration::from_secs(seconds);
        let time = Time {
            wall: seconds,
            processors: Some(seconds),
        };
        Measured {
            candidate: &FEATURES[index],
            tree: Tree {
                compiled: crates,
                linked: crates - 10,
                version: "0.1.0".to_owned(),
            },
            debug: vec![time],
            release: vec![time],
            edit: Vec::new(),
            binary_bytes,
        }
    }

    fn rows(rounds: usize) -> Vec<String> {
        let results = [
            measured(0, 100, 60, 5_000_000),
            measured(1, 111, 72, 6_500_000),
            measured(2, 100, 59, 4_990_000),
            measured(3, 120, 0, 0),
        ];
        let table = of(&results, rounds, 2, "rustc 1.95.0");
        table.lines().skip(4).map(str::to_owned).collect()
    }

    #[test]
    fn each_built_feature_is_shown_as_a_difference_to_a_worker_without_features() {
        assert_eq!(
            rows(1),
            [
                "| none | 100 | 90 | 60.0 s | 60.0 s | 5.00 MB |",
                "| `local` | +11 | +11 | +12.0 s | +12.0 s | +1.50 MB |",
                "| `http` | +0 | +0 | -1.0 s | -1.0 s | -0.01 MB |",
            ]
        );
    }

    #[test]
    fn without_times_their_columns_are_left_out() {
        assert_eq!(rows(0)[1], "| `local` | +11 | +11 | +1.50 MB |");
    }
}
