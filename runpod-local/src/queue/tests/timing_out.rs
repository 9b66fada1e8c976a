//! Events that happen because time passes.

use super::*;

#[test]
fn a_job_that_runs_for_too_long_times_out_and_its_worker_is_told() {
    let mut queue = TimedQueue::new();
    let job = queue.submit(false, |job| job.policy.execution_timeout = secs(5));
    queue.pass(secs(100));
    queue.take("w1");
    queue.pass(Duration::from_millis(4_999));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.pass(Duration::from_millis(1));
    let report = queue.report(job);
    assert_eq!(report.status, Status::TimedOut);
    assert_eq!(report.execution, Some(secs(5)));
    assert!(queue.error(job).contains("5000 ms"), "{}", queue.error(job));
    assert_eq!(queue.stops("w1"), [job]);
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Ignored);
    assert_eq!(queue.state.health().failed, 1);
}

#[test]
fn a_job_that_is_never_taken_times_out_at_the_end_of_its_time_to_live() {
    let mut queue = TimedQueue::new();
    let job = queue.submit(false, |job| job.policy.ttl = secs(10));
    queue.pass(secs(10));
    assert_eq!(queue.status(job), Some(Status::TimedOut));
    assert!(queue.error(job).contains("10000 ms"));
    assert_eq!(queue.take("w1"), None);
}

#[test]
fn a_running_job_is_removed_at_the_end_of_its_time_to_live() {
    let mut queue = TimedQueue::new();
    let job = queue.submit(false, |job| job.policy.ttl = secs(10));
    queue.pass(secs(8));
    queue.take("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(2));
    assert_eq!(queue.status(job), None);
    assert_eq!(
        queue.state.retry(job, queue.now).err(),
        Some(QueueError::UnknownJob(job.to_string()))
    );
    assert_eq!(queue.state.health().failed, 1);
    assert_eq!(queue.state.health().in_progress, 0);
    assert_eq!(queue.state.held_bytes, 0);
    let removed = queue.lines[0].to_string();
    assert!(
        removed.contains(&job.to_string()) && removed.contains("10000 ms"),
        "{removed}"
    );
    // The stop poll of the job's worker returns the job, and does so again as long as the worker's pings name the
    // job.
    assert_eq!(queue.stops("w1"), [job]);
    assert_eq!(queue.stops("w1"), []);
    queue.ping("w1", &[job]);
    assert_eq!(queue.stops("w1"), [job]);
    queue.ping("w1", &[]);
    queue.ping("w1", &[job]);
    assert_eq!(queue.stops("w1"), []);
    let late = queue.state.done("w1", job, output("1"), false, queue.now);
    assert_eq!(late, Err(QueueError::UnknownJob(job.to_string())));
}

#[test]
fn a_job_that_came_back_from_a_lost_worker_times_out_in_the_queue() {
    let mut queue = TimedQueue::new();
    let job = queue.submit(false, |job| job.policy.ttl = secs(15));
    queue.take("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(15));
    assert_eq!(queue.status(job), Some(Status::TimedOut));
    assert!(queue.error(job).contains("time to live"));
}

#[test]
fn a_job_that_ended_in_time_stays_as_it_ended() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, output("1"));
    queue.pass(secs(20 * 60));
    assert_eq!(queue.status(job), Some(Status::Completed));
    assert_eq!(queue.stops("w1"), []);
}

#[test]
fn a_retry_after_the_time_to_live_has_a_new_one() {
    let mut queue = TimedQueue::new();
    let job = queue.submit(false, |job| job.policy.ttl = secs(10));
    queue.pass(secs(10));
    queue.state.retry(job, queue.now).unwrap();
    queue.pass(secs(9));
    assert_eq!(queue.status(job), Some(Status::InQueue));
    queue.pass(secs(1));
    assert_eq!(queue.status(job), Some(Status::TimedOut));
}

#[test]
fn results_expire_and_the_totals_stay() {
    let mut queue = TimedQueue::new();
    let run = queue.running("w1");
    let sync = queue.submit(true, |_| {});
    queue.take("w1");
    queue.done("w1", run, output("1"));
    queue.done("w1", sync, output("1"));
    queue.pass(secs(59));
    assert!(queue.status(sync).is_some());
    queue.pass(secs(1));
    assert!(queue.status(sync).is_none());
    queue.pass(secs(29 * 60 - 1));
    assert!(queue.status(run).is_some());
    queue.pass(secs(1));
    assert!(queue.status(run).is_none());
    assert_eq!(queue.state.health().completed, 2);
    assert_eq!(queue.state.held_bytes, 0);
    assert!(queue.state.recent(10).is_empty());
}

#[test]
fn a_retried_job_does_not_expire_with_the_attempt_before() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, error("\"no\""));
    queue.pass(secs(29 * 60));
    queue.state.retry(job, queue.now).unwrap();
    queue.pass(secs(60 * 60));
    assert_eq!(queue.status(job), Some(Status::InQueue));
}

#[test]
fn stale_deadlines_do_not_pile_up() {
    let mut queue = TimedQueue::new();
    for _ in 0..20_000 {
        let job = queue.running("w1");
        queue.done("w1", job, output("1"));
    }
    assert!(queue.state.deadlines.len() <= 2_048);
}
