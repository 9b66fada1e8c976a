//! Tests how often a worker sends requests if all answers arrive immediately and are empty.
//!
//! A worker's pause begins when an answer has arrived and ends with the next request, and a timer never fires early.
//! So, by the endpoint's own clock, the limit holds however busy the machine is.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::jobs::{Plan, jobs};
use crate::ledger::{Ledger, most_in_a_second};
use crate::process::Kind;
use crate::stage::Stage;
use crate::weather::{Chance, On, Outage, Weather};

/// How many requests a worker may send in a second, whatever the answers are.
const MOST: usize = 20;
const ALWAYS: Chance = Chance::First(u32::MAX);

/// Gives every job-take request this answer, until a worker without pauses would have sent too many requests.
async fn is_paced(name: &str, weather: Weather) {
    let mut stage = Stage::set(name, Kind::ours("async", 2), weather, Vec::new()).await;
    let mut worker = stage.start();
    let second = Duration::from_secs(1);
    let begun = Instant::now();
    stage
        .until("three seconds or enough job-take requests", |ledger| {
            ledger.takes.len() > 2 * MOST || begun.elapsed() > 3 * second && ledger.takes.len() > 4
        })
        .await;
    stage.dismiss(&mut worker).await;
    stage.assert_kept();
    let most = stage
        .endpoint
        .ledger(|ledger| most_in_a_second(&ledger.takes));
    assert!(most <= MOST, "{name}: {most} job-take requests in a second");
}

#[tokio::test]
async fn answers_without_a_job_at_once_are_paced() {
    let broken = Fault::Body("application/json", "[{\"input\": {}}, {\"id\": 7}]");
    let always = |fault| Weather::fair().with(On::Takes, ALWAYS, fault);
    tokio::join!(
        is_paced("pace-no-content", always(Fault::Status(204))),
        is_paced("pace-flash-boot", always(Fault::Status(400))),
        is_paced("pace-unauthorised", always(Fault::Status(401))),
        is_paced("pace-not-found", always(Fault::Status(404))),
        is_paced("pace-server-errors", always(Fault::Status(500))),
        is_paced("pace-redirected", always(Fault::Redirect(302))),
        is_paced(
            "pace-no-jobs",
            always(Fault::Body("application/json", "[]"))
        ),
        is_paced("pace-broken-jobs", always(broken)),
        is_paced("pace-malformed", Weather::fair().malformed_takes(ALWAYS)),
    );
}

#[tokio::test]
async fn throttling_without_a_pause_is_paced() {
    let always = |status| Weather::fair().with(On::Takes, ALWAYS, Fault::RetryAfter(status, 0));
    tokio::join!(
        is_paced("pace-throttled", always(429)),
        is_paced("pace-unavailable", always(503)),
    );
}

#[tokio::test]
async fn broken_connections_at_once_are_paced() {
    let always = |fault| Weather::fair().with(On::Takes, ALWAYS, fault);
    tokio::join!(
        is_paced("pace-resets", always(Fault::ResetBefore)),
        is_paced("pace-closed", always(Fault::Close)),
        is_paced("pace-garbage", always(Fault::Garbage)),
    );
}

#[tokio::test]
async fn the_same_job_again_and_again_is_no_flow_of_jobs() {
    let one = jobs(1, |_| Plan {
        gate: true,
        ..Plan::default()
    });
    let again = one.clone();
    let mut stage = Stage::set(
        "pace-same-job",
        Kind::ours("async", 2),
        Weather::fair(),
        one,
    )
    .await;
    let mut worker = stage.start();
    stage
        .until("the job runs", |ledger| ledger.at_gates() == 1)
        .await;
    for _ in 0..3 * MOST {
        let asked = stage.endpoint.change(|ledger| {
            ledger.queue.extend(again.clone());
            ledger.takes.len()
        });
        let begun = Instant::now();
        stage
            .until("the job is handed over", |ledger| {
                ledger.queue.is_empty() && ledger.takes.len() > asked
            })
            .await;
        if begun.elapsed() > Duration::from_millis(300) {
            break;
        }
    }
    stage.endpoint.change(|ledger| ledger.all_gates_open = true);
    stage.until_settled().await;
    stage.dismiss(&mut worker).await;
    stage.assert_kept();
    let most = stage
        .endpoint
        .ledger(|ledger| most_in_a_second(&ledger.takes));
    assert!(most <= MOST, "{most} job-take requests in a second");
}

#[tokio::test]
async fn stop_polls_that_name_nobody_at_once_are_paced_too() {
    let malformed = Fault::Body("application/json", "{\"jobsToStop\": 7}");
    let strangers = Fault::Body("application/json", "{\"jobsToStop\": [\"nobody\"]}");
    tokio::join!(
        stops_are_paced("pace-of-stops-empty", Fault::Status(204)),
        stops_are_paced("pace-of-stops-failing", Fault::Status(500)),
        stops_are_paced("pace-of-stops-resets", Fault::ResetBefore),
        stops_are_paced("pace-of-stops-malformed", malformed),
        stops_are_paced("pace-of-stops-strangers", strangers),
    );
}

async fn stops_are_paced(name: &str, fault: Fault) {
    let weather = Weather::fair().with(On::Stops, ALWAYS, fault);
    let mut stage = Stage::set(name, Kind::ours("async", 1), weather, Vec::new()).await;
    let mut worker = stage.start();
    let begun = Instant::now();
    let enough = |ledger: &Ledger| {
        let polls = ledger.stop_polls.len();
        polls > 2 * MOST || begun.elapsed() > Duration::from_secs(3) && polls > 4
    };
    stage.until("three seconds or enough polls", enough).await;
    stage.dismiss(&mut worker).await;
    let most = stage
        .endpoint
        .ledger(|ledger| most_in_a_second(&ledger.stop_polls));
    assert!(most <= MOST, "{name}: {most} stop polls in a second");
}

#[tokio::test]
async fn jobs_that_flow_are_not_paced() {
    let many = jobs(300, |_| Plan::default());
    let mut stage = Stage::set(
        "pace-of-flow",
        Kind::ours("async", 1),
        Weather::fair(),
        many,
    )
    .await;
    let mut worker = stage.start();
    stage.until_settled().await;
    stage.dismiss(&mut worker).await;
    assert_eq!(stage.assert_kept().sums.delivered, 300);
    // There is one slot, so each job needs a job-take request. A worker that always pauses would pause before each of
    // these requests.
    let flows = |ledger: &Ledger| {
        let gaps = ledger
            .takes
            .windows(2)
            .map(|two| two[1].duration_since(two[0]));
        gaps.filter(|gap| *gap < Duration::from_millis(50)).count()
    };
    let unpaced = stage.endpoint.ledger(flows);
    assert!(unpaced > 0, "every job-take request came after a pause");
}

/// The number of posts during an outage is limited: ten retries per second for all jobs, no matter how many results
/// wait.
#[tokio::test]
async fn an_outage_draws_no_storm_of_requests() {
    const SLOTS: usize = 32;
    let lasting = Duration::from_secs(5);
    let weather = Weather::fair().outage(Outage {
        after_results: 20,
        lasting,
        with: Fault::Status(503),
    });
    let many = jobs(400, |_| Plan {
        ms: 20,
        ..Plan::default()
    });
    let mut stage = Stage::set(
        "storm-of-requests",
        Kind::ours("async", SLOTS),
        weather,
        many,
    )
    .await;
    let mut worker = stage.start();
    stage.until_settled().await;
    stage.dismiss(&mut worker).await;
    let sums = stage.assert_kept().sums;
    let refused = stage.endpoint.ledger(|ledger| ledger.refused);
    println!(
        "an outage of {} s over {SLOTS} slots: {} posts for 400 results, {refused} of them refused",
        lasting.as_secs(),
        sums.posts
    );
    assert_eq!(sums.delivered, 400);
    // Each waiting result is posted once. In addition, there are the saved retries and ten retries for each second.
    let waiting = 2 * SLOTS + 16 + SLOTS;
    let most = waiting + 50 + 10 * 6;
    assert!(
        refused <= most,
        "{refused} refused posts, but only {most} are allowed"
    );
}
