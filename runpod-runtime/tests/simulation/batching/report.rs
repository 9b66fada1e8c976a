//! The tables and the plots of `docs/explanation/batching.md`.

use std::fmt::Write as _;

use super::run::Outcome;
use super::{CLOSED, OPEN_CPU, OPEN_GPU, Row};
use crate::page;
use crate::plot::{Axis, Line, Plot};

const PAGE: &str = "explanation/batching.md";
const RULES: [(&str, &str); 5] = [
    ("Runpod for Rust", "#c0392b"),
    ("best threshold (oracle)", "#000000"),
    ("BentoML's rule", "#2980b9"),
    ("window of 10 ms", "#27ae60"),
    ("window of 50 ms", "#8e44ad"),
];

fn outcomes(row: &Row) -> [Outcome; 5] {
    [
        row.ours,
        row.oracle,
        row.bentoml,
        row.windows[0],
        row.windows[1],
    ]
}

pub(super) fn write() {
    page::table(PAGE, "open", &open_table(&OPEN_GPU));
    page::table(PAGE, "open-cpu", &open_table(&OPEN_CPU));
    page::table(PAGE, "closed", &closed_table(&CLOSED));
    page::file("images/batching.svg", &plot(&OPEN_GPU));
}

fn header(first: &str) -> String {
    let names = RULES.map(|it| it.0).join(" | ");
    format!("| {first} | {names} |\n| --: | --: | --: | --: | --: | --: |\n")
}

fn open_table(rows: &[Row]) -> String {
    let mut table = header("jobs/s");
    for row in rows {
        let _ = write!(table, "| {:.0} |", row.traffic);
        for it in outcomes(row) {
            let _ = write!(
                table,
                " {:.0} / {:.0} ms, {:.0}/s |",
                it.latency.p50, it.latency.p99, it.throughput
            );
        }
        table.push('\n');
    }
    table
}

fn closed_table(rows: &[Row]) -> String {
    let mut table = header("clients");
    for row in rows {
        let _ = write!(table, "| {:.0} |", row.traffic);
        for it in outcomes(row) {
            let _ = write!(
                table,
                " {:.0} ms, {:.0}/s, {:.1} |",
                it.latency.mean, it.throughput, it.batch
            );
        }
        table.push('\n');
    }
    table
}

fn plot(rows: &[Row]) -> String {
    let lines = RULES.iter().enumerate().map(|(index, (name, color))| Line {
        name,
        color,
        points: rows
            .iter()
            .map(|row| (row.traffic, outcomes(row)[index].latency.mean))
            .collect(),
    });
    let plot = Plot {
        title: "Mean latency of a model with a cost of 20 ms + 1 ms per job",
        x: Axis {
            name: "jobs per second",
            from: 5.0,
            to: 700.0,
            ticks: &[5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0],
        },
        y: Axis {
            name: "mean latency in ms",
            from: 20.0,
            to: 200.0,
            ticks: &[20.0, 30.0, 50.0, 70.0, 100.0, 200.0],
        },
        lines: lines.collect(),
    };
    plot.svg()
}
