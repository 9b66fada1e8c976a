//! Runs checks on the handlers' threads, with time limits. This thread only waits, so no check can hold it up.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::check::{Check, Row, Verdict, Work};
use crate::handler::Failure;

/// Runs checks one after another. After the first failure, no other check runs, unless `all` is true.
pub(crate) async fn one_after_another(checks: Vec<Check>, threads: &Handle, all: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for check in checks {
        let row = run(check, threads).await;
        let failed = row.unhealthy().is_some();
        rows.push(row);
        if failed && !all {
            break;
        }
    }
    rows
}

/// Runs checks at the same time and returns their rows in the order of the list. After the first failure in this order,
/// the later checks are not awaited, unless `all` is true.
pub(crate) async fn together(checks: Vec<Check>, threads: &Handle, all: bool) -> Vec<Row> {
    let running: Vec<_> = checks
        .into_iter()
        .map(|check| {
            let threads = threads.clone();
            tokio::spawn(async move { run(check, &threads).await })
        })
        .collect();
    let mut rows = Vec::new();
    for check in running {
        // The task does not panic, and it is cancelled only together with the runtime.
        let Ok(row) = check.await else { break };
        let failed = row.unhealthy().is_some();
        rows.push(row);
        if failed && !all {
            break;
        }
    }
    rows
}

async fn run(check: Check, threads: &Handle) -> Row {
    let Check {
        name,
        place,
        limit,
        remedy,
        work,
        turn,
    } = check;
    let _turn = match &turn {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    let begun = Instant::now();
    let verdict = match work {
        Work::Skipped(why) => Verdict::Skipped(why),
        Work::Run(Err(failure)) => Verdict::Failed(failure),
        Work::Run(Ok(run)) => match timeout(limit, run.run(threads)).await {
            Ok(Ok(found)) => Verdict::Passed(found),
            Ok(Err(failure)) => Verdict::Failed(failure),
            Err(_) => Verdict::Failed(too_long(limit, &remedy)),
        },
    };
    Row {
        name,
        place,
        verdict,
        took: begun.elapsed(),
    }
}

fn too_long(limit: Duration, remedy: &str) -> Failure {
    Failure::new(
        "TimeoutError",
        format!(
            "found no result after {} s, expected one within this time; {remedy}",
            limit.as_secs_f64()
        ),
    )
}
