//! Measures workers and bare HTTP loops in turn, against the same endpoint. `cargo xtask bench` runs it.
//!
//! Other programs may be running on the machine. Each round therefore measures each worker, and every second round
//! reverses the order. In each round, a worker's figure is divided by the yardstick's figure. The table shows the
//! median figure, and the median and the range of these ratios.

mod arguments;
mod cells;
mod endpoint;
mod page;
mod priority;
mod process;
mod table;
mod worker;

use std::env;
use std::error::Error;
use std::path::PathBuf;

use arguments::Arguments;
use cells::{Cell, Lab};
use priority::Urgent;
use table::Row;
use worker::Worker;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let words: Vec<_> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{}", arguments::USAGE);
        return Ok(());
    }
    if words.iter().any(|word| word == "--list") {
        let cells: Vec<_> = cells::ALL.iter().map(|cell| cell.name).collect();
        let workers: Vec<_> = worker::ALL.iter().map(|worker| worker.name()).collect();
        println!("cells: {}\nworkers: {}", cells.join(" "), workers.join(" "));
        return Ok(());
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another cryptography provider is already installed")?;
    let arguments = Arguments::read(words.into_iter())?;
    let _urgent = arguments.is_urgent.then(Urgent::raised).transpose()?;
    let room = tempfile::tempdir()?;
    let python = env::var_os("RUNPOD_TEST_PYTHON").filter(|given| !given.is_empty());
    let lab = Lab {
        python: python.map(PathBuf::from),
        folder: room.path().join("worker"),
        window: arguments.window,
    };
    let conditions = page::conditions(&arguments);
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for cell in &arguments.cells {
        rows.extend(measure(&lab, cell, &arguments, &mut failures));
    }
    let text = format!("{conditions}\n{}", table::of(&rows, &arguments.workers));
    println!("{text}");
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    if arguments.is_everything {
        page::write(&text)?;
    }
    Ok(())
}

/// Runs all rounds of a cell. If a worker fails, its error is added to `failures`, and the other workers continue.
fn measure(lab: &Lab, cell: &Cell, arguments: &Arguments, failures: &mut Vec<String>) -> Vec<Row> {
    let of_cell = |worker: &Worker| cell.workers.contains(worker);
    let workers = arguments.workers.iter().copied().filter(of_cell);
    let workers: Vec<_> = workers.collect();
    let mut rows = Row::empty(cell, &workers);
    for round in 0..arguments.rounds.min(cell.most_rounds) {
        let mut order = workers.clone();
        if round % 2 == 1 {
            order.reverse();
        }
        for worker in order {
            let name = worker.name();
            let mut figures = vec![None; rows.len()];
            // One round is enough for the SDK: its figures differ widely from those of all others, and take the most
            // time to measure.
            if worker != Worker::Python || round == 0 {
                match (cell.run)(lab, worker) {
                    Ok(found) => {
                        eprintln!("{} {} {name}: {found:.1?}", cell.name, round + 1);
                        figures = found.into_iter().map(Some).collect();
                    }
                    Err(error) => {
                        eprintln!("{} {} {name}: {error}", cell.name, round + 1);
                        failures.push(format!("{}, {name}: {error}", cell.name));
                    }
                }
            }
            for (row, figure) in rows.iter_mut().zip(figures) {
                row.add(worker, figure);
            }
        }
    }
    rows
}
