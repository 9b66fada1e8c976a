//! `concurrency = "auto"`: the worker chooses how many jobs run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::stage::{Event, Playing, Setting, Stage, jobs, play};
use crate::handler::AsyncFunction;

const SECOND: Duration = Duration::from_secs(1);

/// A machine on which this many jobs run at full speed. Further jobs wait for their turn.
struct Machine {
    room: Semaphore,
    running: AtomicUsize,
    most: AtomicUsize,
}

/// Starts a worker that always finds a job, and whose jobs take one second.
fn auto(room: usize) -> (Playing, Arc<Machine>) {
    let machine = Arc::new(Machine {
        room: Semaphore::new(room),
        running: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let shared = Arc::clone(&machine);
    let handler = move |input: String| {
        let machine = Arc::clone(&shared);
        async move {
            let running = machine.running.fetch_add(1, Ordering::SeqCst) + 1;
            machine.most.fetch_max(running, Ordering::SeqCst);
            let turn = machine.room.acquire().await;
            sleep(SECOND).await;
            drop(turn);
            machine.running.fetch_sub(1, Ordering::SeqCst);
            input
        }
    };
    let stage = Stage::new().takes(|number| Some(jobs([format!("j{number}")])));
    let setting = Setting {
        auto: true,
        ..Setting::default()
    };
    (play(stage, handler.into_handler().0, setting), machine)
}

fn results(playing: &Playing) -> usize {
    let is_result = |event: &Event| matches!(event, Event::Post(_, "result", _));
    playing.stage.times(is_result).len()
}

#[tokio::test(start_paused = true)]
async fn more_jobs_run_at_once_while_that_increases_the_throughput() {
    let (playing, machine) = auto(16);
    sleep(30 * SECOND).await;
    assert_eq!(machine.most.load(Ordering::SeqCst), 32);
    sleep(30 * SECOND).await;
    let before = results(&playing);
    sleep(30 * SECOND).await;
    // 16 jobs per second are possible.
    let throughput = (results(&playing) - before) / 30;
    assert!((14..=16).contains(&throughput), "{throughput}");
    let running = machine.running.load(Ordering::SeqCst);
    assert!((11..=23).contains(&running), "{running}");
    playing.shutdown.end();
}

#[tokio::test(start_paused = true)]
async fn a_machine_for_one_job_gets_one_job_at_a_time_except_for_a_short_trial() {
    let (playing, machine) = auto(1);
    sleep(100 * SECOND).await;
    assert_eq!(machine.most.load(Ordering::SeqCst), 2);
    assert_eq!(machine.running.load(Ordering::SeqCst), 1);
    playing.shutdown.end();
}
