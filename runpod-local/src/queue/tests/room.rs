//! Limits on what the queue holds.

use super::*;

#[test]
fn a_full_queue_takes_no_more_until_somebody_takes() {
    let mut queue = TimedQueue::limited(|limits| limits.queued_jobs = 2);
    queue.run();
    queue.run();
    let refused = queue.state.submit(submission(false, "1"), queue.now);
    assert_eq!(refused, Err(QueueError::QueueFull(2)));
    queue.take("w1");
    queue.run();
}

#[test]
fn results_make_room_for_jobs_the_oldest_first_and_queued_jobs_do_not() {
    let mut queue = TimedQueue::limited(|limits| limits.held_bytes = 100_000);
    let old = queue.running("w1");
    let large = format!("\"{}\"", "x".repeat(40_000));
    queue.done("w1", old, output(&large));
    let newer = queue.running("w1");
    queue.done("w1", newer, output(&large));
    let queued = submission(false, &large);
    let id = queued.id;
    queue.state.submit(queued, queue.now).unwrap();
    assert_eq!(queue.status(old), None);
    assert_eq!(queue.status(newer), Some(Status::Completed));
    queue
        .state
        .submit(submission(false, &large), queue.now)
        .unwrap();
    assert_eq!(queue.status(newer), None);
    let refused = queue.state.submit(submission(false, &large), queue.now);
    assert_eq!(refused, Err(QueueError::HeldFull(100_000)));
    assert_eq!(queue.status(id), Some(Status::InQueue));
    let warnings = queue.state.publisher.take_lines();
    let dropped = warnings
        .iter()
        .filter(|lines| **lines == LogEvent::ResultsDropped);
    assert_eq!(dropped.count(), 1);
}

#[test]
fn a_result_is_accepted_however_full_it_is() {
    let mut queue = TimedQueue::limited(|limits| limits.held_bytes = 10_000);
    let job = queue.running("w1");
    let large = format!("\"{}\"", "x".repeat(40_000));
    assert_eq!(queue.done("w1", job, output(&large)), Accepted::Yes);
    assert_eq!(queue.report(job).output, Some(json(&large)));
}

#[test]
fn what_is_counted_as_held_is_let_go_with_the_jobs() {
    let mut queue = TimedQueue::new();
    for round in 0..3 {
        let job = queue.running("w1");
        queue.item("w1", job, "\"item\"");
        queue
            .state
            .progress("w1", job, json("1"), queue.now)
            .unwrap();
        queue.state.log(job, LogLine::warning("a line"));
        if round == 0 {
            queue.state.cancel(job, queue.now);
        } else {
            queue.done("w1", job, error("\"no\""));
        }
        if round == 2 {
            queue.state.retry(job, queue.now).unwrap();
            queue.state.cancel(job, queue.now);
        }
    }
    assert!(queue.state.held_bytes > 0);
    queue.pass(secs(30 * 60));
    assert_eq!(queue.state.held_bytes, 0);
    assert!(queue.state.jobs.is_empty());
}

#[test]
fn a_queued_job_costs_less_than_it_is_counted_for() {
    use super::super::job::{Job, OVERHEAD};
    use super::super::waiting_jobs::Place;

    // The map's pointer and the two indexes, each with its spare capacity.
    let index = 2 * (size_of::<JobId>() + size_of::<usize>());
    let place = 2 * (size_of::<JobId>() + size_of::<Place>());
    let deadline = 2 * size_of::<(Instant, JobId)>();
    assert!(size_of::<Job>() + index + place + deadline <= OVERHEAD);
}

#[test]
fn log_lines_are_bounded_in_number_and_bytes() {
    let mut queue = TimedQueue::limited(|limits| {
        limits.log_lines = 3;
        limits.log_bytes = 10;
    });
    let job = queue.run();
    for line in ["a", "b", "c", "d"] {
        queue.state.log(job, LogLine::new("info", line));
    }
    let lines = |queue: &TimedQueue| -> Vec<_> {
        let detail = queue.detail(job);
        detail
            .logs
            .iter()
            .map(|line| line.text.to_string())
            .collect()
    };
    assert_eq!(lines(&queue), ["b", "c", "d"]);
    queue.state.log(job, LogLine::new("info", "123456789"));
    assert_eq!(lines(&queue), ["d", "123456789"]);
    queue
        .state
        .log(job, LogLine::new("info", "123456789é and more"));
    assert_eq!(lines(&queue), ["123456789"]);
    let numbered = |index| {
        queue.state.jobs[&job]
            .line(index)
            .map(|line| line.text.to_string())
    };
    assert_eq!(
        (numbered(4), numbered(5)),
        (None, Some("123456789".to_owned()))
    );
}

#[test]
fn the_address_of_a_webhook_counts_as_held() {
    let mut queue = TimedQueue::new();
    queue.submit(false, |job| job.webhook = Some("http://h/".into()));
    let short = queue.state.held_bytes;
    queue.submit(false, |job| {
        job.webhook = Some(format!("http://h/{}", "x".repeat(1_000)).into());
    });
    assert_eq!(queue.state.held_bytes, 2 * short + 1_000);
}

#[test]
fn log_lines_make_old_results_go_too() {
    let mut queue = TimedQueue::limited(|limits| limits.held_bytes = 100_000);
    let old = queue.running("w1");
    let large = format!("\"{}\"", "x".repeat(90_000));
    queue.done("w1", old, output(&large));
    let job = queue.running("w1");
    queue
        .state
        .log(job, LogLine::new("info", &"x".repeat(20_000)));
    assert_eq!(queue.status(old), None);
    assert!(queue.state.held_bytes <= 100_000);
}
