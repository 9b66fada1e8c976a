//! Compares the build cost of a worker with that of a similar worker on `lambda_runtime`, and measures what each feature
//! adds, for `docs/explanation/build-cost.md`.

mod candidate;
mod feature_table;
mod measure;
mod table;
mod tree;

use std::fs;
use std::thread::available_parallelism;

use candidate::{ALL, FEATURES, Prepared, present};
use measure::Measured;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The default number of cold builds of each worker.
const ROUNDS: usize = 3;
/// The number of edits of each worker's handler.
const EDITS: usize = 5;

/// Measures what the arguments ask for, prints a table and writes it to `target/compile-cost`.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let wanted = Wanted::read(arguments)?;
    let jobs = available_parallelism().map_or(1, std::num::NonZero::get);
    let folder = workspace.target().join("compile-cost");
    let (candidates, file) = match wanted.subject {
        Subject::Workers => (&ALL[..], "table.md"),
        Subject::Features => (&FEATURES[..], "features.md"),
    };
    let mut workers = present(candidates, workspace)?
        .into_iter()
        .map(|candidate| Prepared::new(candidate, workspace, &folder, jobs))
        .collect::<Result<Vec<_>, _>>()?;
    if wanted.rounds == 0 {
        let shared = |worker: Prepared<'static>| worker.shared(folder.join("build/features"));
        workers = workers.into_iter().map(shared).collect();
    }
    let mut results: Vec<Measured> = workers
        .iter()
        .map(Measured::tree)
        .collect::<Result<_, _>>()?;
    let toolchain = toolchain()?;
    let file = folder.join(file);
    let write =
        |table: &str| fs::write(&file, table).map_err(|error| step::unwritten(&file, &error));
    let features =
        |results: &[Measured]| feature_table::of(results, wanted.rounds, jobs, &toolchain);
    // The builds of all features take an hour. If a run is stopped, the table has the features that were built.
    build(
        &workers,
        &mut results,
        wanted.rounds,
        |results| match wanted.subject {
            Subject::Workers => Ok(()),
            Subject::Features => write(&features(results)),
        },
    )?;
    let table = match wanted.subject {
        Subject::Workers => {
            edit(&workers, &mut results)?;
            table::of(&results, wanted.rounds, EDITS, jobs, &toolchain)
        }
        Subject::Features => features(&results),
    };
    write(&table)?;
    println!("\n{table}\nThe table was written to {}.", file.display());
    Ok(())
}

/// Builds the workers in turn, and calls `built` after each one.
fn build(
    workers: &[Prepared<'_>],
    results: &mut [Measured],
    rounds: usize,
    built: impl Fn(&[Measured]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for round in 0..rounds {
        for index in order(workers.len(), round) {
            step::announce(&format!(
                "round {} of {rounds}: {}",
                round + 1,
                workers[index].name()
            ));
            let (debug, release) = results[index].build_cold(&workers[index])?;
            eprintln!("debug: {debug}; release: {release}");
            built(results)?;
        }
    }
    if rounds == 0 {
        for (index, worker) in workers.iter().enumerate() {
            step::announce(&format!("release build of {}", worker.name()));
            results[index].build_for_size(worker)?;
            built(results)?;
        }
    }
    Ok(())
}

/// Edits the handlers in turn, and checks them.
fn edit(workers: &[Prepared<'_>], results: &mut [Measured]) -> Result<(), Failure> {
    for worker in workers {
        worker.check()?;
    }
    for edit in 0..EDITS {
        for index in order(workers.len(), edit) {
            results[index].check_after_edit(&workers[index], edit)?;
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Workers,
    Features,
}

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    subject: Subject,
    /// The number of cold builds of each worker. With 0, only crates and bytes are counted.
    rounds: usize,
}

impl Wanted {
    fn read(arguments: &[&str]) -> Result<Self, Failure> {
        let (subject, options) = match arguments {
            ["features", options @ ..] => (Subject::Features, options),
            options => (Subject::Workers, options),
        };
        let rounds = match options {
            [] => ROUNDS,
            ["--rounds", number] => number
                .parse()
                .ok()
                .filter(|&rounds| rounds > 0)
                .ok_or_else(|| {
                    Failure::new(format!("--rounds: found {number:?}; expected 1 or more"))
                })?,
            ["--without-times"] if subject == Subject::Features => 0,
            _ => {
                return Err(Failure::new(format!(
                    "compile-cost: found {arguments:?}; expected nothing, `features`, `--rounds N` (cold builds of each \
                     worker, {ROUNDS} by default), or `features --without-times`"
                )));
            }
        };
        Ok(Self { subject, rounds })
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
    fn the_arguments_are_read_or_refused() {
        let read = |arguments: &[&str]| {
            let wanted = Wanted::read(arguments).ok()?;
            Some((wanted.subject, wanted.rounds))
        };
        assert_eq!(read(&[]), Some((Subject::Workers, ROUNDS)));
        assert_eq!(read(&["--rounds", "7"]), Some((Subject::Workers, 7)));
        let features = Subject::Features;
        assert_eq!(read(&["features", "--rounds", "1"]), Some((features, 1)));
        assert_eq!(read(&["features", "--without-times"]), Some((features, 0)));
        for wrong in [
            &["--rounds", "0"][..],
            &["--rounds"],
            &["--fast"],
            &["--without-times"],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
