//! How jobs end, and what happens when two want to end one.

use super::*;

#[test]
fn a_result_completes_a_job_and_an_error_fails_it() {
    let mut table = Table::new();
    let (good, bad) = (table.running("w1"), table.running("w1"));
    table.pass(secs(2));
    table.done("w1", good, output("[1, 2]"));
    table.done("w1", bad, error(r#"{"code": 7}"#));
    let report = table.report(good);
    assert_eq!(report.status, Status::Completed);
    assert_eq!(report.output, Some(json("[1, 2]")));
    assert_eq!(report.execution, Some(secs(2)));
    let report = table.report(bad);
    assert_eq!(report.status, Status::Failed);
    assert_eq!(report.error, Some(json(r#"{"code": 7}"#)));
}

#[test]
fn the_first_result_wins_and_a_further_one_is_ignored_and_counted() {
    let mut table = Table::new();
    let job = table.running("w1");
    assert_eq!(table.done("w1", job, output("1")), Accepted::Yes);
    assert_eq!(table.done("w1", job, error("\"late\"")), Accepted::Ignored);
    assert_eq!(table.status(job), Some(Status::Completed));
    assert_eq!(table.state.metrics.ignored, 1);
    assert_eq!(table.state.health().completed, 1);
    assert_eq!(table.state.health().failed, 0);
}

#[test]
fn who_never_took_a_job_may_not_post_to_it() {
    let mut table = Table::new();
    let job = table.running("w1");
    let never = QueueError::NeverTaken {
        job,
        worker: "w2".to_owned(),
    };
    let now = table.now;
    let state = &mut table.state;
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
    assert_eq!(table.status(job), Some(Status::InProgress));
}

#[test]
fn a_queued_job_that_nobody_took_cannot_be_finished() {
    let mut table = Table::new();
    let job = table.run();
    let now = table.now;
    assert!(
        table
            .state
            .done("w1", job, output("1"), false, now)
            .is_err()
    );
    assert_eq!(table.take("w1"), Some(job));
}

#[test]
fn cancelling_a_queued_job_takes_it_out_of_the_queue() {
    let mut table = Table::new();
    let (first, second) = (table.run(), table.run());
    table.pass(secs(1));
    table.state.cancel(first, table.now);
    let report = table.report(first);
    assert_eq!(report.status, Status::Cancelled);
    assert_eq!((report.delay, report.execution), (Some(secs(1)), None));
    assert_eq!(table.take_up_to("w1", 2), [second]);
}

#[test]
fn cancelling_a_running_job_tells_its_worker_once_and_ignores_its_result() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.state.cancel(job, table.now);
    assert_eq!(table.status(job), Some(Status::Cancelled));
    assert_eq!(table.stops("w1"), [job]);
    assert_eq!(table.stops("w1"), []);
    assert_eq!(table.done("w1", job, output("1")), Accepted::Ignored);
    assert_eq!(table.item("w1", job, "1"), Accepted::Ignored);
    assert_eq!(table.status(job), Some(Status::Cancelled));
}

#[test]
fn a_ping_that_still_names_a_cancelled_job_asks_for_its_stop_again() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.state.cancel(job, table.now);
    table.stops("w1");
    table.ping("w1", &[job]);
    assert_eq!(table.stops("w1"), [job]);
    table.ping("w1", &[]);
    assert_eq!(table.stops("w1"), []);
}

#[test]
fn a_ping_that_its_own_result_has_overtaken_asks_for_no_stop() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, output("1"));
    table.ping("w1", &[job]);
    assert_eq!(table.stops("w1"), []);
}

#[test]
fn cancelling_what_has_ended_changes_nothing() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, output("1"));
    table.state.cancel(job, table.now);
    assert_eq!(table.status(job), Some(Status::Completed));
}

#[test]
fn purging_cancels_what_is_queued_and_leaves_what_runs() {
    let mut table = Table::new();
    let running = table.running("w1");
    let queued = [table.run(), table.run(), table.run()];
    let newest = table.state.waiting.last_place();
    let later = table.run();
    assert_eq!(table.state.purge(newest, 2, table.now), 2);
    assert_eq!(table.state.purge(newest, 2, table.now), 1);
    assert_eq!(table.state.purge(newest, 2, table.now), 0);
    for job in queued {
        assert_eq!(table.status(job), Some(Status::Cancelled));
    }
    assert_eq!(table.status(running), Some(Status::InProgress));
    assert_eq!(table.take_up_to("w1", 9), [later]);
}

#[test]
fn a_retried_job_is_queued_under_its_id_and_ends_anew() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, error("\"no\""));
    table.pass(secs(60));
    table.state.retry(job, table.now).unwrap();
    let report = table.report(job);
    assert_eq!(report.status, Status::InQueue);
    assert_eq!((report.error, report.retries), (None, 1));
    table.pass(secs(5));
    assert_eq!(table.take("w2"), Some(job));
    assert_eq!(table.report(job).delay, Some(secs(5)));
    assert_eq!(table.done("w2", job, output("1")), Accepted::Yes);
    assert_eq!(table.status(job), Some(Status::Completed));
    assert_eq!(table.state.health().retried, 1);
}

#[test]
fn only_a_job_that_failed_or_timed_out_is_retried() {
    let mut table = Table::new();
    let job = table.run();
    for (status, event) in [
        (Status::InQueue, None),
        (Status::InProgress, Some("take")),
        (Status::Completed, Some("done")),
    ] {
        match event {
            Some("take") => drop(table.take("w1")),
            Some(_) => drop(table.done("w1", job, output("1"))),
            None => {}
        }
        let refused = table.state.retry(job, table.now);
        assert_eq!(refused, Err(QueueError::NotRetriable { job, status }));
    }
}

#[test]
fn a_repeated_result_of_the_attempt_before_does_not_end_a_retried_job() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.done("w1", job, error("\"no\""));
    table.state.retry(job, table.now).unwrap();
    // The worker had no answer to its post, and sends it again.
    assert_eq!(table.done("w1", job, error("\"no\"")), Accepted::Ignored);
    assert_eq!(table.status(job), Some(Status::InQueue));
    assert_eq!(table.take("w1"), Some(job));
    assert_eq!(table.done("w1", job, output("1")), Accepted::Yes);
}

#[test]
fn a_worker_that_asks_to_be_refreshed_is_shown_so_until_it_takes_again() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.refreshed("w1", job, output("1"));
    assert_eq!(
        table.state.workers.summaries()[0].state,
        WorkerState::Refreshing
    );
    table.running("w1");
    assert_eq!(
        table.state.workers.summaries()[0].state,
        WorkerState::Running
    );
}

#[test]
fn purging_cancels_what_came_back_from_a_lost_worker_too() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.ping("w1", &[job]);
    table.pass(secs(10));
    let newest = table.state.waiting.last_place();
    assert_eq!(table.state.purge(newest, 9, table.now), 1);
    assert_eq!(table.status(job), Some(Status::Cancelled));
}

#[test]
fn a_job_that_a_lost_worker_no_longer_has_is_not_given_back_twice() {
    let mut table = Table::new();
    let job = table.running("w1");
    let worker = Arc::from("w1");
    table.state.give_back(job, &worker, table.now);
    table.state.give_back(job, &worker, table.now);
    assert_eq!(table.report(job).retries, 1);
    assert_eq!(table.take_up_to("w2", 9), [job]);
    table.done("w2", job, output("1"));
    table.state.give_back(job, &worker, table.now);
    assert_eq!(table.status(job), Some(Status::Completed));
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
