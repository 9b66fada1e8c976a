//! Compares the build cost of a worker with that of a similar worker on `lambda_runtime`, for
//! `docs/explanation/build-cost.md`.

mod candidate;
mod measure;
mod table;
mod tree;

use std::fs;
use std::thread::available_parallelism;

use candidate::{Prepared, present};
use measure::Measured;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The default number of cold builds of each worker.
const ROUNDS: usize = 3;
/// The number of edits of each worker's handler.
const EDITS: usize = 5;

/// Creates the workers, builds them in turn, prints the table and writes it to `target/compile-cost/table.md`.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let rounds = rounds(arguments)?;
    let jobs = available_parallelism().map_or(1, std::num::NonZero::get);
    let folder = workspace.target().join("compile-cost");

    let workers = present(workspace)?
        .into_iter()
        .map(|candidate| Prepared::new(candidate, workspace, &folder, jobs))
        .collect::<Result<Vec<_>, _>>()?;
    let mut results: Vec<Measured> = workers
        .iter()
        .map(Measured::tree)
        .collect::<Result<_, _>>()?;

    for round in 0..rounds {
        for index in order(workers.len(), round) {
            step::announce(&format!(
                "round {} of {rounds}: {}",
                round + 1,
                workers[index].name()
            ));
            let (debug, release) = results[index].build_cold(&workers[index])?;
            eprintln!("debug: {debug}; release: {release}");
        }
    }
    for worker in &workers {
        worker.check()?;
    }
    for edit in 0..EDITS {
        for index in order(workers.len(), edit) {
            results[index].check_after_edit(&workers[index], edit)?;
        }
    }

    let table = table::of(&results, rounds, EDITS, jobs, &toolchain()?);
    let file = folder.join("table.md");
    fs::write(&file, &table).map_err(|error| step::unwritten(&file, &error))?;
    println!("\n{table}\nThe table was written to {}.", file.display());
    Ok(())
}

fn rounds(arguments: &[&str]) -> Result<usize, Failure> {
    match arguments {
        [] => Ok(ROUNDS),
        ["--rounds", number] => number
            .parse()
            .ok()
            .filter(|&rounds| rounds > 0)
            .ok_or_else(|| Failure::new(format!("--rounds: found {number:?}; expected 1 or more"))),
        _ => Err(Failure::new(format!(
            "compile-cost: found {arguments:?}; expected nothing, or `--rounds N` (cold builds of each worker, \
             {ROUNDS} by default)"
        ))),
    }
}

/// Returns the order of the workers in a round. Every second round is reversed, so that a machine that becomes busier
/// or warmer favours no worker.
fn order(count: usize, round: usize) -> Vec<usize> {
    if round.is_multiple_of(2) {
        (0..count).collect()
    } else {
        (0..count).rev().collect()
    }
}

fn toolchain() -> Result<String, Failure> {
    let output = step::capture(std::process::Command::new("rustc").arg("--version"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_round_goes_backwards() {
        assert_eq!(order(3, 0), [0, 1, 2]);
        assert_eq!(order(3, 1), [2, 1, 0]);
        assert_eq!(order(3, 2), [0, 1, 2]);
    }

    #[test]
    fn the_number_of_rounds_is_read_or_refused() {
        assert_eq!(rounds(&[]).unwrap(), ROUNDS);
        assert_eq!(rounds(&["--rounds", "7"]).unwrap(), 7);
        for wrong in [&["--rounds", "0"][..], &["--rounds"], &["--fast"]] {
            assert!(rounds(wrong).is_err(), "{wrong:?}");
        }
    }
}
