//! Ten thousand jobs with all faults at once, and the real SDK in the same conditions for comparison.

use std::time::Duration;

use crate::dice::again;
use crate::fault::Fault;
use crate::jobs::{Job, Plan, jobs};
use crate::process::Kind;
use crate::stage::Stage;
use crate::verdict::Sums;
use crate::weather::{Chance, On, Outage, Weather};

/// How many jobs our worker gets by default.
const JOBS: usize = 10_000;
/// Few jobs, because the SDK takes about a second for each round of job-take requests, however long the jobs are.
const JOBS_OF_THE_SDK: usize = 200;
/// This variable sets how many jobs each of the two workers gets.
const VARIABLE: &str = "RUNPOD_CHAOS_JOBS";

/// The faults of the documented guarantee: 10% of the answers are 500, 5% of the connections are reset before and 5%
/// after acceptance, and 5% of the job-take answers are malformed. There are also delays and two outages.
fn storm(jobs: usize) -> Weather {
    let outage = |after_results| Outage {
        after_results,
        lasting: Duration::from_secs(5),
        with: Fault::ResetBefore,
    };
    Weather::fair()
        .with(On::All, Chance::Share(0.10), Fault::Status(500))
        .with(On::All, Chance::Share(0.05), Fault::ResetBefore)
        .with(On::All, Chance::Share(0.05), Fault::ResetAfter)
        .malformed_takes(Chance::Share(0.05))
        .with(
            On::All,
            Chance::Share(0.05),
            Fault::Late(Duration::from_millis(50)),
        )
        .outage(outage(jobs / 4))
        .outage(outage(jobs / 2))
}

fn short_jobs(count: usize) -> Vec<Job> {
    jobs(count, |number| Plan {
        ms: 2 + (number as u64 * 7) % 20,
        items: 3,
        size: (number * 131) % 2000,
        ..Plan::default()
    })
}

/// Returns the number from the variable, or the default.
fn how_many(usual: usize) -> usize {
    let given = std::env::var(VARIABLE).ok();
    given.map_or(usual, |given| {
        given
            .parse()
            .unwrap_or_else(|_| panic!("{VARIABLE}: found {given:?}; expected a whole number"))
    })
}

/// Runs one worker with these faults.
async fn weathered(name: &str, kind: Kind, count: usize) -> Stage {
    let mut stage = Stage::set(name, kind, storm(count), short_jobs(count)).await;
    let mut worker = stage.start();
    if kind.is_sdk {
        // If a job's id is a number, the SDK's HTTP client becomes unusable, and the SDK may take no more jobs.
        if !stage.settles().await {
            println!("{name}: the SDK did not settle every job");
        }
        // The SDK may run as long as its requests are held, and its heartbeats may outlive it.
        drop(worker);
    } else {
        stage.until_settled().await;
        let code = stage.dismiss(&mut worker).await;
        assert_eq!(code, Some(0), "{name}: the exit code");
    }
    stage
}

fn show(who: &str, count: usize, sums: &Sums) {
    println!("ledger of {who}, {count} jobs, {}: {sums}", again());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_jobs_in_a_storm_lose_nothing() {
    let count = how_many(JOBS);
    let stage = weathered("storm", Kind::ours("async", 32), count).await;
    show("ours", count, &stage.verdict().sums);
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.taken, sums.delivered), (count, count));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_in_a_storm_have_no_holes() {
    let count = how_many(JOBS) / 10;
    let stage = weathered("storm-of-streams", Kind::ours("stream", 32), count).await;
    show("ours, streaming", count, &stage.verdict().sums);
    let sums = stage.assert_kept().sums;
    assert_eq!((sums.delivered, sums.items), (count, 3 * count));
}

/// The test requires nothing of the SDK. It prints the SDK's ledger next to ours.
#[tokio::test]
async fn the_sdk_goes_through_the_same_storm() {
    let count = how_many(JOBS_OF_THE_SDK).min(JOBS_OF_THE_SDK);
    let ours = weathered("small-storm", Kind::ours("async", 32), count).await;
    let sdk = weathered("small-storm-sdk", Kind::sdk("async", 32), count).await;
    show("ours", count, &ours.verdict().sums);
    show("the SDK", count, &sdk.verdict().sums);
    assert_eq!(ours.assert_kept().sums.delivered, count);
    assert!(sdk.verdict().sums.taken > 0, "the SDK took part");
}
