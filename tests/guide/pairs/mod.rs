//! `docs/coming-from-python.md`: what stands there in two languages does the same in both. Each program is a worker of
//! its own, the Python one on the real SDK, on an endpoint with the same jobs.

mod jobs;
mod outcome;
mod page;
mod play;
mod programs;
mod wire;

use std::fmt::Write as _;

use serde_json::Value;

use page::{Pair, pairs};
use programs::Programs;

/// Only http is spoken here; the client asks for TLS all the same. A second call finds it there.
fn provide_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// One row for each job; and what differs.
async fn compare(
    programs: &Programs,
    pair: &Pair,
    jobs: &[Value],
    table: &mut String,
    differences: &mut String,
) {
    let updates = usize::from(pair.python.contains("progress_update"));
    let sdk = play::play(programs.python(pair), jobs, updates).await;
    let ours = play::play(programs.rust(pair), jobs, updates).await;
    let (sdk, ours) = match (sdk, ours) {
        (Ok(sdk), Ok(ours)) => (sdk, ours),
        (sdk, ours) => {
            for (peer, fault) in [("Python", sdk.err()), ("Rust", ours.err())] {
                if let Some(fault) = fault {
                    let _ = writeln!(differences, "{}, in {peer}: {fault}", pair.heading);
                }
            }
            return;
        }
    };
    for (input, (sdk, ours)) in jobs.iter().zip(sdk.iter().zip(&ours)) {
        let (said, told) = (sdk.told(), ours.told());
        let _ = writeln!(
            table,
            "{}\n  given   {input}\n  Python  {said}\n  Rust    {told}",
            pair.heading
        );
        if sdk != ours {
            let _ = writeln!(
                differences,
                "{}, given {input}:\n  Python  {said}\n  Rust    {told}",
                pair.heading
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_languages_say_the_same() {
    provide_tls();
    let pairs = pairs();
    let jobs = jobs::jobs();
    let shown: Vec<&str> = pairs.iter().map(|pair| &*pair.heading).collect();
    let asked: Vec<&str> = jobs.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(
        shown, asked,
        "each pair of the page has its jobs in pairs/jobs.rs"
    );

    let programs = Programs::build(&pairs, "pairs");
    let (mut table, mut differences) = (String::new(), String::new());
    for (pair, (_, jobs)) in pairs.iter().zip(&jobs) {
        compare(&programs, pair, jobs, &mut table, &mut differences).await;
    }
    println!("{table}");
    assert!(
        differences.is_empty(),
        "{differences}\nAll of them:\n{table}"
    );
}
