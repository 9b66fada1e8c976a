//! Counts the allocations of a job, and also its instructions if valgrind is installed or can be installed. The
//! counts do not depend on the speed of the machine, so tests can enforce bounds on them.
//!
//! A bound is at least a tenth above the count at the time it was written. If a change makes the worker cheaper, lower
//! the bound in the same commit. If a change makes it more expensive, explain in the commit what the cost is for.

mod endpoint;
mod worker;

use endpoint::Endpoint;
use worker::Counted;

/// The number of jobs or items before the first count. By then, connections are open and buffers have their final size.
const WARM_UP: u64 = 200;
const COUNTED: u64 = 1000;
/// The number of jobs between the two counts in valgrind, where a job takes a hundred times as long. Instructions vary
/// less than allocations, so fewer jobs are enough.
const COUNTED_IN_VALGRIND: u64 = 250;

/// Allocations per no-op job, one job at a time: take, run, post.
const PER_JOB: f64 = 130.0;
/// Allocations per no-op job with 50 slots. Many jobs then share a job-take request. Their number depends on timing.
/// If every job has its own request, a job costs as much as with one slot.
const PER_JOB_OF_50: f64 = PER_JOB;
/// Allocations per item of a stream.
const PER_ITEM: f64 = 66.0;
/// Instructions of the debug build per no-op job, one job at a time, in valgrind.
const INSTRUCTIONS_PER_JOB: f64 = 1_200_000.0;

#[test]
fn a_job_needs_no_more_allocations_than_it_did() {
    assert_at_most(per_job(1), PER_JOB, "allocations per job with one slot");
}

#[test]
fn a_job_of_a_worker_with_many_slots_needs_no_more_allocations_than_it_did() {
    let counted = per_job(50);
    assert_at_most(counted, PER_JOB_OF_50, "allocations per job with 50 slots");
}

#[test]
fn an_item_of_a_stream_needs_no_more_allocations_than_it_did() {
    let endpoint = Endpoint::open(1, WARM_UP + COUNTED);
    let _worker = Counted::start("stream", 1, &endpoint);
    let items = endpoint.items(WARM_UP + COUNTED);
    assert_at_most(
        per_one(&items),
        PER_ITEM,
        "allocations per item of a stream",
    );
}

#[test]
#[ignore = "needs valgrind: `cargo xtask test` runs it, if valgrind is there or can be installed"]
fn a_job_needs_no_more_instructions_than_it_did() {
    let few = instructions(WARM_UP);
    let many = instructions(WARM_UP + COUNTED_IN_VALGRIND);
    let counted = float(many.saturating_sub(few)) / float(COUNTED_IN_VALGRIND);
    assert_at_most(counted, INSTRUCTIONS_PER_JOB, "instructions per job");
}

fn per_job(slots: usize) -> f64 {
    let endpoint = Endpoint::open(WARM_UP + COUNTED, 0);
    let _worker = Counted::start("value", slots, &endpoint);
    per_one(&endpoint.results(WARM_UP + COUNTED))
}

/// Computes the cost of one job or item from the counts of the whole process, in the order in which they were sent.
fn per_one(counts: &[u64]) -> f64 {
    let warm = counts[usize::try_from(WARM_UP).unwrap() - 1];
    let last = *counts.last().unwrap();
    float(last - warm) / float(COUNTED)
}

/// Returns the instructions of a worker that runs this many jobs and exits.
fn instructions(jobs: u64) -> u64 {
    let endpoint = Endpoint::open(jobs, 0);
    Counted::instructions(&endpoint)
}

#[track_caller]
fn assert_at_most(counted: f64, bound: f64, what: &str) {
    println!("{what}: {counted:.1} (at most {bound})");
    assert!(
        counted <= bound,
        "{what}: {counted:.1}, but at most {bound} are allowed"
    );
    assert!(
        counted > bound / 2.0,
        "{what}: {counted:.1}, less than half of the bound {bound}; lower the bound so that it guards again"
    );
}

/// The counts here are far below 2⁵³, up to which an `f64` represents every integer.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn float(count: u64) -> f64 {
    count as f64
}
