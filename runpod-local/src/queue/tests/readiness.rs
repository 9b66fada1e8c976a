//! The reason why no worker takes jobs.

use super::super::views::Readiness;
use super::*;

impl TimedQueue {
    fn readiness(&self) -> (ReadyState, Option<String>) {
        let Readiness { state, reason } = self.state.workers.readiness();
        (state, reason.map(|reason| reason.to_string()))
    }

    fn initializing(&self) -> usize {
        self.state.health().initializing
    }
}

fn queue() -> Queue {
    Queue::new(Limits::default(), Timing::default())
}

fn of(queue: &Queue) -> (ReadyState, Option<String>, usize) {
    let health = queue.health();
    let Readiness { state, reason } = health.readiness;
    let reason = reason.map(|reason| reason.to_string());
    (state, reason, health.initializing)
}

#[test]
fn without_a_worker_there_is_none() {
    assert_eq!(of(&queue()), (ReadyState::NoWorker, None, 0));
}

#[test]
fn a_build_and_the_load_of_its_workers_are_told_until_one_takes_jobs() {
    let queue = queue();
    queue.build_started(2);
    assert_eq!(of(&queue), (ReadyState::Building, None, 2));
    queue.worker_starts("w1");
    queue.worker_starts("w2");
    queue.build_finished();
    assert_eq!(of(&queue), (ReadyState::Loading, None, 2));
    // The worker pings while it loads. It is still counted only once.
    queue.ping(caller("w1"), &Ping::default()).unwrap();
    assert_eq!(of(&queue), (ReadyState::Loading, None, 2));
    queue
        .with_state(|state, now| state.take(caller("w1"), 1, now))
        .unwrap();
    assert_eq!(of(&queue), (ReadyState::Ready, None, 1));
    queue.worker_ended("w2");
    assert_eq!(of(&queue), (ReadyState::Ready, None, 0));
}

#[test]
fn a_build_that_fails_says_why_as_long_as_no_worker_takes_jobs() {
    let queue = queue();
    queue.build_started(1);
    queue.build_failed("it does\nnot build");
    let failed = (
        ReadyState::BuildFailed,
        Some("it does not build".to_owned()),
        0,
    );
    assert_eq!(of(&queue), failed);
    queue
        .with_state(|state, now| state.take(caller("old"), 1, now))
        .unwrap();
    assert_eq!(of(&queue).0, ReadyState::Ready);
    queue.worker_ended("old");
    assert_eq!(of(&queue), failed);
    queue.build_started(1);
    assert_eq!(of(&queue), (ReadyState::Building, None, 1));
}

#[test]
fn a_crash_is_told_until_a_worker_takes_jobs_even_while_the_next_one_loads() {
    let queue = queue();
    queue.worker_starts("w1");
    queue.worker_crashed("w1", &"x".repeat(1_000));
    let (state, reason, initializing) = of(&queue);
    assert_eq!((state, initializing), (ReadyState::Crashed, 0));
    assert_eq!(reason.map(|reason| reason.len()), Some(256));
    queue.worker_crashed("w1", "exit code 1");
    queue.worker_starts("w2");
    let reason = Some("exit code 1".to_owned());
    assert_eq!(of(&queue), (ReadyState::Loading, reason, 1));
    queue
        .with_state(|state, now| state.take(caller("w2"), 1, now))
        .unwrap();
    assert_eq!(of(&queue), (ReadyState::Ready, None, 0));
    // A report that a known worker starts changes nothing.
    queue.worker_starts("w1");
    queue.worker_starts("w2");
    assert_eq!(of(&queue), (ReadyState::Ready, None, 0));
}

#[test]
fn a_crashed_workers_jobs_go_to_others() {
    let queue = queue();
    let submission = submission(false, "1");
    let id = submission.id;
    queue.submit(submission).unwrap();
    queue
        .with_state(|state, now| state.take(caller("w1"), 1, now))
        .unwrap();
    queue.worker_crashed("w1", "signal 9");
    assert_eq!(queue.report(id).unwrap().status, Status::InQueue);
}

#[test]
fn unhealthy_leaving_and_refreshing_workers_take_no_jobs() {
    let mut timed = TimedQueue::new();
    let sick = Ping {
        unhealthy: Some("disk: full"),
        ..Ping::default()
    };
    timed.state.workers.starts("w1");
    timed.state.ping(caller("w1"), &sick, timed.now).unwrap();
    let unhealthy = (ReadyState::Unhealthy, Some("disk: full".to_owned()));
    assert_eq!((timed.readiness(), timed.initializing()), (unhealthy, 0));
    assert_eq!(timed.state.health().unhealthy, 1);
    timed.state.worker_ended("w1", timed.now);

    let job = timed.running("w2");
    assert_eq!(timed.readiness(), (ReadyState::Ready, None));
    timed.refreshed("w2", job, output("1"));
    assert_eq!(timed.readiness(), (ReadyState::Loading, None));
    assert_eq!(timed.initializing(), 1);
    timed.state.worker_ended("w2", timed.now);

    timed.take("w3");
    timed.state.workers.leaving.insert("w3".into());
    assert_eq!(timed.readiness(), (ReadyState::NoWorker, None));
}
