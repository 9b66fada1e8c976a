//! Combines every fault with every kind of handler. Each combination is a scenario whose jobs finish in every way.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::fault::Fault;
use crate::jobs::{End, Job, Plan, jobs};
use crate::process::Kind;
use crate::stage::Stage;
use crate::weather::{Chance, On, Outage, Weather};

/// Returns ten jobs that succeed, one that fails and one that panics.
fn of_all_ends() -> Vec<Job> {
    jobs(12, |number| Plan {
        ms: 4,
        items: 5,
        progress: 3,
        end: match number {
            4 => End::Error,
            8 => End::Panic,
            _ => End::Value,
        },
        ..Plan::default()
    })
}

/// Plays the scenario to its end and checks every promise.
async fn keeps_its_promises(name: &str, kind: Kind, weather: Weather) {
    let mut stage = Stage::set(name, kind, weather, of_all_ends()).await;
    let mut worker = stage.start();
    stage.until_settled().await;
    let code = stage.dismiss(&mut worker).await;
    let verdict = stage.assert_kept();
    assert_eq!(code, Some(0), "{name}: the exit code");
    assert_eq!(verdict.sums.taken, 12, "{name}: {}", verdict.sums);
}

/// Runs the kinds of handlers of one family at the same time, because a scenario mostly waits.
async fn all_keep_their_promises(fault: &str, kinds: &[(&'static str, usize)], weather: Weather) {
    let mut scenarios = JoinSet::new();
    for (handler, slots) in kinds {
        let name = format!("{fault}-{handler}-{slots}");
        let kind = Kind::ours(handler, *slots);
        let weather = weather.clone();
        scenarios.spawn(async move { keeps_its_promises(&name, kind, weather).await });
    }
    // This panics with the first scenario that fails.
    scenarios.join_all().await;
}

/// Creates a module for each kind of weather, with a test for each family of handlers and a scenario for each kind in
/// it.
macro_rules! crossed {
    ($($fault:ident: $weather:expr;)*) => {$(
        mod $fault {
            use super::*;

            #[tokio::test]
            async fn async_functions() {
                all_keep_their_promises(stringify!($fault), ASYNC, $weather).await;
            }

            #[tokio::test]
            async fn plain_functions() {
                all_keep_their_promises(stringify!($fault), PLAIN, $weather).await;
            }

            #[tokio::test]
            async fn streams() {
                all_keep_their_promises(stringify!($fault), STREAMS, $weather).await;
            }
        }
    )*};
}

const ASYNC: &[(&str, usize)] = &[("async", 1), ("async", 4), ("async", 32)];
const PLAIN: &[(&str, usize)] = &[("plain", 1), ("plain", 4)];
const STREAMS: &[(&str, usize)] = &[("stream", 1), ("iterator", 4), ("emitter", 32)];
const SOME: Chance = Chance::Share(0.25);

crossed! {
    no_fault: Weather::fair();
    server_errors: Weather::fair().with(On::All, SOME, Fault::Status(500));
    resets_before_acceptance: Weather::fair().with(On::All, SOME, Fault::ResetBefore);
    resets_after_acceptance: Weather::fair().with(On::All, SOME, Fault::ResetAfter);
    closed_connections: Weather::fair().with(On::All, SOME, Fault::Close);
    malformed_takes: Weather::fair().malformed_takes(Chance::First(4)).malformed_takes(SOME);
    late_answers: Weather::fair().with(On::All, SOME, Fault::Late(Duration::from_millis(150)));
    too_many_requests: Weather::fair()
        .with(On::Posts, Chance::Share(0.1), Fault::RetryAfter(429, 1))
        .with(On::Progress, SOME, Fault::RetryAfter(429, 0))
        .with(On::Takes, Chance::First(1), Fault::RetryAfter(429, 1));
    slow_and_truncated_bodies: Weather::fair()
        .with(On::All, SOME, Fault::SlowBody)
        .with(On::All, SOME, Fault::Truncated);
    redirects: Weather::fair()
        .with(On::All, SOME, Fault::Redirect(307))
        .with(On::All, SOME, Fault::Redirect(301));
    garbage: Weather::fair()
        .with(On::All, SOME, Fault::Garbage)
        .with(On::All, SOME, Fault::EndlessHeaders);
    refused_results: Weather::fair().with(On::Results, Chance::Share(0.5), Fault::Status(400));
    an_outage: Weather::fair()
        .outage(Outage {
            after_results: 4,
            lasting: Duration::from_secs(1),
            with: Fault::ResetBefore,
        })
        .with(On::All, Chance::Share(0.1), Fault::Status(503));
    everything_at_once: Weather::fair()
        .with(On::All, Chance::Share(0.1), Fault::Status(500))
        .with(On::All, Chance::Share(0.05), Fault::ResetBefore)
        .with(On::All, Chance::Share(0.05), Fault::ResetAfter)
        .with(On::All, Chance::Share(0.05), Fault::Late(Duration::from_millis(100)))
        .with(On::All, Chance::Share(0.05), Fault::Truncated)
        .malformed_takes(Chance::Share(0.1));
}
