use std::time::Duration;

use super::schedule::{Batch, Limits, Next, Schedule, TooHeavy};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn limits(max_batch_size: usize) -> Limits {
    Limits {
        max_batch_size,
        ..Limits::NEW
    }
}

#[track_caller]
fn dispatched<J>(next: Next<J>) -> Batch<J> {
    match next {
        Next::Dispatch(batch) => batch,
        Next::WaitUntil(at) => panic!("waits until {at:?}"),
        Next::Nothing => panic!("nothing to do"),
    }
}

#[test]
fn a_job_that_comes_alone_starts_at_once() {
    let mut schedule = Schedule::new(limits(8));
    schedule.push("a", 1, ms(5)).unwrap();
    assert_eq!(dispatched(schedule.poll(ms(5))).jobs, ["a"]);
}

#[test]
fn jobs_that_come_during_a_call_share_the_next_one_in_their_order() {
    let mut schedule = Schedule::new(limits(3));
    schedule.push(0, 1, ms(0)).unwrap();
    let first = dispatched(schedule.poll(ms(0)));
    for job in 1..=4 {
        schedule.push(job, 1, ms(1)).unwrap();
    }
    assert!(matches!(schedule.poll(ms(2)), Next::Nothing));
    schedule.finished(&first.call, ms(20));
    assert_eq!(dispatched(schedule.poll(ms(20))).jobs, [1, 2, 3]);
}

#[test]
fn a_call_waits_for_announced_jobs_but_not_longer_than_the_limit() {
    let mut schedule = Schedule::new(limits(8));
    schedule.announce();
    schedule.push("a", 1, ms(1)).unwrap();
    assert!(matches!(schedule.poll(ms(1)), Next::WaitUntil(at) if at == ms(21)));
    schedule.push("b", 1, ms(3)).unwrap();
    schedule.arrived_or_left();
    assert_eq!(dispatched(schedule.poll(ms(3))).jobs, ["a", "b"]);

    let mut schedule = Schedule::new(limits(8));
    schedule.announce();
    schedule.push("a", 1, ms(1)).unwrap();
    assert_eq!(dispatched(schedule.poll(ms(21))).jobs, ["a"]);
}

#[test]
fn a_job_that_was_cancelled_is_in_no_call() {
    let mut schedule = Schedule::new(limits(8));
    let first = schedule.push("a", 1, ms(0)).unwrap();
    schedule.push("b", 1, ms(0)).unwrap();
    assert_eq!(schedule.remove(first), Some("a"));
    assert_eq!(dispatched(schedule.poll(ms(0))).jobs, ["b"]);
    assert_eq!(schedule.remove(first), None);
}

#[test]
fn weights_end_a_batch_and_a_job_that_is_too_heavy_alone_is_refused() {
    let mut schedule = Schedule::new(Limits {
        max_weight: Some(10),
        ..limits(8)
    });
    schedule.announce();
    for (job, weight) in [("a", 6), ("b", 5), ("c", 5)] {
        schedule.push(job, weight, ms(0)).unwrap();
    }
    let too_heavy = TooHeavy {
        weight: 11,
        max_weight: 10,
    };
    assert_eq!(schedule.push("d", 11, ms(0)), Err(too_heavy));
    // `b` does not fit, so the call is full, and `c` does not overtake `b`.
    let first = dispatched(schedule.poll(ms(0)));
    assert_eq!(first.jobs, ["a"]);
    schedule.finished(&first.call, ms(9));
    assert_eq!(dispatched(schedule.poll(ms(9))).jobs, ["b", "c"]);
}

#[test]
fn several_calls_run_at_once_if_the_limit_allows_it() {
    let mut schedule = Schedule::new(Limits {
        concurrent_batches: 2,
        ..limits(8)
    });
    for job in 0..3 {
        schedule.push(job, 1, ms(0)).unwrap();
        if job < 2 {
            assert_eq!(dispatched(schedule.poll(ms(0))).jobs, [job]);
        } else {
            assert!(matches!(schedule.poll(ms(0)), Next::Nothing));
        }
    }
}

/// Two clients, each of which submits a job as soon as it has the result of the last one. A call with two jobs takes
/// hardly longer than a call with one job, so they should share each call.
#[test]
fn clients_that_wait_for_their_results_share_a_call_after_a_while() {
    let mut schedule = Schedule::new(limits(8));
    let mut now = ms(0);
    let mut coming = vec![ms(0), ms(1)];
    let mut sizes = Vec::new();
    let mut running: Option<(Duration, Batch<()>)> = None;
    let mut wake = None;
    while sizes.len() < 60 {
        let next = coming
            .iter()
            .copied()
            .chain(running.as_ref().map(|it| it.0))
            .chain(wake)
            .min();
        now = next.unwrap().max(now);
        coming.retain(|at| {
            let is_here = *at <= now;
            if is_here {
                schedule.push((), 1, now).unwrap();
            }
            !is_here
        });
        if let Some((_, batch)) = running.take_if(|it| it.0 <= now) {
            schedule.finished(&batch.call, now);
            sizes.push(batch.jobs.len());
            coming.extend(batch.jobs.iter().map(|()| now + ms(2)));
        }
        wake = None;
        match schedule.poll(now) {
            Next::Dispatch(batch) => {
                let size = u64::try_from(batch.jobs.len()).unwrap();
                running = Some((now + ms(20 + size), batch));
            }
            Next::WaitUntil(at) => wake = Some(at),
            Next::Nothing => {}
        }
    }
    assert_eq!(sizes[..4], [1, 1, 1, 1]);
    assert_eq!(sizes[40..], [2; 20]);
}
