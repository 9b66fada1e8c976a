//! Measures the endpoint's speed and compares it with an axum server that does nothing: `cargo bench -p runpod-local`.
//!
//! The server runs in its own process, so its CPU time does not include that of the clients. The process is this same
//! program, started with the argument `serve`.

mod connection;
mod queued;
mod round_trips;
mod served;
mod streamed;

use std::error::Error;

use round_trips::Speed;
use served::{Kind, Served};

type Outcome<T> = Result<T, Box<dyn Error>>;

const GOAL_ROUND_TRIPS: f64 = 15_000.0;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", kind] => return served::serve(kind),
        // `cargo bench` passes --bench. `cargo test --all-targets` should only build this program.
        ref others if others.contains(&"--bench") => {}
        _ => {
            println!("run this benchmark with `cargo bench -p runpod-local`");
            return Ok(());
        }
    }
    // The clients use one thread, because the server needs the other core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

async fn measure() -> Outcome<()> {
    // The two servers take turns, because the load of other programs on this machine changes over time.
    let mut bare = Vec::new();
    let mut endpoint = Vec::new();
    for _ in 0..3 {
        bare.push(round_trips::speed(&Served::start(Kind::Bare)?).await?);
        endpoint.push(round_trips::speed(&Served::start(Kind::Endpoint)?).await?);
    }
    let (bare, endpoint) = (best(&bare), best(&endpoint));
    let bytes = queued::bytes_a_job(&Served::start(Kind::Endpoint)?).await?;
    let delays = streamed::delays(&Served::start(Kind::Endpoint)?).await?;

    let rows = [
        (
            format!(
                "/run + job-take + job-done, {} connections",
                round_trips::CONNECTIONS
            ),
            shown(endpoint),
            format!(">= {GOAL_ROUND_TRIPS:.0}"),
        ),
        (
            "the same requests, three empty routes of axum".to_owned(),
            shown(bare),
            String::new(),
        ),
        (
            "the endpoint's rate in percent of that".to_owned(),
            format!("{:.0} %", 100.0 * endpoint.a_second / bare.a_second),
            String::new(),
        ),
        (
            format!(
                "memory per queued job in addition to its input, with {} jobs",
                queued::JOBS
            ),
            format!("{bytes:.0} bytes"),
            "< 1024".to_owned(),
        ),
        (
            format!(
                "time from worker to client for each of {} stream items: median",
                streamed::ITEMS
            ),
            format!("{:.3} ms", delays.median_ms),
            "< 2".to_owned(),
        ),
        (
            "99th percentile".to_owned(),
            format!("{:.3} ms", delays.p99_ms),
            String::new(),
        ),
    ];
    println!("| figure | measured | goal |\n| --- | --- | --- |");
    for (what, measured, aim) in rows {
        println!("| {what} | {measured} | {aim} |");
    }
    Ok(())
}

/// Returns the best figures, because other programs can only make a figure worse.
fn best(speeds: &[Speed]) -> Speed {
    Speed {
        a_second: speeds.iter().map(|it| it.a_second).fold(0.0, f64::max),
        cpu_us: speeds.iter().map(|it| it.cpu_us).fold(f64::MAX, f64::min),
    }
}

fn shown(speed: Speed) -> String {
    format!(
        "{:.0} per second, {:.1} µs of the server's CPU time each",
        speed.a_second, speed.cpu_us
    )
}
