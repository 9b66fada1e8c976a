//! Tests of waiting callers, and of the events that wake them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::*;

fn queue(change: impl FnOnce(&mut Limits, &mut Timing)) -> Queue {
    let (mut limits, mut timing) = (Limits::default(), Timing::default());
    change(&mut limits, &mut timing);
    Queue::new(limits, timing)
}

/// Polls the future once.
fn step<F: Future>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

fn running(queue: &Queue, sync: bool, ttl: Duration) -> JobId {
    let mut submission = submission(sync, "1");
    submission.policy.ttl = ttl;
    let id = submission.id;
    queue.submit(submission).unwrap();
    let taken = queue.with_state(|state, now| state.take(caller("w1"), 1, now));
    assert_eq!(taken.unwrap().len(), 1);
    id
}

fn done(queue: &Queue, job: JobId) {
    queue.done("w1", job, output("1"), false).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stale_poll_of_a_worker_that_ended_passes_its_wake_up_on() {
    let queue = queue(|_, _| {});
    let mut stale = pin!(queue.take(caller("ended"), 1));
    let mut other_stale = pin!(queue.take(caller("ended too"), 1));
    let mut live = pin!(queue.take(caller("live"), 1));
    assert!(step(&mut stale).is_pending());
    assert!(step(&mut other_stale).is_pending());
    assert!(step(&mut live).is_pending());
    queue.worker_ended("ended");
    queue.worker_ended("ended too");
    queue.submit(submission(false, "1")).unwrap();
    // The job wakes the poll that has waited longest.
    assert!(matches!(step(&mut stale), Poll::Ready(Err(_))));
    assert!(matches!(step(&mut other_stale), Poll::Ready(Err(_))));
    assert!(matches!(step(&mut live), Poll::Ready(Ok(tasks)) if tasks.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_dropped_when_it_was_woken_passes_its_wake_up_on() {
    let queue = queue(|_, _| {});
    let mut live = pin!(queue.take(caller("live"), 1));
    {
        let mut hung_up = pin!(queue.take(caller("gone"), 1));
        assert!(step(&mut hung_up).is_pending());
        assert!(step(&mut live).is_pending());
        queue.submit(submission(false, "1")).unwrap();
    }
    assert!(matches!(step(&mut live), Poll::Ready(Ok(tasks)) if tasks.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_time_is_over_when_it_was_woken_leaves_no_job_behind() {
    let queue = queue(|_, timing| timing.take_hold = secs(10));
    for _ in 0..20 {
        let mut late = pin!(queue.take(caller("late"), 1));
        assert!(step(&mut late).is_pending());
        tokio::time::advance(secs(5)).await;
        let mut live = pin!(queue.take(caller("live"), 1));
        assert!(step(&mut live).is_pending());
        tokio::time::advance(secs(5)).await;
        queue.submit(submission(false, "1")).unwrap();
        let Poll::Ready(Ok(late)) = step(&mut late) else {
            panic!("a poll must be answered when its hold time is over");
        };
        // Either poll may get the job. It depends on whether the late poll sees its timer or its wake-up first.
        if late.is_empty() {
            assert!(matches!(step(&mut live), Poll::Ready(Ok(tasks)) if tasks.len() == 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_that_come_back_wake_the_polls_of_other_workers() {
    let queue = queue(|_, _| {});
    running(&queue, false, secs(60));
    let mut stale = pin!(queue.take(caller("w1"), 1));
    let mut live = pin!(queue.take(caller("live"), 1));
    assert!(step(&mut stale).is_pending());
    assert!(step(&mut live).is_pending());
    queue.worker_ended("w1");
    assert!(matches!(step(&mut stale), Poll::Ready(Err(_))));
    assert!(matches!(step(&mut live), Poll::Ready(Ok(tasks)) if tasks.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_job_that_is_removed_learns_that_it_timed_out() {
    let queue = queue(|_, _| {});
    tokio::spawn(queue.clone().keep_time());
    let job = running(&queue, true, secs(10));
    let (waited, streamed) = tokio::join!(queue.wait(job, secs(60)), async {
        let mut streamed = queue.stream(job).await.unwrap();
        while !streamed.status.is_final() {
            streamed = queue.stream(job).await.unwrap();
        }
        streamed
    });
    let report = waited.expect("the job ends");
    assert_eq!(report.status, Status::TimedOut);
    let error = report.error.expect("the job has an error");
    let error = std::str::from_utf8(error.as_bytes()).unwrap();
    assert!(error.contains("time to live"), "{error}");
    assert_eq!(streamed.status, Status::TimedOut);
    assert!(streamed.items.is_empty());
    assert!(queue.report(job).is_err());
    assert!(queue.wait(job, secs(1)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_result_gets_it_though_it_is_not_kept() {
    // This queue has no room to keep the result.
    let no_room = queue(|limits, _| limits.held_bytes = 2_000);
    // This queue drops each result immediately.
    let no_time = queue(|_, timing| timing.runsync_retention = Duration::ZERO);
    tokio::spawn(no_time.clone().keep_time());
    for queue in [no_room, no_time] {
        let mut run_sync = pin!(queue.run_sync(submission(true, "1"), secs(60)));
        assert!(step(&mut run_sync).is_pending());
        let task = queue.with_state(|state, now| state.take(caller("w1"), 1, now));
        let task: Value = serde_json::from_slice(&task.unwrap()[0]).unwrap();
        let job = JobId::parse(task["id"].as_str().unwrap()).unwrap();
        done(&queue, job);
        for _ in 0..3 {
            // Lets the clock task process due events first.
            tokio::task::yield_now().await;
            let _ = queue.submit(submission(false, "1"));
        }
        assert!(queue.report(job).is_err(), "the queue still keeps the job");
        let report = run_sync.await.expect("the job ends");
        assert_eq!(report.status, Status::Completed);
        assert_eq!(report.output, Some(json("1")));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_job_gets_its_end_though_it_is_retried_at_once() {
    let queue = queue(|_, _| {});
    let job = running(&queue, false, secs(60));
    let mut wait = pin!(queue.wait(job, secs(60)));
    assert!(step(&mut wait).is_pending());
    queue.done("w1", job, error("\"no\""), false).unwrap();
    queue.retry(job).unwrap();
    assert_eq!(wait.await.unwrap().status, Status::Failed);
    assert_eq!(queue.report(job).unwrap().status, Status::InQueue);
}

#[tokio::test(start_paused = true)]
async fn no_time_to_wait_is_too_long_or_too_short() {
    for time in [Duration::MAX, Duration::ZERO] {
        let queue = queue(|_, timing| {
            timing.take_hold = time;
            timing.stop_hold = time;
            timing.stream_hold = time;
            timing.lost_after = time;
            timing.run_retention = time;
        });
        let clock = tokio::spawn(queue.clone().keep_time());
        let job = running(&queue, false, Duration::MAX);
        let mut stream = pin!(queue.stream(job));
        let mut wait = pin!(queue.wait(job, time));
        let mut stops = pin!(queue.stops(caller("w1")));
        let mut take = pin!(queue.take(caller("w2"), 1));
        let held = [
            step(&mut stream).is_pending(),
            step(&mut wait).is_pending(),
            step(&mut stops).is_pending(),
            step(&mut take).is_pending(),
        ];
        assert_eq!(held, [time == Duration::MAX; 4]);
        tokio::time::sleep(secs(24 * 60 * 60)).await;
        assert!(!clock.is_finished(), "the clock stopped");
    }
}
