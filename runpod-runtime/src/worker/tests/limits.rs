//! Time limits for requests to the platform and for its answers.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::stage::{Event, Setting, Stage, begun, jobs, later, play};
use crate::handler::{AsyncFunction, Emitter, JobContext, StreamFunction};
use crate::platform::{PostKind, Posted, TakeAnswer, Taken};
use crate::worker::Ended;

const SECOND: Duration = Duration::from_secs(1);

async fn echo(input: String) -> String {
    input
}

fn unknown() -> Posted {
    Posted::UnknownJob {
        why: "404".to_owned(),
    }
}

fn is_result(event: &Event) -> bool {
    matches!(event, Event::Post(_, "result", _))
}

fn is_take(event: &Event) -> bool {
    matches!(event, Event::Take)
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_has_begun_when_the_worker_is_told_to_end_is_read_and_its_job_is_run() {
    let (hand_over, handed_over) = oneshot::channel::<Taken>();
    let mut handed_over = Some(handed_over);
    let stage = Stage::new().takes(move |_| {
        let handed_over = handed_over.take()?;
        Some(TakeAnswer::Begun(Box::pin(async {
            handed_over.await.unwrap()
        })))
    });
    let playing = play(stage, echo.into_handler().0, Setting::default());
    playing
        .stage
        .until(|events| events.iter().any(is_take))
        .await;
    playing.shutdown.end();
    // Longer than the worker waits for an answer that has not started.
    sleep(20 * SECOND).await;
    hand_over.send(jobs(["j"])).unwrap();
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.ended().await, Ended::Finished);
    assert_eq!(stage.posted("j"), [r#"result {"output":"j"}"#]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_does_not_hold_up_a_worker_whose_time_is_over() {
    let stage = Stage::new().takes(|_| Some(TakeAnswer::Begun(Box::pin(pending()))));
    let playing = play(stage, echo.into_handler().0, Setting::default());
    playing
        .stage
        .until(|events| events.iter().any(is_take))
        .await;
    playing.shutdown.end();
    playing.shutdown.cut_off();
    assert_eq!(playing.ended().await, Ended::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_unknown_after_a_long_outage_is_not_given_up_at_once() {
    let outage = Instant::now() + 10 * 60 * SECOND;
    let restart = outage + 30 * SECOND;
    let stage = Stage::new().jobs(&["j"]).posts(move |_| {
        let now = Instant::now();
        Some(if now < outage {
            later()
        } else if now < restart {
            unknown()
        } else {
            Posted::Accepted
        })
    });
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| events.iter().any(is_result)).await;
    assert_eq!(playing.end().await, Ended::Finished);
    let last = *stage.times(is_result).last().unwrap();
    assert!(
        last >= restart,
        "the worker gave up {:?} too early",
        restart - last
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_stays_unknown_is_given_up_a_minute_after_the_first_such_answer() {
    let first = Instant::now() + 10 * 60 * SECOND;
    let stage = Stage::new().jobs(&["j"]).posts(move |_| {
        Some(if Instant::now() < first {
            later()
        } else {
            unknown()
        })
    });
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| events.iter().any(is_result)).await;
    assert_eq!(playing.end().await, Ended::Finished);
    let last = *stage.times(is_result).last().unwrap() - first;
    // The pauses between attempts are at most ten seconds.
    assert!(last >= 60 * SECOND && last <= 80 * SECOND, "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn progress_that_the_platform_never_answers_delays_the_result_by_at_most_five_seconds() {
    async fn handler(_input: String, ctx: JobContext) -> u32 {
        ctx.progress("one");
        sleep(SECOND).await;
        // This update waits behind the first one.
        ctx.progress("two");
        7
    }
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(|post| (post.kind != PostKind::Progress).then_some(Posted::Accepted));
    let playing = play(stage, handler.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| begun(events) == 1).await;
    let posted = Instant::now();
    stage.until(|events| events.iter().any(is_result)).await;
    assert!(posted.elapsed() <= 6 * SECOND, "{:?}", posted.elapsed());
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn progress_between_the_items_of_a_stream_delays_them_by_at_most_five_seconds_in_all() {
    async fn handler(
        _input: String,
        ctx: JobContext,
        out: Emitter<u32>,
    ) -> Result<(), crate::Cancelled> {
        for item in 1..=10 {
            ctx.progress(item);
            out.send(item).await?;
        }
        Ok(())
    }
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(|post| (post.kind != PostKind::Progress).then_some(Posted::Accepted));
    let begun = Instant::now();
    let playing = play(
        stage,
        StreamFunction::into_handler(handler).0,
        Setting::default(),
    );
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| events.iter().any(is_result)).await;
    assert!(begun.elapsed() <= 5 * SECOND, "{:?}", begun.elapsed());
    assert_eq!(stage.posted_to("item").len(), 10);
    playing.end().await;
}
