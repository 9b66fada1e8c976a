use std::sync::Arc;

use super::stage::{Event, Setting, Stage, jobs, play, results};
use crate::handler::{AsyncFunction, Handler};
use crate::logging::captured_here;
use crate::platform::{BrokenJob, Posted, StopSignals, Taken};
use crate::worker::Ended;

async fn echo(input: String) -> String {
    input
}

/// Returns a text of as many bytes as its input says.
async fn repeated(bytes: String) -> Result<String, std::num::ParseIntError> {
    Ok("x".repeat(bytes.parse()?))
}

/// Returns the lines that a worker logs until `enough` holds.
async fn logged_until(stage: Stage, enough: impl Fn(&[Event]) -> bool) -> String {
    logged_by(echo.into_handler().0, stage, enough).await
}

async fn logged_by(handler: Handler, stage: Stage, enough: impl Fn(&[Event]) -> bool) -> String {
    let (logged, guard) = captured_here();
    let playing = play(stage, handler, Setting::default());
    playing.stage.until(enough).await;
    // The worker logs the last post only after it was made.
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Finished);
    drop((guard, stage));
    logged()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_broken_jobs_in_one_answer_are_one_line_in_the_log() {
    let broken = |id: Option<String>| {
        let reason = "it has no `input`".to_owned();
        Err(BrokenJob { id, reason })
    };
    let nameless = Stage::new().takes(move |number| match number {
        0 => Some(Taken::Jobs((0..100_000).map(|_| broken(None)).collect())),
        _ => None,
    });
    let takes = |events: &[Event]| events.iter().filter(|it| **it == Event::Take).count();
    let text = logged_until(nameless, |events| takes(events) == 2).await;
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("DEBUG"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("100000 jobs") && lines[0].len() < 1000,
        "{lines:?}"
    );

    let named = Stage::new().takes(move |number| match number {
        0 => Some(Taken::Jobs(
            (0..1000).map(|id| broken(Some(format!("j{id}")))).collect(),
        )),
        _ => None,
    });
    let text = logged_until(named, |events| results(events) == 1000).await;
    let about_jobs = text
        .lines()
        .filter(|line| line.contains("cannot be run"))
        .count();
    assert_eq!(about_jobs, 1, "{text:.2000}");
    assert!(text.lines().count() < 5, "{text:.2000}");
    assert!(
        text.contains("j0: it has no `input`") && text.contains("and 997 more"),
        "{text:.2000}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_jobs_to_stop_that_are_not_here_are_one_line_in_the_log() {
    let ids = || (0..100_000).map(|id| format!("j{id}")).collect();
    let stage = Stage::new().stops(move |number| (number == 0).then(|| StopSignals::Stop(ids())));
    let stops = |events: &[Event]| events.iter().filter(|it| **it == Event::Stop).count();
    let text = logged_until(stage, |events| stops(events) == 2).await;
    let about = text
        .lines()
        .filter(|line| line.contains("asked to stop"))
        .count();
    assert_eq!(about, 1, "{text:.2000}");
    assert!(text.len() < 1000, "{text:.2000}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_jobs_that_are_here_already_are_one_line_in_the_log() {
    let stage = Stage::new()
        .takes(|number| match number {
            0 => Some(jobs(vec!["a"; 1000])),
            _ => None,
        })
        .posts(|_| Some(Posted::Accepted));
    let text = logged_until(stage, |events| results(events) == 1).await;
    let about = text
        .lines()
        .filter(|line| line.contains("not run twice"))
        .count();
    assert_eq!(about, 1, "{text:.2000}");
    assert!(text.contains("999 jobs"), "{text:.2000}");
}

#[tokio::test(start_paused = true)]
async fn a_result_beyond_the_documented_limits_is_named_before_it_is_posted() {
    for (bytes, expected) in [
        (9_000_000, None),
        (
            10_100_000,
            Some("10 MB after /run; 20 MB are allowed only after /runsync"),
        ),
        (
            20_100_000,
            Some("10 MB after /run and 20 MB after /runsync"),
        ),
    ] {
        let stage = Stage::new().jobs(&[&bytes.to_string()]);
        let handler = repeated.into_handler().0;
        let text = logged_by(handler, stage, |events| results(events) == 1).await;
        let hint = text.lines().find(|line| line.contains("Upload the data"));
        assert_eq!(hint.is_some(), expected.is_some(), "{bytes}: {text:.500}");
        if let (Some(hint), Some(expected)) = (hint, expected) {
            assert!(hint.contains(expected), "{hint}");
        }
    }
}
