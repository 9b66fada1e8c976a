//! Measures our downloads and uploads, curl's, and the Python SDK's in turn, with the same files. `cargo xtask bench
//! transfers` runs it.
//!
//! In each round, each program transfers the same files, in another order. Each figure is divided by curl's figure of
//! the same round. The bytes that arrived are compared with the bytes that were sent, so a wrong transfer is an error.

mod bucket;
mod contender;
mod files;
mod process;
mod site;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use bucket::Bucket;
use contender::{ALL, Contender};
use files::Files;
use transfers_bench::{Order, Report};
use worker_bench::figures::{around, digits};
use worker_bench::sample::Sample;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: cargo xtask bench transfers [--rounds N] [--folder PATH] [download | upload] [large | medium | small]";

/// The sizes of the files.
const SHAPES: [(&str, &str, usize, usize); 3] = [
    ("large", "one file of 1 GB", 1, 1_000_000_000),
    ("medium", "one file of 64 MB", 1, 64_000_000),
    ("small", "200 files of 64 KiB", 200, 64 << 10),
];

/// What is printed of a report.
const MEASURES: [(&str, &str, fn(&Report) -> f64); 3] = [
    ("time", "s", |report| report.seconds),
    ("CPU time", "s", |report| report.processor_seconds),
    ("peak resident memory", "MB", |report| report.megabytes),
];

#[derive(Debug)]
struct Arguments {
    rounds: usize,
    folder: PathBuf,
    words: Vec<String>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments = arguments()?;
    let titles = ALL.map(Contender::title);
    println!(
        "| measure | {} |\n| --- | ---: | ---: | ---: |",
        titles.join(" | ")
    );
    for direction in ["download", "upload"] {
        for (name, title, count, bytes) in SHAPES {
            if arguments.selects(direction, &["download", "upload"])
                && arguments.selects(name, &SHAPES.map(|shape| shape.0))
            {
                let files = Files::new(count, bytes);
                let reports = measure(direction, &files, &arguments).await?;
                print(&format!("{direction} of {title}"), &reports);
            }
        }
    }
    Ok(())
}

/// Returns the reports of each program, one per round.
async fn measure(
    direction: &str,
    files: &Files,
    arguments: &Arguments,
) -> Outcome<[Vec<Report>; ALL.len()]> {
    let place = tempfile::tempdir_in(&arguments.folder)?;
    // A worker has another working directory.
    let place = place.path().canonicalize()?;
    let (into, temporary) = (place.join("into"), place.join("temporary"));
    let mut order = Order {
        download: Vec::new(),
        upload: Vec::new(),
        into,
        report: place.join("report.json"),
    };
    let (arrived, bucket) = if direction == "download" {
        order.download = site::serve(files.clone()).await?;
        (order.into.clone(), None)
    } else {
        order.upload = files.write_to(&place.join("from"))?;
        let bucket = Bucket::start(&place.join("s3"))?;
        (bucket.objects(), Some(bucket))
    };
    let mut reports: [Vec<Report>; ALL.len()] = Default::default();
    for round in 0..arguments.rounds {
        for index in 0..ALL.len() {
            let index = (index + round) % ALL.len();
            for folder in [&order.into, &temporary, &arrived] {
                empty(folder)?;
            }
            let contender = ALL[index];
            let report = tokio::task::block_in_place(|| {
                let report = contender.run(&order, bucket.as_ref(), &temporary)?;
                files.check(&arrived)?;
                Ok(report)
            });
            let failed = |error: Box<dyn Error>| format!("{}: {error}", contender.title());
            reports[index].push(report.map_err(failed)?);
        }
    }
    Ok(reports)
}

fn empty(folder: &Path) -> Outcome<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

fn print(title: &str, reports: &[Vec<Report>; ALL.len()]) {
    for (what, unit, of) in MEASURES {
        let samples = reports
            .each_ref()
            .map(|reports| Sample(reports.iter().map(|report| Some(of(report))).collect()));
        let cells = samples.iter().enumerate().map(|(column, sample)| {
            let (Some(spread), Some(ratio)) = (sample.spread(), sample.ratio_to(&samples[0]))
            else {
                return String::new();
            };
            let figure = format!("{} {unit}", digits(spread.median));
            match column {
                0 => figure,
                _ => format!("{figure}, {} ×{}", digits(ratio.median), around(ratio)),
            }
        });
        let cells: Vec<_> = cells.collect();
        println!("| {what}, {title} | {} |", cells.join(" | "));
    }
}

impl Arguments {
    /// Returns whether a word is asked for. If no word of its kind is asked for, all are.
    fn selects(&self, word: &str, kind: &[&str]) -> bool {
        let mut asked_for = self
            .words
            .iter()
            .filter(|it| kind.contains(&it.as_str()))
            .peekable();
        asked_for.peek().is_none() || asked_for.any(|it| it == word)
    }
}

fn arguments() -> Outcome<Arguments> {
    let mut arguments = Arguments {
        rounds: 5,
        folder: std::env::temp_dir(),
        words: Vec::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| format!("{word} needs a value\n{USAGE}"))
        };
        match word.as_str() {
            "--rounds" => arguments.rounds = value()?.parse::<usize>()?.max(1),
            "--folder" => arguments.folder = value()?.into(),
            "download" | "upload" | "large" | "medium" | "small" => arguments.words.push(word),
            _ => return Err(format!("there is no argument `{word}`\n{USAGE}").into()),
        }
    }
    Ok(arguments)
}
