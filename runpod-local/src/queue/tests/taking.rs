//! Which worker gets which job.

use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::*;

#[test]
fn jobs_are_taken_in_the_order_in_which_they_came() {
    let mut queue = TimedQueue::new();
    let jobs: Vec<_> = (0..5).map(|_| queue.run()).collect();
    let taken: Vec<_> = (0..5).filter_map(|_| queue.take("w1")).collect();
    assert_eq!(taken, jobs);
    assert_eq!(queue.take("w1"), None);
}

#[test]
fn a_batch_has_no_more_jobs_than_were_asked_for() {
    let mut queue = TimedQueue::new();
    for _ in 0..5 {
        queue.run();
    }
    assert_eq!(queue.take_up_to("w1", 3).len(), 3);
    assert_eq!(queue.take_up_to("w1", 3).len(), 2);
    assert_eq!(queue.take_up_to("w1", 3).len(), 0);
}

#[test]
fn a_batch_of_large_jobs_is_cut_but_for_the_first() {
    let mut queue = TimedQueue::new();
    for _ in 0..4 {
        let large = format!("\"{}\"", "x".repeat(30 * 1024 * 1024));
        queue
            .state
            .submit(submission(false, &large), queue.now)
            .unwrap();
    }
    assert_eq!(queue.take_up_to("w1", 4).len(), 2);
}

#[test]
fn a_taken_job_is_in_progress_and_names_its_worker_and_its_delay() {
    let mut queue = TimedQueue::new();
    let job = queue.run();
    assert_eq!(queue.report(job).delay, None);
    queue.pass(secs(3));
    queue.take("w1");
    let report = queue.report(job);
    assert_eq!(report.status, Status::InProgress);
    assert_eq!(report.worker.as_deref(), Some("w1"));
    assert_eq!(report.delay, Some(secs(3)));
    assert_eq!(report.execution, None);
}

#[test]
fn each_queued_job_wakes_one_taker_and_no_more() {
    let mut queue = TimedQueue::new();
    let takers = Arc::clone(&queue.state.takers);
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(takers.notified())).collect();
    let mut woken = || {
        let mut context = Context::from_waker(Waker::noop());
        let polled = waiting
            .iter_mut()
            .map(|taker| taker.as_mut().poll(&mut context));
        polled.filter(Poll::is_ready).count()
    };
    assert_eq!(woken(), 0);
    queue.run();
    assert_eq!(woken(), 1);
    queue.run();
    queue.run();
    assert_eq!(woken(), 3);
}

#[test]
fn a_full_house_of_workers_lets_in_no_more() {
    let mut queue = TimedQueue::limited(|limits| limits.workers = 2);
    queue.take("w1");
    queue.take("w2");
    let refused = queue.state.take(caller("w3"), 1, queue.now);
    assert_eq!(refused, Err(QueueError::TooManyWorkers(2)));
    queue.take("w2");
}
