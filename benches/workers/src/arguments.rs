//! Reads the command line.

use std::time::Duration;

use crate::Outcome;
use crate::cells::{self, Cell};
use crate::worker::{self, Worker};

pub(crate) const USAGE: &str = "\
cargo xtask bench [CELL...] [--only WORKER,...] [--rounds N] [--window SECONDS] [--urgent]

  CELL...      Run only these cells. `noop` selects all cells with no-op jobs, `noop-50` only one of them.
  --only       Measure only these workers. By default, each cell measures every worker that it supports.
  --rounds     The number of rounds (5). Each round measures each worker once, every second round in reverse order.
  --window     How long each rate is measured, in seconds (1).
  --urgent     Run at a high priority, for a machine on which other programs run. Only root may do this.
  --list       Print the names of cells and workers.

If you name no cells or workers, the benchmark measures everything and replaces the table in docs/explanation/performance.md.
";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) cells: Vec<&'static Cell>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    pub(crate) is_urgent: bool,
    pub(crate) is_everything: bool,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut prefixes = Vec::new();
        let mut workers = worker::ALL.to_vec();
        let (mut rounds, mut window, mut is_urgent) = (5, 1.0, false);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--only" => workers = only(&value(&word, &mut words)?)?,
                "--rounds" => rounds = number(&word, &value(&word, &mut words)?)?,
                "--window" => window = number(&word, &value(&word, &mut words)?)?,
                "--urgent" => is_urgent = true,
                flag if flag.starts_with('-') => {
                    return Err(format!("there is no flag `{flag}`\n\n{USAGE}").into());
                }
                _ => prefixes.push(word),
            }
        }
        for prefix in &prefixes {
            if !cells::ALL.iter().any(|cell| is_named(cell, prefix)) {
                let names: Vec<_> = cells::ALL.iter().map(|cell| cell.name).collect();
                return Err(format!(
                    "there is no cell `{prefix}`; name one or more of {}",
                    names.join(", ")
                )
                .into());
            }
        }
        let asked_for = |cell: &&Cell| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| is_named(cell, prefix))
        };
        let is_everything = prefixes.is_empty() && workers == worker::ALL;
        Ok(Self {
            cells: cells::ALL.iter().filter(asked_for).collect(),
            workers,
            rounds: rounds.max(1),
            is_urgent,
            window: Duration::try_from_secs_f64(window)?,
            is_everything,
        })
    }
}

/// Returns whether `name` selects the cell. `noop` selects `noop-1`, `noop-10` and so on.
fn is_named(cell: &Cell, name: &str) -> bool {
    cell.name
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn value(flag: &str, words: &mut impl Iterator<Item = String>) -> Outcome<String> {
    words
        .next()
        .ok_or_else(|| format!("{flag} needs a value").into())
}

fn number<T: std::str::FromStr>(flag: &str, given: &str) -> Outcome<T> {
    given
        .parse()
        .map_err(|_| format!("{flag}: found {given:?}; expected a number").into())
}

fn only(names: &str) -> Outcome<Vec<Worker>> {
    let mut workers = Vec::new();
    for name in names.split(',') {
        let found = worker::ALL.into_iter().find(|worker| worker.name() == name);
        let known: Vec<_> = worker::ALL.iter().map(|worker| worker.name()).collect();
        workers.push(found.ok_or_else(|| {
            format!(
                "--only: there is no worker `{name}`; name one or more of {}",
                known.join(", ")
            )
        })?);
    }
    // The workers are kept in the order of the table's columns.
    Ok(worker::ALL
        .into_iter()
        .filter(|worker| workers.contains(worker))
        .collect())
}
