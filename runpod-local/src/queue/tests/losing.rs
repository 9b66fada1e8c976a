//! Lost workers, and workers that only seemed to be lost.

use super::*;

#[test]
fn the_jobs_of_a_silent_worker_go_to_the_front_in_their_order() {
    let mut queue = TimedQueue::new();
    let taken = [queue.running("w1"), queue.running("w1")];
    let waiting = queue.run();
    queue.ping("w1", &taken);
    queue.pass(secs(9));
    assert_eq!(queue.status(taken[0]), Some(Status::InProgress));
    queue.pass(secs(1));
    for job in taken {
        let report = queue.report(job);
        assert_eq!((report.status, report.retries), (Status::InQueue, 1));
        assert_eq!(report.worker, None);
    }
    assert!(queue.state.workers.summaries().is_empty());
    assert_eq!(queue.take_up_to("w2", 9), [taken[0], taken[1], waiting]);
    assert_eq!(queue.state.health().retried, 2);
    assert!(matches!(&queue.lines[0], LogEvent::WorkerLost { worker, .. } if **worker == *"w1"));
}

#[test]
fn a_worker_that_pings_is_not_lost() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    for _ in 0..10 {
        queue.ping("w1", &[job]);
        queue.pass(secs(9));
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_worker_that_never_pings_nor_asks_for_stops_is_lost_after_six_times_as_long() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.pass(secs(59));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.pass(secs(1));
    let report = queue.report(job);
    assert_eq!((report.status, report.retries), (Status::InQueue, 1));
    assert!(matches!(&queue.lines[0], LogEvent::WorkerLost { worker, .. } if **worker == *"w1"));
    assert_eq!(queue.take("w2"), Some(job));
}

#[test]
fn a_job_whose_workers_never_ping_and_vanish_fails_like_any_other() {
    let mut queue = TimedQueue::new();
    let job = queue.run();
    for lost in 1..=4 {
        assert_eq!(queue.take(&format!("w{lost}")), Some(job));
        queue.pass(secs(60));
    }
    assert_eq!(queue.status(job), Some(Status::Failed));
    assert!(queue.error(job).contains("lost 4 times"));
}

#[test]
fn what_a_worker_posts_is_a_sign_of_life_without_pings() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    for _ in 0..5 {
        queue.pass(secs(50));
        queue.item("w1", job, "1");
    }
    for _ in 0..5 {
        queue.pass(secs(50));
        // The worker has a concurrency of two and asks for another job.
        assert_eq!(queue.take("w1"), None);
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_worker_without_pings_that_asks_for_stops_is_known_by_its_polls() {
    // Without a ping address, the SDK's worker sends only stop polls during a long job.
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.stops("w1");
    for _ in 0..50 {
        queue.state.poll_begins("w1");
        queue.pass(secs(10));
        queue.state.poll_ends("w1", false, queue.now);
        queue.stops("w1");
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
    // The worker is killed, and its connections break.
    queue.state.poll_begins("w1");
    queue.state.poll_ends("w1", true, queue.now);
    queue.pass(secs(9));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.pass(secs(1));
    assert_eq!(queue.status(job), Some(Status::InQueue));
}

#[test]
fn a_lost_worker_that_never_pinged_may_still_post_its_result() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.pass(secs(60));
    assert_eq!(queue.status(job), Some(Status::InQueue));
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Yes);
    assert_eq!(queue.status(job), Some(Status::Completed));
}

#[test]
fn a_worker_whose_poll_is_open_is_not_lost() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.state.poll_begins("w1");
    queue.pass(secs(30));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.state.poll_ends("w1", false, queue.now);
    queue.pass(secs(9));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.pass(secs(1));
    assert_eq!(queue.status(job), Some(Status::InQueue));
}

#[test]
fn pings_that_outlive_their_worker_do_not_keep_its_jobs() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    assert_eq!(queue.stops("w1"), []);
    // The worker is killed, but the process that sends its pings continues.
    for _ in 0..20 {
        queue.ping("w1", &[job]);
        queue.pass(secs(1));
    }
    assert_eq!(queue.status(job), Some(Status::InQueue));
    assert!(queue.state.workers.summaries().is_empty());
    queue.ping("w1", &[job]);
    assert!(queue.state.workers.summaries().is_empty());
    assert_eq!(queue.take("w2"), Some(job));
    // If the worker is alive after all, it appears again.
    queue.stops("w1");
    assert_eq!(queue.state.workers.summaries().len(), 2);
}

#[test]
fn a_worker_whose_connection_broke_is_waited_for_as_long_as_a_silent_one() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.stops("w1");
    queue.state.poll_begins("w1");
    queue.ping("w1", &[job]);
    queue.state.poll_ends("w1", true, queue.now);
    for _ in 0..9 {
        queue.ping("w1", &[job]);
        queue.pass(secs(1));
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.ping("w1", &[job]);
    queue.pass(secs(1));
    assert_eq!(queue.status(job), Some(Status::InQueue));
    let lost = queue.lines[0].to_string();
    assert!(lost.contains("though it still pings"), "{lost}");
}

#[test]
fn a_worker_that_hung_up_and_polls_again_is_not_lost() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    for _ in 0..30 {
        queue.stops("w1");
        queue.state.poll_begins("w1");
        queue.ping("w1", &[job]);
        queue.pass(secs(1));
        queue.state.poll_ends("w1", true, queue.now);
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_job_that_its_worker_does_not_name_goes_back() {
    let mut queue = TimedQueue::new();
    let (kept, dropped) = (queue.running("w1"), queue.running("w1"));
    for _ in 0..11 {
        queue.ping("w1", &[kept]);
        assert_eq!(queue.status(dropped), Some(Status::InProgress));
        queue.pass(secs(1));
    }
    queue.ping("w1", &[kept]);
    assert_eq!(queue.status(dropped), Some(Status::InQueue));
    assert_eq!(queue.report(dropped).retries, 1);
    assert_eq!(queue.status(kept), Some(Status::InProgress));
}

#[test]
fn a_list_of_jobs_that_may_be_cut_takes_none_away() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    for _ in 0..30 {
        let cut = Ping {
            is_cut: true,
            ..Ping::default()
        };
        queue.state.ping(caller("w1"), &cut, queue.now).unwrap();
        queue.pass(secs(1));
    }
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_job_whose_workers_are_lost_too_often_fails() {
    let mut queue = TimedQueue::new();
    let job = queue.run();
    for lost in 1..=4 {
        let worker = format!("w{lost}");
        assert_eq!(queue.take(&worker), Some(job));
        queue.ping(&worker, &[job]);
        queue.pass(secs(10));
    }
    let report = queue.report(job);
    assert_eq!((report.status, report.retries), (Status::Failed, 3));
    let error = queue.error(job);
    assert!(
        error.contains("lost 4 times") && error.contains("w4"),
        "{error}"
    );
}

#[test]
fn a_lost_worker_that_has_the_result_may_still_finish_a_queued_job() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    assert_eq!(queue.status(job), Some(Status::InQueue));
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Yes);
    assert_eq!(queue.status(job), Some(Status::Completed));
    assert_eq!(queue.report(job).worker.as_deref(), Some("w1"));
    assert_eq!(queue.take("w2"), None);
}

#[test]
fn where_two_run_a_job_the_first_result_wins_and_the_other_is_told_to_stop() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    assert_eq!(queue.take("w2"), Some(job));
    assert_eq!(queue.done("w1", job, output("1")), Accepted::Yes);
    assert_eq!(queue.stops("w2"), [job]);
    assert_eq!(queue.done("w2", job, output("2")), Accepted::Ignored);
    assert_eq!(queue.report(job).output, Some(json("1")));
}

#[test]
fn a_lost_worker_that_comes_back_is_told_to_stop_what_another_runs() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    queue.take("w2");
    queue.ping("w1", &[job]);
    assert_eq!(queue.stops("w1"), [job]);
    assert_eq!(queue.item("w1", job, "1"), Accepted::Ignored);
    assert_eq!(queue.status(job), Some(Status::InProgress));
}

#[test]
fn a_lost_worker_that_goes_on_with_a_queued_job_has_it_again() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    assert_eq!(queue.item("w1", job, "1"), Accepted::Yes);
    let report = queue.report(job);
    assert_eq!(report.status, Status::InProgress);
    assert_eq!(report.worker.as_deref(), Some("w1"));
    assert_eq!(queue.take("w2"), None);
}

#[test]
fn an_unhealthy_worker_says_why_until_it_is_well() {
    let mut queue = TimedQueue::new();
    let sick = Ping {
        unhealthy: Some("disk: full"),
        version: Some("1.2"),
        ..Ping::default()
    };
    queue.state.ping(caller("w1"), &sick, queue.now).unwrap();
    let shown = &queue.state.workers.summaries()[0];
    assert_eq!(shown.state, WorkerState::Unhealthy);
    assert_eq!(shown.reason.as_deref(), Some("disk: full"));
    assert_eq!(shown.version.as_deref(), Some("1.2"));
    assert_eq!(queue.state.health().unhealthy, 1);
    queue.ping("w1", &[]);
    assert_eq!(queue.state.workers.summaries()[0].state, WorkerState::Idle);
}

#[test]
fn a_worker_that_only_looked_in_is_forgotten() {
    let mut queue = TimedQueue::new();
    queue.take("w1");
    assert_eq!(queue.state.health().idle, 1);
    queue.pass(secs(60));
    assert!(queue.state.workers.known.is_empty());
}

#[test]
fn health_tells_what_workers_do() {
    let mut queue = TimedQueue::new();
    queue.running("runs");
    queue.take("waits");
    queue.ping("starts", &[]);
    let health = queue.state.health();
    assert_eq!(
        (health.running, health.idle, health.initializing),
        (1, 1, 1)
    );
    assert_eq!((health.in_progress, health.in_queue), (1, 0));
}
