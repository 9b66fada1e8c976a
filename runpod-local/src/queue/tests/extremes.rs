//! The smallest and largest values that settings can have.

use super::*;

/// Takes a job through its whole life and lets a day pass.
fn lives(queue: &mut TimedQueue) {
    let ended = queue.running("w1");
    queue.stops("w1");
    queue.ping("w1", &[ended]);
    queue.state.poll_begins("w1");
    queue.state.poll_ends("w1", true, queue.now);
    queue.item("w1", ended, "1");
    queue.state.log(ended, LogLine::new("info", "a line"));
    queue.done("w1", ended, output("1"));
    queue.running("w2");
    queue.submit(true, |_| {});
    queue.pass(secs(24 * 60 * 60));
}

fn timed(change: impl Fn(&mut Timing)) -> TimedQueue {
    let mut timing = Timing::default();
    change(&mut timing);
    TimedQueue::with(Limits::default(), timing)
}

#[test]
fn no_time_is_too_long_or_too_short_for_the_clock() {
    let settings: [fn(&mut Timing, Duration); 6] = [
        |timing, time| timing.lost_after = time,
        |timing, time| timing.execution_timeout = time,
        |timing, time| timing.ttl = time,
        |timing, time| timing.run_retention = time,
        |timing, time| timing.runsync_retention = time,
        |timing, time| timing.ping_interval = time,
    ];
    for set in settings {
        for time in [Duration::MAX, Duration::ZERO, Duration::from_nanos(1)] {
            let mut queue = timed(|timing| set(timing, time));
            lives(&mut queue);
            // The job's policy has the same values as the settings.
            let timing = queue.state.timing.clone();
            queue.submit(true, |job| {
                job.policy.execution_timeout = timing.execution_timeout;
                job.policy.ttl = timing.ttl;
            });
            queue.take("w3");
            queue.pass(secs(1));
        }
    }
}

#[test]
fn a_time_that_is_as_long_as_can_be_never_comes() {
    let mut queue = timed(|timing| {
        timing.lost_after = Duration::MAX;
        timing.run_retention = Duration::MAX;
    });
    let job = queue.submit(false, |job| {
        job.policy.execution_timeout = Duration::MAX;
        job.policy.ttl = Duration::MAX;
    });
    queue.take("w1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10 * 365 * 24 * 60 * 60));
    assert_eq!(queue.status(job), Some(Status::InProgress));
    queue.done("w1", job, output("1"));
    queue.pass(secs(10 * 365 * 24 * 60 * 60));
    assert_eq!(queue.status(job), Some(Status::Completed));
}

#[test]
fn no_limit_is_too_large_or_too_small_for_the_queue() {
    let settings: [fn(&mut Limits, usize); 11] = [
        |limits, most| limits.stream_item = most,
        |limits, most| limits.stream_answer = most,
        |limits, most| limits.stream_items_kept = most,
        |limits, most| limits.stream_bytes_kept = most,
        |limits, most| limits.queued_jobs = most.max(3),
        |limits, most| limits.held_bytes = if most == 0 { 100_000 } else { u64::MAX },
        |limits, most| limits.lost_retries = u32::try_from(most).unwrap_or(u32::MAX),
        |limits, most| limits.log_lines = most,
        |limits, most| limits.log_bytes = most,
        |limits, most| limits.workers = most.max(3),
        |limits, most| limits.webhook_bytes = most as u64,
    ];
    for set in settings {
        for most in [usize::MAX, 0] {
            lives(&mut TimedQueue::limited(|limits| set(limits, most)));
        }
    }
}
