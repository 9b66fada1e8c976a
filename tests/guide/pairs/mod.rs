//! Tests that, in `docs/how-to/move-from-python.md`, the two programs of each pair behave the same. Each program runs
//! as a worker, the Python program on the real SDK, and both get the same jobs from an endpoint.

mod jobs;
mod outcome;
mod page;
mod play;
mod programs;
mod wire;

use std::fmt::Write as _;
use std::sync::OnceLock;

use serde_json::{Value, json};

use page::{Pair, pairs};
use programs::Programs;

/// Returns the programs, which the first test builds.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        // The tests use only http, but the client needs a TLS provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Programs::build(&pairs())
    })
}

/// Runs both programs of a pair. Writes one row per job to `table`, and the differences to `differences`.
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
            "{}\n  input   {input}\n  Python  {said}\n  Rust    {told}",
            pair.heading
        );
        if sdk != ours {
            let _ = writeln!(
                differences,
                "{}, input {input}:\n  Python  {said}\n  Rust    {told}",
                pair.heading
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_languages_say_the_same() {
    let pairs = pairs();
    let jobs = jobs::jobs();
    let shown: Vec<&str> = pairs.iter().map(|pair| &*pair.heading).collect();
    let asked: Vec<&str> = jobs.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(
        shown, asked,
        "every pair on the page must have jobs in pairs/jobs.rs, in the same order"
    );

    let programs = programs();
    let (mut table, mut differences) = (String::new(), String::new());
    for (pair, (_, jobs)) in pairs.iter().zip(&jobs) {
        compare(programs, pair, jobs, &mut table, &mut differences).await;
    }
    println!("{table}");
    assert!(differences.is_empty(), "{differences}\nAll jobs:\n{table}");
}

/// Compares the Python program of one pair with the Rust program of another pair that takes the same input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_say_something_else_are_found() {
    let pairs = pairs();
    let under = |heading: &str| {
        let found = pairs.iter().find(|pair| pair.heading == heading);
        found.expect("the page has a pair with this heading")
    };
    let value = under("Refresh the worker after every job");
    let others = ["Stream from a generator", "Load a model once"];
    for other in others.map(under) {
        let jobs = [json!({ "text": "fine" })];
        let sdk = play::play(programs().python(value), &jobs, 0).await;
        let ours = play::play(programs().rust(other), &jobs, 0).await;
        let sdk = sdk.expect("the Python worker runs its jobs");
        let ours = ours.expect("the Rust worker runs its jobs");
        assert_ne!(sdk, ours, "{}", other.heading);
        assert_ne!(sdk[0].output, ours[0].output, "{}", other.heading);
        assert_ne!(sdk[0].refreshes, ours[0].refreshes, "{}", other.heading);
    }
}
