//! Panics in the worker's own code while it works on a job. That job fails, and no other job is affected.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::delivering::{files, spool};
use super::stage::{Setting, Stage, jobs, later, play, results};
use crate::handler::{AsyncFunction, JobContext};
use crate::platform::{BrokenJob, PostKind, Posted, Taken};
use crate::worker::Ended;

async fn echo(input: String) -> String {
    input
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_task_panics_is_a_failed_job_that_frees_its_slot_and_the_worker_ends() {
    let stage = Stage::new()
        .takes(|number| match number {
            0 => Some(jobs(["panics"])),
            // The worker asks for this job only when the slot is free.
            1 => Some(jobs(["fine"])),
            _ => None,
        })
        .posts({
            let first = AtomicBool::new(true);
            move |_| {
                assert!(!first.swap(false, Ordering::SeqCst), "no thread");
                Some(Posted::Accepted)
            }
        });
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 3).await;
    assert_eq!(playing.end().await, Ended::Finished);
    let posted = stage.posted("panics");
    assert_eq!(posted.len(), 2, "{posted:?}");
    assert!(
        posted[1].contains("the worker panicked while it worked on this job: no thread"),
        "{posted:?}"
    );
    assert_eq!(stage.posted("fine"), [r#"result {"output":"fine"}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_not_left_behind_when_the_task_that_follows_it_panics() {
    struct Gone(Arc<AtomicBool>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let gone = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&gone);
    let handler = move |_input: String, ctx: JobContext| {
        let gone = Gone(Arc::clone(&held));
        async move {
            let _gone = gone;
            ctx.progress("hanging");
            std::future::pending::<()>().await;
        }
    };
    let stage = Stage::new().jobs(&["j"]).posts(|post| {
        assert!(post.kind != PostKind::Progress, "no thread");
        Some(Posted::Accepted)
    });
    let playing = play(stage, handler.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 1).await;
    assert_eq!(playing.end().await, Ended::Finished);
    assert!(gone.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_worker_ends_even_if_the_failure_cannot_be_told_either() {
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(|_| panic!("no thread at all"));
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 2).await;
    assert_eq!(playing.end().await, Ended::Finished);
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_job_whose_delivery_panics_is_not_left_for_another_worker() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::new().jobs(&["j"]).posts({
        let first = AtomicBool::new(true);
        move |_| {
            assert!(!first.swap(false, Ordering::SeqCst), "no thread");
            Some(Posted::Accepted)
        }
    });
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 2).await;
    assert_eq!(playing.end().await, Ended::Finished);
    let posted = stage.posted("j");
    assert_eq!(posted[0], r#"result {"output":"j"}"#);
    assert!(posted[1].contains("WorkerError"), "{posted:?}");
    assert_eq!(files(directory.path()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_ends_though_the_failure_of_a_job_that_cannot_be_run_panics_on_its_way() {
    let broken = || {
        Taken::Jobs(vec![Err(BrokenJob {
            id: Some("broken".to_owned()),
            reason: "it has no `input`".to_owned(),
        })])
    };
    let stage = Stage::new()
        .takes(move |number| (number == 0).then(broken))
        .posts(|_| panic!("no thread"));
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    // The second result reports the panic.
    stage.until(|events| results(events) == 2).await;
    assert_eq!(playing.end().await, Ended::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_worker_runs_jobs_and_ends_though_a_redelivery_panics() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::new().jobs(&["kept"]).posts(|_| Some(later()));
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 1).await;
    playing.shutdown.cut_off();
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(files(directory.path()), 1);

    let stage = Stage::new()
        .takes(|number| (number == 0).then(|| jobs(["fine"])))
        .posts(|post| {
            assert!(&*post.job_id != "kept", "no thread");
            Some(Posted::Accepted)
        });
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| results(events) == 2).await;
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(stage.posted("fine"), [r#"result {"output":"fine"}"#]);
}
