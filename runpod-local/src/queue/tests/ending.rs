//! How jobs end, and what happens if two requests try to end the same job.

use super::*;

#[test]
fn a_result_completes_a_job_and_an_error_fails_it() {
    let mut queue = TimedQueue::new();
    let (good, bad) = (queue.running("w1"), queue.running("w1"));
    queue.pass(secs(2));
    queue.done("w1", good, output("[1, 2]"));
    queue.done("w1", bad, error(r#"{"code": 7}"#));
    let report = queue.report(good);
    assert_eq!(report.status, Status::Completed);
    assert_eq!(report.output, Some(json("[1, 2]")));
    assert_eq!(report.execution, Some(secs(2)));
    let report = queue.report(bad);
    assert_eq!(report.status, Status::Failed);
    assert_eq!(report.error, Some(json(r#"{"code": 7}"#)));
}

#[test]
fn the_first_result_wins_and_a_further_one_is_ignored_and_counted() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Yes);
    assert_eq!(queue.done("w1", job, error("\"late\"")), Accepted::Ignored);
    assert_eq!(queue.status(job), Some(Status::Completed));
    assert_eq!(queue.state.metrics.ignored, 1);
    assert_eq!(queue.state.health().completed, 1);
    assert_eq!(queue.state.health().failed, 0);
}

#[test]
fn who_never_took_a_job_may_not_post_to_it() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    let never = QueueError::NeverTaken {
        job,
        worker: "w2".to_owned(),
    };
    let now = queue.now;
    let state = &mut queue.state;
    assert_eq!(
        state.done("w2", job, output("1"), false, now),
        Err(never.clone())
    );
    assert_eq!(
        state.progress("w2", job, json("1"), now),
        Err(never.clone())
    );
    assert_eq!(state.stream("w2", job, vec![json("1")], now), Err(never));
    let unknown = JobId::new(false);
    assert_eq!(
        state.done("w1", unknown, output("1"), false, now),
        Err(QueueError::UnknownJob(unknown.to_string()))
    );
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_queued_job_that_nobody_took_cannot_be_finished() {
    let mut queue = TimedQueue::new();
    let job = queue.run();
    let now = queue.now;
    assert!(
        queue
            .state
            .done("w1", job, output("1"), false, now)
            .is_err()
    );
    assert_eq!(queue.take("w1"), Some(job));
}

#[test]
fn cancelling_a_queued_job_takes_it_out_of_the_queue() {
    let mut queue = TimedQueue::new();
    let (first, second) = (queue.run(), queue.run());
    queue.pass(secs(1));
    queue.state.cancel(first, queue.now);
    let report = queue.report(first);
    assert_eq!(report.status, Status::Cancelled);
    assert_eq!((report.delay, report.execution), (Some(secs(1)), None));
    assert_eq!(queue.take_up_to("w1", 2), [second]);
}

#[test]
fn cancelling_a_running_job_tells_its_worker_once_and_ignores_its_result() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.state.cancel(job, queue.now);
    assert_eq!(queue.status(job), Some(Status::Cancelled));
    assert_eq!(queue.stops("w1"), [job]);
    assert_eq!(queue.stops("w1"), []);
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Ignored);
    assert_eq!(queue.item("w1", job, "1"), Accepted::Ignored);
    assert_eq!(queue.status(job), Some(Status::Cancelled));
}

#[test]
fn a_ping_that_still_names_a_cancelled_job_asks_for_its_stop_again() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.state.cancel(job, queue.now);
    queue.stops("w1");
    queue.ping("w1", &[job]);
    assert_eq!(queue.stops("w1"), [job]);
    queue.ping("w1", &[]);
    assert_eq!(queue.stops("w1"), []);
}

#[test]
fn a_ping_that_its_own_result_has_overtaken_asks_for_no_stop() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, output("1"));
    queue.ping("w1", &[job]);
    assert_eq!(queue.stops("w1"), []);
}

#[test]
fn cancelling_what_has_ended_changes_nothing() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, output("1"));
    queue.state.cancel(job, queue.now);
    assert_eq!(queue.status(job), Some(Status::Completed));
}

#[test]
fn purging_cancels_what_is_queued_and_leaves_what_runs() {
    let mut queue = TimedQueue::new();
    let running = queue.running("w1");
    let queued = [queue.run(), queue.run(), queue.run()];
    let newest = queue.state.waiting.last_place();
    let later = queue.run();
    assert_eq!(queue.state.purge(newest, 2, queue.now), 2);
    assert_eq!(queue.state.purge(newest, 2, queue.now), 1);
    assert_eq!(queue.state.purge(newest, 2, queue.now), 0);
    for job in queued {
        assert_eq!(queue.status(job), Some(Status::Cancelled));
    }
    assert_eq!(queue.status(running), Some(Status::InProgress));
    assert_eq!(queue.take_up_to("w1", 9), [later]);
}

#[test]
fn a_retried_job_is_queued_under_its_id_and_ends_anew() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, error("\"no\""));
    queue.pass(secs(60));
    queue.state.retry(job, queue.now).unwrap();
    let report = queue.report(job);
    assert_eq!(report.status, Status::InQueue);
    assert_eq!((report.error, report.retries), (None, 1));
    queue.pass(secs(5));
    assert_eq!(queue.take("w2"), Some(job));
    assert_eq!(queue.report(job).delay, Some(secs(5)));
    assert_eq!(queue.done("w2", job, output("1")), Accepted::Yes);
    assert_eq!(queue.status(job), Some(Status::Completed));
    assert_eq!(queue.state.health().retried, 1);
}

#[test]
fn only_a_job_that_failed_or_timed_out_is_retried() {
    let mut queue = TimedQueue::new();
    let job = queue.run();
    for (status, event) in [
        (Status::InQueue, None),
        (Status::InProgress, Some("take")),
        (Status::Completed, Some("done")),
    ] {
        match event {
            Some("take") => drop(queue.take("w1")),
            Some(_) => drop(queue.done("w1", job, output("1"))),
            None => {}
        }
        let refused = queue.state.retry(job, queue.now);
        assert_eq!(refused, Err(QueueError::NotRetriable { job, status }));
    }
}

#[test]
fn a_repeated_result_of_the_attempt_before_does_not_end_a_retried_job() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, error("\"no\""));
    queue.state.retry(job, queue.now).unwrap();
    // The worker received no answer to its post, so it sends the result again.
    assert_eq!(queue.done("w1", job, error("\"no\"")), Accepted::Ignored);
    assert_eq!(queue.status(job), Some(Status::InQueue));
    assert_eq!(queue.take("w1"), Some(job));
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Yes);
}

#[test]
fn a_worker_that_asks_to_be_refreshed_is_shown_so_until_it_takes_again() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.refreshed("w1", job, output("1"));
    assert_eq!(
        queue.state.workers.summaries()[0].state,
        WorkerState::Refreshing
    );
    queue.running("w1");
    assert_eq!(
        queue.state.workers.summaries()[0].state,
        WorkerState::Running
    );
}

#[test]
fn purging_cancels_what_came_back_from_a_lost_worker_too() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    let newest = queue.state.waiting.last_place();
    assert_eq!(queue.state.purge(newest, 9, queue.now), 1);
    assert_eq!(queue.status(job), Some(Status::Cancelled));
}

#[test]
fn a_job_that_a_lost_worker_no_longer_has_is_not_given_back_twice() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    let worker = Arc::from("w1");
    queue.state.give_back(job, &worker, queue.now);
    queue.state.give_back(job, &worker, queue.now);
    assert_eq!(queue.report(job).retries, 1);
    assert_eq!(queue.take_up_to("w2", 9), [job]);
    queue.done("w2", job, output("1"));
    queue.state.give_back(job, &worker, queue.now);
    assert_eq!(queue.status(job), Some(Status::Completed));
}

#[test]
fn the_log_says_why_a_late_result_is_ignored() {
    let job = JobId::new(false);
    let ignored = |status| {
        let worker = "w1".to_owned();
        LogEvent::Ignored {
            job,
            worker,
            status,
        }
        .to_string()
    };
    for (status, why) in [
        (Status::Failed, "the job is already FAILED"),
        (Status::InProgress, "it belongs to an earlier attempt"),
        (Status::InQueue, "it belongs to an earlier attempt"),
    ] {
        let expected = format!("job {job}: ignored a late result from worker w1, because {why}");
        assert_eq!(ignored(status), expected);
    }
}
