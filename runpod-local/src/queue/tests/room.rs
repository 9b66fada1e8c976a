//! How much is held.

use super::*;

#[test]
fn a_full_queue_takes_no_more_until_somebody_takes() {
    let mut table = Table::limited(|limits| limits.queued_jobs = 2);
    table.run();
    table.run();
    let refused = table.state.submit(submission(false, "1"), table.now);
    assert_eq!(refused, Err(QueueError::QueueFull(2)));
    table.take("w1");
    table.run();
}

#[test]
fn results_make_room_for_jobs_the_oldest_first_and_queued_jobs_do_not() {
    let mut table = Table::limited(|limits| limits.held_bytes = 100_000);
    let old = table.running("w1");
    let large = format!("\"{}\"", "x".repeat(40_000));
    table.done("w1", old, output(&large));
    let newer = table.running("w1");
    table.done("w1", newer, output(&large));
    let queued = submission(false, &large);
    let id = queued.id;
    table.state.submit(queued, table.now).unwrap();
    assert_eq!(table.status(old), None);
    assert_eq!(table.status(newer), Some(Status::Completed));
    table
        .state
        .submit(submission(false, &large), table.now)
        .unwrap();
    assert_eq!(table.status(newer), None);
    let refused = table.state.submit(submission(false, &large), table.now);
    assert_eq!(refused, Err(QueueError::HeldFull(100_000)));
    assert_eq!(table.status(id), Some(Status::InQueue));
    let warnings = table.state.publisher.take_lines();
    let dropped = warnings
        .iter()
        .filter(|lines| **lines == LogEvent::ResultsDropped);
    assert_eq!(dropped.count(), 1);
}

#[test]
fn a_result_is_accepted_however_full_it_is() {
    let mut table = Table::limited(|limits| limits.held_bytes = 10_000);
    let job = table.running("w1");
    let large = format!("\"{}\"", "x".repeat(40_000));
    assert_eq!(table.done("w1", job, output(&large)), Accepted::Yes);
    assert_eq!(table.report(job).output, Some(json(&large)));
}

#[test]
fn what_is_counted_as_held_is_let_go_with_the_jobs() {
    let mut table = Table::new();
    for round in 0..3 {
        let job = table.running("w1");
        table.item("w1", job, "\"item\"");
        table
            .state
            .progress("w1", job, json("1"), table.now)
            .unwrap();
        table.state.log(job, LogLine::warning("a line"));
        if round == 0 {
            table.state.cancel(job, table.now);
        } else {
            table.done("w1", job, error("\"no\""));
        }
        if round == 2 {
            table.state.retry(job, table.now).unwrap();
            table.state.cancel(job, table.now);
        }
    }
    assert!(table.state.held_bytes > 0);
    table.pass(secs(30 * 60));
    assert_eq!(table.state.held_bytes, 0);
    assert!(table.state.jobs.is_empty());
}

#[test]
fn a_queued_job_costs_less_than_it_is_counted_for() {
    use super::super::job::{Job, OVERHEAD};
    use super::super::waiting_jobs::Place;

    // The map's pointer and the two indexes, each with the room that they keep free.
    let index = 2 * (size_of::<JobId>() + size_of::<usize>());
    let place = 2 * (size_of::<JobId>() + size_of::<Place>());
    let deadline = 2 * size_of::<(Instant, JobId)>();
    assert!(size_of::<Job>() + index + place + deadline <= OVERHEAD);
}

#[test]
fn log_lines_are_bounded_in_number_and_bytes() {
    let mut table = Table::limited(|limits| {
        limits.log_lines = 3;
        limits.log_bytes = 10;
    });
    let job = table.run();
    for line in ["a", "b", "c", "d"] {
        table.state.log(job, LogLine::new("info", line));
    }
    let lines = |table: &Table| -> Vec<_> {
        let detail = table.detail(job);
        detail
            .logs
            .iter()
            .map(|line| line.text.to_string())
            .collect()
    };
    assert_eq!(lines(&table), ["b", "c", "d"]);
    table.state.log(job, LogLine::new("info", "123456789"));
    assert_eq!(lines(&table), ["d", "123456789"]);
    table
        .state
        .log(job, LogLine::new("info", "123456789é and more"));
    assert_eq!(lines(&table), ["123456789"]);
    let numbered = |index| {
        table.state.jobs[&job]
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
    let mut table = Table::new();
    table.submit(false, |job| job.webhook = Some("http://h/".into()));
    let short = table.state.held_bytes;
    table.submit(false, |job| {
        job.webhook = Some(format!("http://h/{}", "x".repeat(1_000)).into());
    });
    assert_eq!(table.state.held_bytes, 2 * short + 1_000);
}

#[test]
fn log_lines_make_old_results_go_too() {
    let mut table = Table::limited(|limits| limits.held_bytes = 100_000);
    let old = table.running("w1");
    let large = format!("\"{}\"", "x".repeat(90_000));
    table.done("w1", old, output(&large));
    let job = table.running("w1");
    table
        .state
        .log(job, LogLine::new("info", &"x".repeat(20_000)));
    assert_eq!(table.status(old), None);
    assert!(table.state.held_bytes <= 100_000);
}
