use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stage::{Event, Playing, Setting, Stage, begun, jobs, play, results};
use crate::handler::{AsyncFunction, Handler, JobContext};
use crate::platform::StopSignals;
use crate::worker::Ended;

const SECOND: Duration = Duration::from_secs(1);

fn one(stage: Stage, handler: Handler) -> Playing {
    let setting = Setting {
        concurrency: 1,
        ..Setting::default()
    };
    play(stage, handler, setting)
}

/// A handler that runs for a minute and reports when it starts.
async fn slow(_input: String, ctx: JobContext) {
    ctx.progress("begun");
    sleep(60 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn jobs_that_nobody_asked_for_wait_for_a_slot_and_none_is_taken_before_they_have_run() {
    let ids = ["a", "b", "c", "d", "e", "f"];
    let begun_at = Instant::now();
    let stage = Stage::new().takes(move |number| (number == 0).then(|| jobs(ids)));
    let playing = one(stage, slow.into_handler().0);
    for number in 1..=6 {
        playing.stage.until(|events| begun(events) == number).await;
        assert_eq!(
            begun_at.elapsed().as_secs(),
            60 * (number as u64 - 1),
            "the jobs run one at a time"
        );
        let takes = playing.stage.times(|event| *event == Event::Take);
        assert_eq!(takes.len(), 1, "no further job is asked for");
    }
    playing.stage.until(|events| results(events) == 6).await;
    playing
        .stage
        .until(|events| events.iter().filter(|it| **it == Event::Take).count() == 2)
        .await;
    let in_order: Vec<_> = playing.stage.posted_to("progress");
    assert_eq!(in_order, ids);
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_names_jobs_that_wait_for_a_slot() {
    let stage = Stage::new().takes(|number| (number == 0).then(|| jobs(["a", "b", "c"])));
    let playing = one(stage, slow.into_handler().0);
    playing
        .stage
        .until(|events| events.contains(&Event::Beat(vec!["a".into(), "b".into(), "c".into()])))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_a_slot_can_be_stopped() {
    let stage = Stage::new()
        .takes(|number| (number == 0).then(|| jobs(["a", "b", "c"])))
        .stops(|number| (number == 0).then(|| StopSignals::Stop(vec!["b".to_owned()])));
    let playing = one(stage, slow.into_handler().0);
    playing.stage.until(|events| results(events) == 2).await;
    assert_eq!(playing.stage.posted_to("progress"), ["a", "c"]);
    assert!(playing.stage.posted("b").is_empty());
}

#[tokio::test(start_paused = true)]
async fn jobs_that_wait_for_a_slot_are_run_before_the_worker_ends() {
    let stage = Stage::new().takes(|number| (number == 0).then(|| jobs(["a", "b", "c"])));
    let playing = one(stage, slow.into_handler().0);
    playing.stage.until(|events| begun(events) == 1).await;
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(stage.posted_to("result"), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn jobs_that_wait_for_a_slot_when_the_time_to_finish_is_over_are_failed_jobs() {
    let stage = Stage::new().takes(|number| (number == 0).then(|| jobs(["a", "b", "c"])));
    let playing = one(stage, slow.into_handler().0);
    playing.stage.until(|events| begun(events) == 1).await;
    playing.shutdown.cut_off();
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Cut(3));
    for id in ["b", "c"] {
        let posted = stage.posted(id);
        assert!(
            posted.len() == 1 && posted[0].contains("before this job started"),
            "{posted:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_to_be_refreshed_runs_what_waits_for_a_slot_first() {
    async fn refreshing(input: String, ctx: JobContext) -> String {
        ctx.refresh_worker();
        input
    }
    let stage = Stage::new().takes(|_| Some(jobs(["a", "b", "c"])));
    let playing = one(stage, refreshing.into_handler().0);
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.ended().await, Ended::Refreshed);
    assert_eq!(stage.posted_to("result"), ["a", "b", "c"]);
    assert_eq!(stage.times(|event| *event == Event::Take).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_for_which_there_is_no_handler_keeps_no_slot_while_its_failure_is_delivered() {
    let stage = Stage::new()
        .takes(|number| (number < 2).then(|| jobs([["a", "b"][number]])))
        // The platform never answers a post.
        .posts(|_| None);
    let setting = Setting {
        concurrency: 1,
        route: Some("task"),
        ..Setting::default()
    };
    let playing = play(stage, slow.into_handler().0, setting);
    playing.stage.until(|events| results(events) == 2).await;
    for job in ["a", "b"] {
        let posted = playing.stage.posted(job);
        assert!(posted[0].contains("RouteError"), "{posted:?}");
    }
}
