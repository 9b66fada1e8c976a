//! The tables and the plots of `docs/explanation/the-cost-of-rules.md`.

use std::fmt::Write as _;

use super::bars::{Bars, Group};
use super::experiments::{
    CHOICES, FAULTS, LARGE, LARGE_SCALED, LOADS, PAIRS, RATES, REFRESH, RESIZE, VARIANTS,
    milliseconds,
};
use super::jobs::Parts;
use super::outcome::Outcome;
use super::rules::Rules;
use crate::page;
use crate::plot::{Axis, Line, Plot};

const PAGE: &str = "explanation/the-cost-of-rules.md";
const COLORS: [&str; 7] = [
    "#2980b9", "#e67e22", "#7f8c8d", "#f1c40f", "#8e44ad", "#27ae60", "#c0392b",
];

pub(super) fn write() {
    page::table(PAGE, "parts", &parts_table());
    page::file("images/fleet-time.svg", &time_plot());
    page::file("images/fleet-gpu.svg", &gpu_plot());
    page::table(PAGE, "rules", &rules_table());
    page::table(PAGE, "large", &large_table());
    page::file("images/fleet-latency.svg", &latency_plot());
    page::table(PAGE, "scaled", &scaled_table());
    page::table(PAGE, "faults", &faults_table());
    write_small();
}

/// Writes the tables whose runs are short.
pub(super) fn write_small() {
    page::table(PAGE, "refresh", &pair_table(&REFRESH));
    page::table(PAGE, "resize", &pair_table(&RESIZE));
}

const NAMES: [&str; 2] = [Rules::OURS.name, Rules::SDK.name];

fn parts_table() -> String {
    let mut table = format!(
        "| jobs | rules | {} | sum |\n| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        Parts::NAMES.join(" | ")
    );
    for ((profile, ..), pair) in LOADS.iter().zip(&*PAIRS) {
        for (name, outcome) in NAMES.iter().zip(pair) {
            let _ = write!(table, "| {} | {name} |", profile.name);
            for part in milliseconds(outcome.parts) {
                let _ = write!(table, " {part:.0} |");
            }
            let _ = writeln!(table, " {:.0} ms |", outcome.parts.sum() * 1000.0);
        }
    }
    table
}

fn groups(of: impl Fn(&Outcome) -> (Vec<f64>, String)) -> Vec<Group<'static>> {
    let groups = LOADS.iter().zip(&*PAIRS).map(|((profile, ..), pair)| {
        let bars = NAMES.iter().zip(pair).map(|(name, outcome)| {
            let (parts, text) = of(outcome);
            (*name, parts, text)
        });
        Group {
            name: profile.name.to_owned(),
            bars: bars.collect(),
        }
    });
    groups.collect()
}

fn time_plot() -> String {
    let parts: Vec<_> = Parts::NAMES.into_iter().zip(COLORS).collect();
    let plot = Bars {
        title: "The parts of the mean latency",
        parts: &parts,
        groups: groups(|it| (it.parts.list().to_vec(), format!("{:.2} s", it.parts.sum()))),
    };
    plot.svg()
}

fn gpu_plot() -> String {
    let plot = Bars {
        title: "Seconds of GPU time for 1,000 jobs",
        parts: &[("handlers run", "#27ae60"), ("everything else", "#bdc3c7")],
        groups: groups(|it| {
            let (gpu, work) = (it.gpu_per_1000(), it.busy_per_1000());
            (vec![work, gpu - work], format!("{gpu:.0} s"))
        }),
    };
    plot.svg()
}

fn rules_table() -> String {
    let names = LOADS.map(|it| it.0.name).join(" | ");
    let mut table = format!("| rules | {names} |\n| --- | --: | --: | --: |\n");
    let ours = PAIRS.iter().map(|it| &it[0]).collect::<Vec<_>>();
    let sdk = PAIRS.iter().map(|it| &it[1]).collect::<Vec<_>>();
    let variants = Rules::variants();
    let variants = variants.iter().zip(&*VARIANTS);
    let variants = variants.map(|(rules, row)| (rules.name, row.iter().collect()));
    let rows = std::iter::once((NAMES[0], ours.clone()))
        .chain(variants)
        .chain(std::iter::once((NAMES[1], sdk)));
    for (name, row) in rows {
        let _ = write!(table, "| {name} |");
        for (outcome, ours) in row.iter().zip(&ours) {
            let gpu = outcome.gpu_per_1000();
            let more = (gpu / ours.gpu_per_1000() - 1.0) * 100.0;
            let _ = write!(table, " {:.2} s, {gpu:.0} s ({more:+.0}%) |", outcome.mean);
        }
        table.push('\n');
    }
    table
}

fn large_table() -> String {
    let mut table = String::from(
        "| choice | finished | p50 | p99 | requests per job | GPU seconds per 1,000 jobs |\n\
         | --- | --: | --: | --: | --: | --: |\n",
    );
    let at = RATES.iter().position(|it| *it >= 10_000.0).expect("a rate");
    for (choice, row) in CHOICES.iter().zip(&*LARGE) {
        let it = &row[at];
        let _ = writeln!(
            table,
            "| {} | {:.0}/s | {} | {} | {:.2} | {:.0} s |",
            choice.name,
            it.jobs as f64 / it.lasted,
            time(it.p50),
            time(it.p99),
            it.takes as f64 / it.jobs as f64,
            it.gpu_per_1000()
        );
    }
    table
}

fn scaled_table() -> String {
    let mut table = String::from(
        "| choice | mean | p99 | most workers | GPU seconds per 1,000 jobs |\n\
         | --- | --: | --: | --: | --: |\n",
    );
    for (choice, it) in CHOICES.iter().zip(&*LARGE_SCALED) {
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {:.1} s |",
            choice.name,
            time(it.mean),
            time(it.p99),
            it.most_workers,
            it.gpu_per_1000()
        );
    }
    table
}

fn faults_table() -> String {
    let mut table = String::from(
        "| faults | rules | results given up | jobs handed to a worker that never ran them | additional runs | \
         failed jobs | p99 | GPU seconds per 1,000 jobs |\n| --- | --- | --: | --: | --: | --: | --: | --: |\n",
    );
    for (fault, pair) in &*FAULTS {
        for (name, it) in NAMES.iter().zip(pair) {
            let per = |number: f64| it.per_1000(number) * 10.0;
            let ended = (it.jobs - it.failed) as f64;
            let _ = writeln!(
                table,
                "| {fault} | {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} s | {:.0} s |",
                per(it.dropped as f64),
                per(it.stranded as f64),
                per((it.runs as f64 - ended).max(0.0)),
                per(it.failed as f64),
                it.p99,
                it.gpu_per_1000()
            );
        }
    }
    table
}

fn pair_table(pair: &[Outcome; 2]) -> String {
    let mut table = String::from(
        "| rules | mean | p99 | GPU seconds per 1,000 jobs |\n| --- | --: | --: | --: |\n",
    );
    for (name, it) in NAMES.iter().zip(pair) {
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {:.0} s |",
            time(it.mean),
            time(it.p99),
            it.gpu_per_1000()
        );
    }
    table
}

fn latency_plot() -> String {
    let colors = [
        "#c0392b", "#e67e22", "#f1c40f", "#8e44ad", "#2980b9", "#27ae60",
    ];
    let lines = CHOICES.iter().zip(&*LARGE).zip(colors);
    let lines = lines.map(|((choice, row), color)| Line {
        name: choice.short,
        color,
        points: RATES
            .iter()
            .zip(row)
            .map(|(rate, it)| (*rate, it.mean * 1000.0))
            .collect(),
    });
    let plot = Plot {
        title: "Mean latency with 200 workers, when jobs arrive for 10 s",
        x: Axis {
            name: "jobs per second",
            from: 500.0,
            to: 20_000.0,
            ticks: &[500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0],
        },
        y: Axis {
            name: "mean latency in ms",
            from: 50.0,
            to: 100_000.0,
            ticks: &[100.0, 1_000.0, 10_000.0, 100_000.0],
        },
        lines: lines.collect(),
    };
    plot.svg()
}

fn time(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.1} s")
    }
}
