use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stage::{Event, Playing, Setting, Stage, job, jobs, play};
use crate::handler::{AsyncFunction, CancelReason, JobContext};
use crate::platform::{StopSignals, Taken, Unhealthy};
use crate::worker::Ended;

const SECOND: Duration = Duration::from_secs(1);

async fn hang(_input: String, ctx: JobContext) {
    ctx.progress("hanging");
    std::future::pending::<()>().await;
}

async fn until_progress(playing: &Playing, jobs: usize) {
    let is_progress = |event: &&Event| matches!(event, Event::Post(_, "progress", _));
    let begun = |events: &[Event]| events.iter().filter(is_progress).count() == jobs;
    playing.stage.until(begun).await;
}

fn several(concurrency: usize) -> Setting {
    Setting {
        concurrency,
        ..Setting::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_take_that_is_held_delays_the_end_by_a_second_at_most() {
    let playing = play(Stage::new(), hang.into_handler().0, Setting::default());
    playing
        .stage
        .until(|events| events.contains(&Event::Take))
        .await;
    let stopped = Instant::now();
    assert_eq!(playing.end().await, Ended::Finished);
    assert!(stopped.elapsed() <= SECOND, "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_concurrency_modifier_that_never_answers_holds_up_neither_heartbeats_nor_the_end() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let modifier = move |now: usize| {
        asked.send(()).unwrap();
        let _ = wait.lock().unwrap().recv();
        now
    };
    let setting = Setting {
        modifier: Some(Arc::new(modifier)),
        ..Setting::default()
    };
    let playing = play(Stage::new(), hang.into_handler().0, setting);
    let stage = Arc::clone(&playing.stage);
    playing
        .stage
        .until(|events| events.contains(&Event::Stop))
        .await;
    tokio::task::spawn_blocking(move || was_asked.recv().unwrap())
        .await
        .unwrap();
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(stage.times(|event| *event == Event::Take).len(), 0);
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_held_does_not_hold_the_end() {
    let stage = Stage::new().jobs(&["j"]).posts(|_| None);
    let playing = play(stage, hang.into_handler().0, Setting::default());
    until_progress(&playing, 1).await;
    let stopped = Instant::now();
    playing.shutdown.cut_off();
    assert_eq!(playing.end().await, Ended::Cut(1));
    assert!(stopped.elapsed() <= 8 * SECOND, "{:?}", stopped.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_off_has_a_failed_result_with_the_reason() {
    let stage = Stage::new().jobs(&["a", "b"]);
    let playing = play(stage, hang.into_handler().0, several(2));
    until_progress(&playing, 2).await;
    let stage = Arc::clone(&playing.stage);
    playing.shutdown.cut_off();
    assert_eq!(playing.end().await, Ended::Cut(2));
    for id in ["a", "b"] {
        let posted = stage.posted(id);
        assert_eq!(posted.len(), 2, "one outcome per job: {posted:?}");
        assert!(posted[1].contains("RUNPOD_SHUTDOWN_GRACE_S"), "{posted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_tell_a_stop_from_the_end_of_the_worker() {
    async fn watched(input: String, ctx: JobContext) {
        let context = ctx.clone();
        // A separate task, because the handler itself is dropped.
        tokio::spawn(async move {
            context.cancelled().await;
            let reason = context.cancel_reason();
            let expected = match input.as_str() {
                "stopped" => CancelReason::Stopped,
                _ => CancelReason::Shutdown,
            };
            assert_eq!(reason, Some(expected));
            SEEN.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(ctx.cancel_reason(), None);
        hang(String::new(), ctx).await;
    }
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let stage = Stage::new().jobs(&["stopped", "cut"]).stops(|number| {
        (number == 1)
            .then(|| StopSignals::Stop(vec!["stopped".to_owned()]))
            .or_else(|| (number == 0).then(|| StopSignals::Stop(vec![])))
    });
    let playing = play(stage, watched.into_handler().0, several(2));
    until_progress(&playing, 2).await;
    sleep(5 * SECOND).await;
    let stage = Arc::clone(&playing.stage);
    playing.shutdown.cut_off();
    assert_eq!(playing.end().await, Ended::Cut(1));
    sleep(SECOND).await;
    assert_eq!(SEEN.load(Ordering::SeqCst), 2);
    assert_eq!(stage.posted("stopped").len(), 1, "progress, and no result");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_lets_the_jobs_beside_it_finish_and_takes_no_further_one() {
    async fn handler(input: String, ctx: JobContext) -> String {
        if input == "refresh" {
            ctx.refresh_worker();
        } else {
            sleep(Duration::from_mins(5)).await;
        }
        input
    }
    let stage = Stage::new().takes(|number| {
        let ids: &[&str] = match number {
            0 => &["a", "b", "refresh"],
            _ => &["never"],
        };
        Some(jobs(ids))
    });
    let playing = play(stage, handler.into_handler().0, several(3));
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.ended().await, Ended::Refreshed);
    for id in ["a", "b", "refresh"] {
        assert_eq!(stage.posted(id).len(), 1, "{id}");
    }
    assert_eq!(stage.posted("never").len(), 0);
    assert_eq!(stage.times(|event| *event == Event::Take).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_declared_broken_takes_nothing_from_that_moment_on() {
    async fn handler(input: String, ctx: JobContext) -> String {
        if input == "broken" {
            ctx.mark_unhealthy("no GPU");
            sleep(Duration::from_mins(5)).await;
        }
        input
    }
    let stage = Stage::new().jobs(&["broken"]);
    let playing = play(stage, handler.into_handler().0, several(2));
    let stage = Arc::clone(&playing.stage);
    let ended = playing.ended().await;
    let unhealthy = Unhealthy {
        check: "handler".into(),
        reason: "no GPU".to_owned(),
    };
    assert_eq!(ended, Ended::Unhealthy(unhealthy));
    assert_eq!(stage.posted("broken"), [r#"result {"output":"broken"}"#]);
    let log = stage.log();
    assert_eq!(
        log.last().unwrap().1,
        Event::Ping("handler: no GPU".to_owned())
    );
    let ended = log.last().unwrap().0;
    let late = |at: &Instant| ended - *at < Duration::from_mins(4);
    assert_eq!(
        stage
            .times(|event| *event == Event::Take)
            .iter()
            .filter(|at| late(at))
            .count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_jobs_all_fail_ends_after_as_many_as_it_may_have() {
    async fn handler(input: u32) -> Result<u32, String> {
        Err(format!("no GPU for {input}"))
    }
    // The first inputs are strings, whose failure says nothing about the worker.
    let stage = Stage::new().takes(|number| {
        let mut taken = job(&format!("j{number}"));
        if number >= 5 {
            taken.input = serde_json::value::to_raw_value(&number).unwrap();
        }
        Some(Taken::Jobs(vec![Ok(taken)]))
    });
    let setting = Setting {
        max_consecutive_failures: 3,
        ..Setting::default()
    };
    let playing = play(stage, handler.into_handler().0, setting);
    let stage = Arc::clone(&playing.stage);
    let Ended::Unhealthy(unhealthy) = playing.ended().await else {
        panic!("the worker stopped for another reason");
    };
    assert_eq!(unhealthy.check, "max_consecutive_failures");
    assert!(
        unhealthy.reason.starts_with("3 jobs in a row"),
        "{unhealthy:?}"
    );
    assert_eq!(stage.posted("j7").len(), 1);
    assert_eq!(stage.posted("j8").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_while_it_is_dropped_is_a_failed_job() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    async fn handler(_input: String) -> u32 {
        let _bomb = Bomb;
        7
    }
    let playing = play(
        Stage::new().jobs(&["j"]),
        handler.into_handler().0,
        Setting::default(),
    );
    let stage = Arc::clone(&playing.stage);
    stage
        .until(|events| events.iter().any(|it| matches!(it, Event::Post(..))))
        .await;
    assert_eq!(playing.end().await, Ended::Finished);
    assert!(
        stage.posted("j")[0].contains("panic"),
        "{:?}",
        stage.posted("j")
    );
}
