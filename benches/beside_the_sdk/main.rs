//! Our worker beside the official SDK's, at the same endpoint on the same machine: `cargo xtask beside-the-sdk`.
//!
//! Both run turn by turn in one go, since the machine may have other work too. Our worker is this program, started again.

mod endpoint;
mod measures;
mod peer;
mod worker;

use std::error::Error;

use measures::Figures;
use peer::Peer;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker", kind, slots] => return Ok(worker::run(kind, slots.parse()?)?),
        // So it is started by `cargo bench`; `cargo test --all-targets` is to build it only.
        ref others if others.contains(&"--bench") => {}
        _ => {
            println!("the comparison is run by `cargo xtask beside-the-sdk`");
            return Ok(());
        }
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another provider of cryptography is installed")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let [ours, sdk] = Peer::both()?;
        let (ours, sdk) = (Figures::of(&ours).await?, Figures::of(&sdk).await?);
        show(&ours, &sdk);
        Ok(())
    })
}

fn show(ours: &Figures, sdk: &Figures) {
    let mixed = format!(
        "300 jobs of 50 to 900 ms, ten at once ({:.1} s at best)",
        measures::mixed_at_best()
    );
    println!("| | `runpod-worker` | Python SDK | |\n| --- | ---: | ---: | ---: |");
    for (what, unit, ours, sdk, more_is_better) in [
        (
            "process start to first result",
            "s",
            ours.cold_start,
            sdk.cold_start,
            false,
        ),
        ("memory then held", "MB", ours.memory, sdk.memory, false),
        (
            "job submitted to result, idle worker",
            "ms",
            ours.answer,
            sdk.answer,
            false,
        ),
        (
            "job submitted to first stream item",
            "ms",
            ours.first_item,
            sdk.first_item,
            false,
        ),
        (
            "jobs that do nothing, one at a time",
            "a second",
            ours.jobs_a_second,
            sdk.jobs_a_second,
            true,
        ),
        (mixed.as_str(), "s", ours.mixed, sdk.mixed, false),
        (
            "SIGTERM to exit, idle worker",
            "s",
            ours.end,
            sdk.end,
            false,
        ),
    ] {
        let times = if more_is_better {
            ours / sdk
        } else {
            sdk / ours
        };
        println!(
            "| {what} | {} {unit} | {} {unit} | {} × |",
            figure(ours),
            figure(sdk),
            figure(times)
        );
    }
}

/// With three digits that mean something.
fn figure(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        1.0..10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
