use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stage::{Event, Playing, Setting, Stage, jobs, play};
use crate::handler::AsyncFunction;
use crate::platform::{BrokenJob, StopSignals, Taken};

const SECOND: Duration = Duration::from_secs(1);

type Answer<A> = fn() -> A;

async fn echo(input: String) -> String {
    input
}

fn four(stage: Stage) -> Playing {
    let setting = Setting {
        concurrency: 4,
        ..Setting::default()
    };
    play(stage, echo.into_handler().0, setting)
}

/// Returns the largest number of these times that fall within one second.
fn most_in_a_second(times: &[Instant]) -> usize {
    let within = |first: &Instant| {
        let second = times
            .iter()
            .filter(|time| (*first..*first + SECOND).contains(time));
        second.count()
    };
    times.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn whatever_is_answered_at_once_there_are_at_most_twenty_takes_a_second() {
    let answers: [(&str, Answer<Taken>); 6] = [
        ("nothing", || Taken::Nothing),
        ("a failure", || Taken::Failed("500".to_owned())),
        ("come back at once", || Taken::Throttled(Duration::ZERO)),
        ("no jobs", || Taken::Jobs(Vec::new())),
        ("a broken job", || {
            let reason = "broken".to_owned();
            Taken::Jobs(vec![Err(BrokenJob { id: None, reason })])
        }),
        ("the same job", || jobs(["same"])),
    ];
    for (what, answer) in answers {
        // The platform never accepts the result of the job that it hands over again and again, so the worker keeps the
        // job.
        let stage = Stage::new().takes(move |_| Some(answer())).posts(|_| None);
        let playing = four(stage);
        sleep(10 * SECOND).await;
        let takes = playing.stage.times(|event| *event == Event::Take);
        assert!(most_in_a_second(&takes) <= 20, "{what}: {takes:?}");
        assert!(takes.len() >= 9, "{what}: the worker still asks");
        let first_again = takes[1] - takes[0];
        assert!(first_again <= SECOND / 10, "{what}: {first_again:?}");
        playing.shutdown.end();
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_is_back_is_asked_within_a_second() {
    let back = Instant::now() + Duration::from_mins(5);
    let stage = Stage::new().takes(move |_| {
        Some(if Instant::now() < back {
            Taken::Failed("503".to_owned())
        } else {
            jobs(["j"])
        })
    });
    let playing = four(stage);
    playing
        .stage
        .until(|events| events.iter().any(|it| matches!(it, Event::Post(..))))
        .await;
    assert!(back.elapsed() <= SECOND, "{:?}", back.elapsed());
}

#[tokio::test(start_paused = true)]
async fn jobs_that_flow_are_not_paced() {
    let begun = Instant::now();
    let stage = Stage::new().takes(|number| (number < 1000).then(|| jobs([&format!("j{number}")])));
    let playing = four(stage);
    let is_post = |event: &&Event| matches!(event, Event::Post(..));
    playing
        .stage
        .until(|events| events.iter().filter(is_post).count() == 1000)
        .await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whatever_is_answered_at_once_there_are_at_most_twenty_stop_polls_a_second() {
    let answers: [(&str, Answer<StopSignals>); 4] = [
        ("nothing", || StopSignals::Stop(Vec::new())),
        ("a job that is here", || {
            StopSignals::Stop(vec!["j".to_owned()])
        }),
        ("a failure", || StopSignals::Failed("500".to_owned())),
        ("come back at once", || {
            StopSignals::Throttled(Duration::ZERO)
        }),
    ];
    for (what, answer) in answers {
        let stage = Stage::new()
            .jobs(&["j"])
            .posts(|_| None)
            .stops(move |_| Some(answer()));
        let playing = four(stage);
        sleep(10 * SECOND).await;
        let polls = playing.stage.times(|event| *event == Event::Stop);
        assert!(most_in_a_second(&polls) <= 20, "{what}: {polls:?}");
        // A platform that does not ask for a pause of a certain length is asked less and less often.
        let is_eased = polls.len() <= 60 || what == "come back at once";
        assert!(is_eased, "{what}: {} in ten seconds", polls.len());
        playing.shutdown.end();
    }
}
