//! Results that wait in the spool, and the workers that post them again.

use super::*;

/// Runs a worker that leaves one result in the spool.
async fn leave_one(directory: &Path) {
    let stage = Stage::new().jobs(&["j"]).posts(|_| Some(later()));
    let playing = play(stage, echo.into_handler().0, spool(directory));
    until_posted(&playing).await;
    playing.shutdown.cut_off();
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_workers_with_one_spool_only_one_offers_a_result() {
    let directory = tempfile::tempdir().unwrap();
    leave_one(directory.path()).await;

    let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
    let worker = || {
        let posts = Arc::clone(&posts);
        let stage = Stage::new().posts(move |post| {
            posts.lock().unwrap().push(post);
            // The first worker is still trying when the second one looks at the spool.
            None
        });
        play(stage, echo.into_handler().0, spool(directory.path()))
    };
    let (first, second) = (worker(), worker());
    sleep(Duration::from_mins(30)).await;
    let posts = posts.lock().unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].kind, PostKind::Result { streaming: false });
    first.shutdown.end();
    second.shutdown.end();
}

#[tokio::test(start_paused = true)]
async fn a_kept_result_that_has_to_wait_holds_up_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let ids: Vec<_> = (0..40).map(|number| format!("j{number}")).collect();
    let taken = ids.clone();
    let stage = Stage::new()
        .takes(move |number| (number == 0).then(|| jobs(&taken)))
        .posts(|_| Some(later()));
    let setting = Setting {
        concurrency: ids.len(),
        ..spool(directory.path())
    };
    let playing = play(stage, echo.into_handler().0, setting);
    until_posted(&playing).await;
    playing.shutdown.cut_off();
    playing.end().await;

    let stage = Stage::new().posts(|post| (&*post.job_id != "j0").then_some(Posted::Accepted));
    let next = play(stage, echo.into_handler().0, spool(directory.path()));
    next.stage
        .until(|events| events.iter().filter(|event| is_result(event)).count() == ids.len())
        .await;
    next.shutdown.cut_off();
    next.end().await;
    let left: Vec<_> = waiting(directory.path())
        .into_iter()
        .map(|it| it.job_id.to_string())
        .collect();
    assert_eq!(left, ["j0"]);
}

#[tokio::test(start_paused = true)]
async fn a_kept_result_is_offered_again_until_the_platform_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let back = Instant::now() + Duration::from_hours(1);
    let stage = Stage::new().jobs(&["j"]).posts(move |_| {
        Some(if Instant::now() < back {
            later()
        } else {
            Posted::Accepted
        })
    });
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    let stage = Arc::clone(&playing.stage);
    sleep(Duration::from_mins(75)).await;
    playing.end().await;
    assert!(*stage.times(is_result).last().unwrap() >= back);
    assert_eq!(files(directory.path()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kept_result_is_posted_in_the_name_of_the_worker_that_made_it_however_often_it_is_put_back()
 {
    let directory = tempfile::tempdir().unwrap();
    let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
    let worker = |id, stage: Stage, answer: fn(&Post) -> Posted| {
        let posts = Arc::clone(&posts);
        let stage = stage.posts(move |post| {
            let answer = answer(&post);
            posts.lock().unwrap().push(post);
            Some(answer)
        });
        let setting = Setting {
            worker_id: Some(id),
            ..spool(directory.path())
        };
        play(stage, echo.into_handler().0, setting)
    };
    let made = worker("maker", Stage::new().jobs(&["j"]), |_| later());
    until_posted(&made).await;
    made.shutdown.cut_off();
    made.end().await;
    // This worker cannot deliver the result either.
    let between = worker("between", Stage::new(), |_| later());
    until_posted(&between).await;
    between.end().await;
    assert_eq!(&*waiting(directory.path())[0].worker_id, "maker");
    // The platform refuses the result and accepts the failed result that reports the refusal.
    let last = worker("last", Stage::new(), |post| {
        if post.body.starts_with(b"{\"error\"") {
            Posted::Accepted
        } else {
            Posted::Refused {
                why: "too large".to_owned(),
            }
        }
    });
    let is_refusal =
        |event: &Event| matches!(event, Event::Post(_, _, body) if body.contains("ResultRefused"));
    last.stage
        .until(|events| events.iter().any(is_refusal))
        .await;
    last.end().await;
    let posts = posts.lock().unwrap();
    assert!(posts.len() >= 4, "{}", posts.len());
    assert!(posts.iter().all(|post| &*post.worker_id == "maker"));
}

/// Returns the name and the inode of each result file in the directory.
#[cfg(unix)]
fn files_of_results(directory: &Path) -> Vec<(String, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let files = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let named = files.map(|file| {
        let name = file.file_name().into_string().unwrap();
        (name, file.metadata().unwrap().ino())
    });
    named
        .filter(|(name, _)| name.ends_with(".result"))
        .collect()
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_kept_result_that_is_not_accepted_again_stays_in_the_same_file_with_its_time() {
    let directory = tempfile::tempdir().unwrap();
    leave_one(directory.path()).await;
    let before = files_of_results(directory.path());
    assert_eq!(before.len(), 1);

    let stage = Stage::new().posts(|_| Some(later()));
    let next = play(stage, echo.into_handler().0, spool(directory.path()));
    // Long enough for several rounds of redelivery.
    sleep(Duration::from_mins(30)).await;
    assert!(next.stage.times(is_result).len() > 10);
    next.end().await;
    assert_eq!(files_of_results(directory.path()), before);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_stopped_while_its_refusal_is_reported_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let refused = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&refused);
    let stage = Stage::new()
        .jobs(&["j"])
        .posts(move |_| {
            if refused.swap(true, Ordering::SeqCst) {
                // The post that reports the refusal is never answered.
                return None;
            }
            Some(Posted::Refused {
                why: "too large".to_owned(),
            })
        })
        .stops(move |_| {
            let ids = stop.load(Ordering::SeqCst).then(|| "j".to_owned());
            Some(StopSignals::Stop(ids.into_iter().collect()))
        });
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    playing
        .stage
        .until(|events| events.iter().filter(|event| is_result(event)).count() == 2)
        .await;
    sleep(5 * SECOND).await;
    assert_eq!(playing.end().await, Ended::Finished);
    assert_eq!(files(directory.path()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_cannot_be_delivered_holds_the_end_by_half_a_minute_if_it_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::new().jobs(&["j"]).posts(|_| Some(later()));
    let playing = play(stage, echo.into_handler().0, spool(directory.path()));
    until_on_disk(directory.path(), |names| {
        names.iter().any(|name| name.ends_with(".result"))
    })
    .await;
    let stopped = Instant::now();
    assert_eq!(playing.end().await, Ended::Finished);
    assert!(stopped.elapsed() <= 40 * SECOND, "{:?}", stopped.elapsed());
    assert_eq!(waiting(directory.path()).len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn results_are_not_written_while_the_platform_accepts_them_at_once_and_a_slow_one_is() {
    let directory = tempfile::tempdir().unwrap();
    let setting = spool(directory.path());
    let watched = crate::spool::watched::Watched::new(directory.path());
    let ids: Vec<_> = (0..100).map(|number| format!("j{number}")).collect();
    let stage = Stage::new()
        .takes(move |number| Some(jobs([ids.get(number)?])))
        .posts(|post| (&*post.job_id != "j99").then_some(Posted::Accepted));
    let playing = play(stage, echo.into_handler().0, setting);
    playing
        .stage
        .until(|events| events.iter().filter(|event| is_result(event)).count() == 100)
        .await;
    until_on_disk(directory.path(), |names| {
        names.iter().any(|name| name.contains("-j99-"))
    })
    .await;
    // The first result is kept immediately, because the worker does not know yet whether the platform is quick.
    let written = watched.seen().renamed;
    assert!(
        written
            .iter()
            .all(|name| name.contains("-j0-") || name.contains("-j99-")),
        "{written:?}"
    );
    playing.shutdown.cut_off();
    playing.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spool_that_cannot_be_written_does_not_shorten_the_time_for_a_result() {
    let directory = tempfile::tempdir().unwrap();
    let setting = spool(directory.path());
    // This has the same effect as a full disk.
    std::fs::remove_dir_all(directory.path()).unwrap();
    let stage = Stage::new().jobs(&["j"]).posts(|_| Some(later()));
    let playing = play(stage, echo.into_handler().0, setting);
    until_posted(&playing).await;
    sleep(SECOND).await;
    let shutdown = playing.shutdown.clone();
    let ended = tokio::spawn(playing.end());
    sleep(Duration::from_mins(5)).await;
    assert!(!ended.is_finished());
    shutdown.cut_off();
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}
