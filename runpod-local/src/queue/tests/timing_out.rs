//! What happens because time passes.

use super::*;

#[test]
fn a_job_that_runs_for_too_long_times_out_and_its_worker_is_told() {
    let mut table = Table::new();
    let job = table.submit(false, |job| job.policy.execution_timeout = secs(5));
    table.pass(secs(100));
    table.take("w1");
    table.pass(Duration::from_millis(4_999));
    assert_eq!(table.status(job), Some(Status::InProgress));
    table.pass(Duration::from_millis(1));
    let report = table.report(job);
    assert_eq!(report.status, Status::TimedOut);
    assert_eq!(report.execution, Some(secs(5)));
    assert!(table.error(job).contains("5000 ms"), "{}", table.error(job));
    assert_eq!(table.stops("w1"), [job]);
    assert_eq!(table.done("w1", job, output("1")), Accepted::Ignored);
    assert_eq!(table.state.health().failed, 1);
}

#[test]
fn a_job_that_is_never_taken_times_out_at_the_end_of_its_time_to_live() {
    let mut table = Table::new();
    let job = table.submit(false, |job| job.policy.ttl = secs(10));
    table.pass(secs(10));
    assert_eq!(table.status(job), Some(Status::TimedOut));
    assert!(table.error(job).contains("10000 ms"));
    assert_eq!(table.take("w1"), None);
}

#[test]
fn a_running_job_is_removed_at_the_end_of_its_time_to_live() {
    let mut table = Table::new();
    let job = table.submit(false, |job| job.policy.ttl = secs(10));
    table.pass(secs(8));
    table.take("w1");
    table.ping("w1", &[job]);
    table.pass(secs(2));
    assert_eq!(table.status(job), None);
    assert_eq!(
        table.state.retry(job, table.now).err(),
        Some(QueueError::UnknownJob(job.to_string()))
    );
    assert_eq!(table.state.health().failed, 1);
    assert_eq!(table.state.health().in_progress, 0);
    assert_eq!(table.state.held_bytes, 0);
    let removed = table.lines[0].to_string();
    assert!(
        removed.contains(&job.to_string()) && removed.contains("10000 ms"),
        "{removed}"
    );
    // Its worker is told to stop it, and again as long as it names it.
    assert_eq!(table.stops("w1"), [job]);
    assert_eq!(table.stops("w1"), []);
    table.ping("w1", &[job]);
    assert_eq!(table.stops("w1"), [job]);
    table.ping("w1", &[]);
    table.ping("w1", &[job]);
    assert_eq!(table.stops("w1"), []);
    let late = table.state.done("w1", job, output("1"), false, table.now);
    assert_eq!(late, Err(QueueError::UnknownJob(job.to_string())));
}

#[test]
fn a_job_that_came_back_from_a_lost_worker_times_out_in_the_queue() {
    let mut table = Table::new();
    let job = table.submit(false, |job| job.policy.ttl = secs(15));
    table.take("w1");
    table.ping("w1", &[job]);
    table.pass(secs(15));
    assert_eq!(table.status(job), Some(Status::TimedOut));
    assert!(table.error(job).contains("time to live"));
}

#[test]
fn a_job_that_ended_in_time_stays_as_it_ended() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, output("1"));
    table.pass(secs(20 * 60));
    assert_eq!(table.status(job), Some(Status::Completed));
    assert_eq!(table.stops("w1"), []);
}

#[test]
fn a_retry_after_the_time_to_live_has_a_new_one() {
    let mut table = Table::new();
    let job = table.submit(false, |job| job.policy.ttl = secs(10));
    table.pass(secs(10));
    table.state.retry(job, table.now).unwrap();
    table.pass(secs(9));
    assert_eq!(table.status(job), Some(Status::InQueue));
    table.pass(secs(1));
    assert_eq!(table.status(job), Some(Status::TimedOut));
}

#[test]
fn results_expire_and_the_totals_stay() {
    let mut table = Table::new();
    let run = table.running("w1");
    let sync = table.submit(true, |_| {});
    table.take("w1");
    table.done("w1", run, output("1"));
    table.done("w1", sync, output("1"));
    table.pass(secs(59));
    assert!(table.status(sync).is_some());
    table.pass(secs(1));
    assert!(table.status(sync).is_none());
    table.pass(secs(29 * 60 - 1));
    assert!(table.status(run).is_some());
    table.pass(secs(1));
    assert!(table.status(run).is_none());
    assert_eq!(table.state.health().completed, 2);
    assert_eq!(table.state.held_bytes, 0);
    assert!(table.state.recent(10).is_empty());
}

#[test]
fn a_retried_job_does_not_expire_with_the_attempt_before() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, error("\"no\""));
    table.pass(secs(29 * 60));
    table.state.retry(job, table.now).unwrap();
    table.pass(secs(60 * 60));
    assert_eq!(table.status(job), Some(Status::InQueue));
}

#[test]
fn stale_deadlines_do_not_pile_up() {
    let mut table = Table::new();
    for _ in 0..20_000 {
        let job = table.running("w1");
        table.done("w1", job, output("1"));
    }
    assert!(table.state.deadlines.len() <= 2_048);
}
