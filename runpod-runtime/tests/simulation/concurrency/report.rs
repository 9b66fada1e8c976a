//! The tables and the plot of `docs/explanation/concurrency.md`.

use std::fmt::Write as _;

use super::ROWS;
use super::run::Outcome;
use super::scenario::LENGTH;
use crate::page;
use crate::plot::{Axis, Line, Plot};

const PAGE: &str = "explanation/concurrency.md";

pub(super) fn write() {
    page::table(PAGE, "rules", &rules());
    page::table(PAGE, "limits", &limits());
    page::file("images/concurrency.svg", &plot());
}

fn rules() -> String {
    let mut table = "| scenario | `\"auto\"` | 1 | knee | 4 × knee | the guide's example |\n\
                     | --- | --: | --: | --: | --: | --: |\n"
        .to_owned();
    for row in &*ROWS {
        let _ = write!(table, "| {} |", row.scenario.name);
        let [one, knee, many] = &row.fixed;
        for it in [&row.ours, one, knee, many, &row.guide] {
            let (p50, p99) = (seconds(it.latency.p50), seconds(it.latency.p99));
            let _ = write!(table, " {:.1}/s, {p50} / {p99} s |", it.throughput);
        }
        table.push('\n');
    }
    table
}

fn seconds(ms: f64) -> String {
    let seconds = ms / 1000.0;
    if seconds < 100.0 {
        format!("{seconds:.1}")
    } else {
        format!("{seconds:.0}")
    }
}

fn limits() -> String {
    let mut table = "| scenario | knee | usual number | knee reached after | changes per 1000 jobs, `\"auto\"` | the guide's example |\n\
                     | --- | --: | --: | --: | --: | --: |\n"
        .to_owned();
    for row in &*ROWS {
        let reached = row.ours.reached(row.scenario.knee);
        let reached = reached.map_or("–".to_owned(), |at| format!("{at:.0} s"));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {reached} | {:.1} | {:.1} |",
            row.scenario.name,
            row.scenario.knee,
            row.ours.usual_limit(),
            row.ours.changes_per_1000_jobs(),
            row.guide.changes_per_1000_jobs()
        );
    }
    table
}

/// Plots the number over time. Both axes are logarithmic, because the beginning is the most interesting part.
fn plot() -> String {
    let row = |name: &str| {
        let row = ROWS.iter().find(|row| row.scenario.name == name);
        row.expect("the scenario exists")
    };
    let line = |name, color, outcome: &Outcome| Line {
        name,
        color,
        points: steps(outcome),
    };
    let knee = row("knee 16");
    let plot = Plot {
        title: "The number of jobs at once over time",
        x: Axis {
            name: "seconds since the start",
            from: 5.0,
            to: LENGTH.as_secs_f64(),
            ticks: &[5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0],
        },
        y: Axis {
            name: "jobs at once",
            from: 1.0,
            to: 70.0,
            ticks: &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
        },
        lines: vec![
            line("auto, knee 16", "#c0392b", &knee.ours),
            line("auto, no knee", "#27ae60", &row("no knee").ours),
            line("auto, cliff at 12", "#8e44ad", &row("cliff at 12").ours),
            line("guide, knee 16", "#2980b9", &knee.guide),
        ],
    };
    plot.svg()
}

/// Returns the corners of a line of steps.
fn steps(outcome: &Outcome) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for (at, limit) in &outcome.limits {
        if let Some((_, before)) = points.last().copied() {
            points.push((*at, before));
        }
        points.push((*at, *limit as f64));
    }
    if let Some((_, last)) = points.last().copied() {
        points.push((LENGTH.as_secs_f64(), last));
    }
    points
}
