//! The cells of the benchmark. A cell runs one worker in one situation, and returns a figure for each of its measures.

mod beside_the_sdk;
mod jobs;
mod kills;
mod large;
mod mixed;
mod start;
mod streams;
mod waiting;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::endpoint::Endpoint;
use crate::process::{Process, Start};
use crate::worker::Worker;

/// The name and the unit of a figure that a cell measures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
}

/// A situation in which workers are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) name: &'static str,
    pub(crate) measures: &'static [Measure],
    /// The worker with which the others are compared. `None` if a comparison is not meaningful.
    pub(crate) yardstick: Option<Worker>,
    /// The workers that are measured.
    pub(crate) workers: &'static [Worker],
    /// The maximum number of rounds.
    pub(crate) most_rounds: usize,
    pub(crate) run: fn(&Lab, Worker) -> Outcome<Vec<f64>>,
}

/// The cells, in the order of the table.
pub(crate) const ALL: &[Cell] = &[
    start::START,
    jobs::NOOP_1,
    jobs::NOOP_10,
    jobs::NOOP_50,
    jobs::NOOP_200,
    streams::STREAM_1,
    streams::STREAM_10,
    streams::FIRST_ITEM,
    large::LARGE,
    waiting::IDLE,
    waiting::SLEEPING_JOBS,
    mixed::MIXED,
    kills::KILLS_CELL,
    beside_the_sdk::BESIDE_THE_SDK,
];

/// The settings that all cells need.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) python: Option<PathBuf>,
    pub(crate) folder: PathBuf,
    /// How long each rate is measured.
    pub(crate) window: Duration,
}

impl Lab {
    /// Starts a worker with an empty home directory and an empty spool.
    fn start(
        &self,
        worker: Worker,
        streams: bool,
        slots: usize,
        endpoint: &Endpoint,
    ) -> Outcome<Process> {
        let variables = endpoint.environment("bench-worker");
        self.start_with(worker, streams, slots, variables)
    }

    /// Starts a worker with an empty home directory, an empty spool, and the variables of an endpoint.
    fn start_with(
        &self,
        worker: Worker,
        streams: bool,
        slots: usize,
        variables: Vec<(&'static str, String)>,
    ) -> Outcome<Process> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)?;
        self.start_again(worker, streams, slots, variables)
    }

    /// Starts a worker that finds the files of the previous worker.
    fn start_again(
        &self,
        worker: Worker,
        streams: bool,
        slots: usize,
        variables: Vec<(&'static str, String)>,
    ) -> Outcome<Process> {
        let start = Start {
            worker,
            streams,
            slots,
            folder: &self.folder,
        };
        Process::start(start, self.python.as_deref(), variables)
    }
}
