use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::stage::{Event, Playing, Setting, Stage, jobs, later, play};
use crate::handler::{AsyncFunction, Emitter, JobContext, StreamFunction};
use crate::platform::{BrokenJob, Post, PostKind, Posted, StopSignals, Taken};
use crate::spool::{JobResult, Spool, SpoolWriter};
use crate::worker::Ended;

const SECOND: Duration = Duration::from_secs(1);

#[path = "kept.rs"]
mod kept;

async fn echo(input: String) -> String {
    input
}

pub(super) fn spool(directory: &Path) -> Setting {
    // The umask may allow others to write to the directory, but a spool must not allow that.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    Setting {
        spool: Some(SpoolWriter::of(Spool::open(directory).unwrap())),
        ..Setting::default()
    }
}

/// Returns the results that wait in the directory after its workers are gone.
fn waiting(directory: &Path) -> Vec<JobResult> {
    let spool = Spool::open(directory).unwrap();
    let entries = spool.waiting().unwrap();
    let records = entries.iter().map(|entry| spool.load(entry).unwrap());
    let records = records.map(Option::unwrap).collect();
    spool.leave();
    records
}

pub(super) fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

/// Waits until the files in the directory are as expected. A thread outside the paused clock writes them.
pub(super) async fn until_on_disk(directory: &Path, holds: impl Fn(&[String]) -> bool) {
    let names = || -> Vec<String> {
        let files = std::fs::read_dir(directory).unwrap();
        let name = |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name();
        files.map(|it| name(it).into_string().unwrap()).collect()
    };
    while !holds(&names()) {
        sleep(Duration::from_millis(1)).await;
    }
}

fn is_result(event: &Event) -> bool {
    matches!(event, Event::Post(_, "result", _))
}

async fn until_posted(playing: &Playing) {
    let posted = |events: &[Event]| events.iter().any(|it| matches!(it, Event::Post(..)));
    playing.stage.until(posted).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_meets_few_attempts_however_many_results_wait_and_they_are_all_delivered_after_it()
 {
    const JOBS: usize = 400;
    let back = Instant::now() + Duration::from_mins(2);
    let stage = Stage::new()
        .takes(|number| (number == 0).then(|| jobs((0..JOBS).map(|number| format!("j{number}")))))
        .posts(move |_| {
            Some(if Instant::now() < back {
                later()
            } else {
                Posted::Accepted
            })
        });
    let setting = Setting {
        concurrency: JOBS,
        ..Setting::default()
    };
    let playing = play(stage, echo.into_handler().0, setting);
    until_posted(&playing).await;
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Finished);

    let attempts = stage.times(is_result);
    let (during, after): (Vec<Instant>, Vec<_>) = attempts.iter().partition(|at| **at < back);
    // One attempt each, 50 saved retries, and 10 retries per second.
    assert!(during.len() <= JOBS + 50 + 10 * 120, "{}", during.len());
    assert_eq!(after.len(), JOBS, "each job is tried once");
    let last = *after.last().unwrap() - back;
    assert!(last <= 2 * SECOND, "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_platform_asks_for_is_kept() {
    let asked = Duration::from_secs(45);
    let mut answers = vec![
        Posted::Accepted,
        Posted::Later {
            why: "429".to_owned(),
            after: Some(asked),
        },
    ];
    let stage = Stage::new().jobs(&["j"]).posts(move |_| answers.pop());
    let playing = play(stage, echo.into_handler().0, Setting::default());
    until_posted(&playing).await;
    let stage = Arc::clone(&playing.stage);
    playing.end().await;
    let attempts = stage.times(is_result);
    assert_eq!(attempts.len(), 2);
    let pause = attempts[1] - attempts[0];
    assert!(pause >= asked && pause <= asked + SECOND, "{pause:?}");
}

#[tokio::test(start_paused = true)]
async fn a_result_is_delivered_within_a_second_of_the_platforms_recovery() {
    let back = Instant::now() + Duration::from_mins(10);
    let is_up = move || Instant::now() >= back;
    let stage = Stage::new()
        .takes(move |number| {
            if number == 0 {
                return Some(jobs(["j"]));
            }
            (!is_up())
                .then(|| Taken::Failed("503".to_owned()))
                .or(Some(Taken::Nothing))
        })
        .posts(move |_| Some(if is_up() { Posted::Accepted } else { later() }));
    let playing = play(stage, echo.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    sleep(Duration::from_mins(10) + SECOND).await;
    let accepted = *stage.times(is_result).last().unwrap();
    assert!(accepted >= back, "it was not tried again");
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_result_is_on_disk_while_the_platform_does_not_answer() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::new().jobs(&["j"]).posts(|_| None);
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    until_posted(&playing).await;
    // A kill at this moment would leave this file behind.
    until_on_disk(directory.path(), |names| {
        names
            .iter()
            .any(|name| name.contains("-j-") && name.ends_with(".result"))
    })
    .await;
    playing.shutdown.end();
    playing.shutdown.cut_off();
    let ended = playing.ended().await;
    assert_eq!(ended, Ended::Finished);
    let kept = waiting(directory.path());
    assert_eq!(kept.len(), 1);
    assert_eq!(&kept[0].body[..], br#"{"output":"j"}"#);
}

#[tokio::test(start_paused = true)]
async fn an_accepted_result_leaves_nothing_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::new().jobs(&["a", "b"]);
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    until_posted(&playing).await;
    playing.end().await;
    assert_eq!(files(directory.path()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_result_is_replaced_on_disk_by_the_failed_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut answers = vec![Posted::Refused {
        why: "the platform refused 14 bytes permanently (400 Bad Request)".to_owned(),
    }];
    let stage = Stage::new().jobs(&["j"]).posts(move |_| answers.pop());
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    playing
        .stage
        .until(|events| events.iter().filter(|event| is_result(event)).count() == 2)
        .await;
    playing.shutdown.cut_off();
    playing.end().await;
    let kept = waiting(directory.path());
    assert_eq!(kept.len(), 1);
    let body = String::from_utf8_lossy(&kept[0].body).into_owned();
    assert!(
        body.contains("ResultRefused") && body.contains("14 bytes"),
        "{body}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_stopped_while_its_result_is_on_its_way_has_no_other_outcome() {
    let directory = tempfile::tempdir().unwrap();
    let posted = Arc::new(Semaphore::new(0));
    let (tell, is_stopped) = (Arc::clone(&posted), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&is_stopped);
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(move |_| {
            tell.add_permits(1);
            stop.store(true, Ordering::SeqCst);
            Some(later())
        })
        .stops(move |_| {
            let ids = if is_stopped.load(Ordering::SeqCst) {
                vec!["j".to_owned()]
            } else {
                vec![]
            };
            Some(StopSignals::Stop(ids))
        });
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    let stage = Arc::clone(&playing.stage);
    let _ = posted.acquire().await;
    sleep(5 * SECOND).await;
    let tried = stage.times(is_result).len();
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(
        stage.times(is_result).len(),
        tried,
        "nothing is sent after the stop"
    );
    assert_eq!(files(directory.path()), 0);
}

async fn three_items(_input: String, out: Emitter<u32>) -> Result<(), crate::Cancelled> {
    for item in 1..=3 {
        out.send(item).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn stream_items_that_the_worker_could_not_deliver_go_before_their_result_when_the_next_one_does()
 {
    let directory = tempfile::tempdir().unwrap();
    let mut accepted = 0;
    let stage = Stage::new().jobs(&["s"]).posts(move |_| {
        accepted += 1;
        Some(if accepted == 1 {
            Posted::Accepted
        } else {
            later()
        })
    });
    let playing = play(
        stage,
        StreamFunction::into_handler(three_items).0,
        spool(directory.path()),
    );
    playing
        .stage
        .until(|events| {
            events
                .iter()
                .filter(|it| matches!(it, Event::Post(..)))
                .count()
                > 3
        })
        .await;
    playing.shutdown.cut_off();
    assert_eq!(playing.end().await, Ended::Finished);

    let next = play(Stage::new(), echo.into_handler().0, spool(directory.path()));
    next.stage
        .until(|events| events.iter().any(is_result))
        .await;
    let stage = Arc::clone(&next.stage);
    next.end().await;
    assert_eq!(
        stage.posted("s"),
        [
            r#"item {"output":2}"#,
            r#"item {"output":3}"#,
            r#"result {"output":[]}"#
        ]
    );
    assert_eq!(files(directory.path()), 0);
}

#[tokio::test(start_paused = true)]
async fn progress_that_is_not_accepted_holds_up_no_result() {
    async fn handler(_input: String, ctx: JobContext) -> u32 {
        ctx.progress("half");
        sleep(SECOND / 100).await;
        7
    }
    let stage = Stage::new().jobs(&["j"]).posts(|post| {
        Some(if post.kind == PostKind::Progress {
            later()
        } else {
            Posted::Accepted
        })
    });
    let begun = Instant::now();
    let playing = play(stage, handler.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    stage.until(|events| events.iter().any(is_result)).await;
    assert_eq!(begun.elapsed(), SECOND / 100);
    assert_eq!(stage.posted("j").last().unwrap(), r#"result {"output":7}"#);
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn progress_that_a_task_of_the_handler_sends_after_its_end_is_not_posted_beside_the_result() {
    async fn handler(_input: String, ctx: JobContext) -> u32 {
        tokio::spawn(async move {
            sleep(SECOND).await;
            ctx.progress("late");
        });
        7
    }
    // The result is in flight for a long time.
    let stage = Stage::new().jobs(&["j"]).posts(|_| None);
    let playing = play(stage, handler.into_handler().0, Setting::default());
    until_posted(&playing).await;
    sleep(10 * SECOND).await;
    assert_eq!(playing.stage.posted("j"), [r#"result {"output":7}"#]);
    playing.shutdown.cut_off();
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_result_that_asked_for_a_fresh_worker_is_replaced_by_one_that_asks_too() {
    async fn handler(_input: String, ctx: JobContext) -> u32 {
        ctx.refresh_worker();
        7
    }
    let mut answers = vec![Posted::Refused {
        why: "too large".to_owned(),
    }];
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(move |_| Some(answers.pop().unwrap_or(Posted::Accepted)));
    let playing = play(stage, handler.into_handler().0, Setting::default());
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.ended().await, Ended::Refreshed);
    let posted = stage.posted("j");
    assert!(
        posted[1].contains("ResultRefused") && posted[1].contains(r#""stopPod":true"#),
        "{posted:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_be_run_asks_for_no_fresh_worker_and_the_worker_goes_on() {
    let broken = || {
        let (id, reason) = (Some("broken".to_owned()), "it has no `input`".to_owned());
        Taken::Jobs(vec![Err(BrokenJob { id, reason })])
    };
    let stage = Stage::new().takes(move |number| match number {
        0 => Some(broken()),
        1 => Some(jobs(["fine"])),
        _ => None,
    });
    let setting = Setting {
        refresh_worker: true,
        ..Setting::default()
    };
    let playing = play(stage, echo.into_handler().0, setting);
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.ended().await, Ended::Refreshed);
    assert!(!stage.posted("broken")[0].contains("stopPod"));
    assert!(stage.posted("fine")[0].contains("stopPod"));
}
