//! Writes the figures as a Markdown table.

use std::fmt::Write as _;

use crate::cells::{Cell, Measure};
use crate::worker::Worker;
use worker_bench::figures::{around, digits};
use worker_bench::sample::Sample;

/// A row of the table: one measure of one cell, with the figures of each worker.
#[derive(Debug)]
pub(crate) struct Row {
    measure: &'static Measure,
    yardstick: Option<Worker>,
    samples: Vec<(Worker, Sample)>,
}

impl Row {
    /// Returns a row without figures for each measure of the cell.
    pub(crate) fn empty(cell: &Cell, workers: &[Worker]) -> Vec<Self> {
        let rows = cell.measures.iter().map(|measure| Self {
            measure,
            yardstick: cell.yardstick,
            samples: workers
                .iter()
                .map(|&worker| (worker, Sample::default()))
                .collect(),
        });
        rows.collect()
    }

    pub(crate) fn add(&mut self, worker: Worker, figure: Option<f64>) {
        for (of, sample) in &mut self.samples {
            if *of == worker {
                sample.0.push(figure);
            }
        }
    }

    fn sample(&self, worker: Worker) -> Option<&Sample> {
        let found = self.samples.iter().find(|(of, _)| *of == worker);
        found.map(|(_, sample)| sample)
    }

    /// Returns a cell such as `9763/s, 0.31 × (0.29–0.33)`: the median figure, the median of the ratios to the
    /// yardstick in each round, and the range of these ratios. If there are no ratios, the range is that of the
    /// figures.
    fn figure(&self, worker: Worker) -> String {
        let Some(sample) = self.sample(worker) else {
            return String::new();
        };
        let Some(spread) = sample.spread() else {
            return "–".to_owned();
        };
        let unit = self.measure.unit;
        let space = if unit.is_empty() || unit.starts_with('/') {
            ""
        } else {
            " "
        };
        let mut text = format!("{}{space}{unit}", digits(spread.median));
        let yardstick = self.yardstick.filter(|yardstick| *yardstick != worker);
        let ratio = yardstick
            .and_then(|yardstick| self.sample(yardstick))
            .and_then(|yardstick| sample.ratio_to(yardstick));
        match ratio {
            Some(ratio) => {
                let _ = write!(text, ", {} ×{}", digits(ratio.median), around(ratio));
            }
            None => text.push_str(&around(spread)),
        }
        text
    }
}

/// Returns a table with a column for each worker that was measured.
pub(crate) fn of(rows: &[Row], workers: &[Worker]) -> String {
    let has_figures = |worker: &Worker| rows.iter().any(|row| row.sample(*worker).is_some());
    let workers: Vec<_> = workers.iter().copied().filter(has_figures).collect();
    let mut table = String::from("| measure");
    for worker in &workers {
        let _ = write!(table, " | {}", worker.title());
    }
    table.push_str(" |\n| ---");
    table.push_str(&" | ---:".repeat(workers.len()));
    table.push_str(" |\n");
    for row in rows {
        let _ = write!(table, "| {}", row.measure.what);
        for &worker in &workers {
            let _ = write!(table, " | {}", row.figure(worker));
        }
        table.push_str(" |\n");
    }
    table
}
