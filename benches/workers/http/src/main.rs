//! Measures our worker's HTTP mode and a bare axum server in turn, with the same requests. `cargo xtask bench http` runs
//! it.
//!
//! Each round measures both servers, and every second round reverses the order. In each round, our figure is divided by
//! the bare server's figure. The table shows the median of the figures, and the median and the range of these ratios.

mod load;
mod server;

use std::error::Error;
use std::time::Duration;

use load::Request;
use server::{Running, Server};
use worker_bench::figures::{around, digits};
use worker_bench::sample::Sample;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The time between a server's start and its measurement, under load.
const WARM_UP: Duration = Duration::from_millis(300);
const USAGE: &str = "usage: cargo xtask bench http [--rounds N] [--window SECONDS]";

/// A situation in which the servers are measured.
struct Cell {
    measures: [(&'static str, &'static str); 3],
    request: fn() -> Request,
    connections: usize,
    /// The number of units that one response counts for.
    units: f64,
}

const CELLS: [Cell; 4] = [
    Cell {
        measures: [
            ("throughput of values, 1 connection", "/s"),
            ("CPU time per value, 1 connection", "µs"),
            (
                "99th percentile of the latency of a value, 1 connection",
                "µs",
            ),
        ],
        request: Request::value,
        connections: 1,
        units: 1.0,
    },
    Cell {
        measures: [
            ("throughput of values, 50 connections", "/s"),
            ("CPU time per value, 50 connections", "µs"),
            (
                "99th percentile of the latency of a value, 50 connections",
                "µs",
            ),
        ],
        request: Request::value,
        connections: 50,
        units: 1.0,
    },
    Cell {
        measures: [
            ("throughput of stream items, 1 connection", "/s"),
            ("CPU time per stream item, 1 connection", "µs"),
            (
                "99th percentile of the time of a stream of 1,000 items, 1 connection",
                "µs",
            ),
        ],
        request: Request::items,
        connections: 1,
        units: 1000.0,
    },
    Cell {
        measures: [
            ("throughput of stream items, 50 connections", "/s"),
            ("CPU time per stream item, 50 connections", "µs"),
            (
                "99th percentile of the time of a stream of 1,000 items, 50 connections",
                "µs",
            ),
        ],
        request: Request::items,
        connections: 50,
        units: 1000.0,
    },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let (rounds, window) = arguments()?;
    println!(
        "| measure | {} | {} |",
        server::ALL[0].title(),
        server::ALL[1].title()
    );
    println!("| --- | ---: | ---: |");
    for cell in &CELLS {
        let mut samples = vec![[Sample::default(), Sample::default()]; cell.measures.len()];
        for round in 0..rounds {
            let mut order = [0, 1];
            if round % 2 == 1 {
                order.reverse();
            }
            for column in order {
                let figures = measure(cell, server::ALL[column], window).await?;
                for (row, figure) in samples.iter_mut().zip(figures) {
                    row[column].0.push(Some(figure));
                }
            }
        }
        for ((what, unit), [bare, ours]) in cell.measures.iter().zip(&samples) {
            let spreads = (bare.spread(), ours.spread(), ours.ratio_to(bare));
            let (Some(bare), Some(ours), Some(ratio)) = spreads else {
                return Err(format!("{what}: no round was measured").into());
            };
            println!(
                "| {what} | {}{unit} | {}{unit}, {} ×{} |",
                digits(bare.median),
                digits(ours.median),
                digits(ratio.median),
                around(ratio),
            );
        }
    }
    Ok(())
}

/// Returns units per second, processor time per unit in microseconds, and the 99th percentile in microseconds.
async fn measure(cell: &Cell, server: Server, window: Duration) -> Outcome<[f64; 3]> {
    let running = Running::start(server, cell.connections).await?;
    let request = (cell.request)();
    load::run(running.address, request, cell.connections, WARM_UP).await?;
    let before = running.usage().processor_time()?;
    let begun = std::time::Instant::now();
    let mut counted = load::run(running.address, request, cell.connections, window).await?;
    let took = begun.elapsed().as_secs_f64();
    let processor = running.usage().processor_time()?.saturating_sub(before);
    let units = counted.count() * cell.units;
    let slowest = counted.slowest_percent().ok_or("no response was counted")?;
    Ok([units / took, processor.as_secs_f64() * 1e6 / units, slowest])
}

fn arguments() -> Outcome<(usize, Duration)> {
    let (mut rounds, mut window) = (5, Duration::from_secs(1));
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value\n{USAGE}"))?;
        match word.as_str() {
            "--rounds" => rounds = value.parse::<usize>()?.max(1),
            "--window" => window = Duration::try_from_secs_f64(value.parse()?)?,
            _ => return Err(format!("there is no argument `{word}`\n{USAGE}").into()),
        }
    }
    Ok((rounds, window))
}
