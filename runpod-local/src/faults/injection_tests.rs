use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::time::advance;

use super::{Effect, Injection, malformed};
use crate::operation::Operation;
use crate::response;

fn injection(json: &str) -> Injection {
    Injection::new(json.parse().unwrap())
}

/// Returns one letter for the effect on each of the next requests.
fn met(injection: &Injection, operation: Operation, count: usize) -> String {
    (0..count)
        .map(|_| match injection.meet(operation).map(|it| it.effect) {
            None | Some(Effect::None) => '.',
            Some(Effect::Answer(answer)) if answer.status() == StatusCode::BAD_REQUEST => 'f',
            Some(Effect::Answer(_)) => 'e',
            Some(Effect::ResetBefore) => 'b',
            Some(Effect::ResetAfter) => 'a',
            Some(Effect::Malformed) => 'm',
        })
        .collect()
}

const MIXED: &str = r#"{"seed": 7, "rules": [{"route": "*", "error": 0.2, "reset_before": 0.1, "reset_after": 0.1,
    "malformed": 0.1, "flashboot": 0.2}]}"#;

#[tokio::test]
async fn without_rules_nothing_happens() {
    assert!(
        Injection::new(super::Faults::default())
            .meet(Operation::Run)
            .is_none()
    );
}

#[tokio::test]
async fn a_seed_repeats_itself_however_operations_mix() {
    let alone = met(&injection(MIXED), Operation::JobDone, 200);
    let among_others = injection(MIXED);
    let mut mixed = String::new();
    for _ in 0..200 {
        mixed += &met(&among_others, Operation::JobDone, 1);
        met(&among_others, Operation::Status, 3);
    }
    assert_eq!(alone, mixed);
    let other_seed = injection(&MIXED.replace('7', "8"));
    assert_ne!(met(&other_seed, Operation::JobDone, 200), alone);
}

#[tokio::test]
async fn faults_happen_about_as_often_as_they_are_to() {
    let met = met(&injection(MIXED), Operation::JobTake, 10_000);
    for (letter, expected) in [
        ('e', 2_000),
        ('b', 1_000),
        ('a', 1_000),
        ('m', 1_000),
        ('f', 2_000),
        ('.', 3_000),
    ] {
        let count = met.matches(letter).count();
        assert!(count.abs_diff(expected) < 200, "{letter}: {count}");
    }
}

#[tokio::test]
async fn a_likelihood_of_one_is_certain() {
    let certain = injection(r#"{"rules": [{"route": "run", "reset_after": 1}]}"#);
    assert_eq!(met(&certain, Operation::Run, 1_000), "a".repeat(1_000));
}

#[tokio::test]
async fn flashboot_is_met_by_takes_only() {
    let takes = injection(r#"{"rules": [{"route": "*", "flashboot": 1}]}"#);
    assert_eq!(met(&takes, Operation::JobTake, 2), "ff");
    assert_eq!(met(&takes, Operation::JobTakeBatch, 2), "ff");
    assert_eq!(met(&takes, Operation::JobDone, 2), "..");
}

#[tokio::test]
async fn the_first_rule_that_names_the_operation_holds() {
    let rules = injection(
        r#"{"rules": [{"route": "run"}, {"route": "*", "error": 1, "status": 503}, {"route": "status", "malformed": 1}]}"#,
    );
    assert_eq!(met(&rules, Operation::Run, 1), ".");
    assert_eq!(met(&rules, Operation::Status, 1), "e");
    let answer = rules.meet(Operation::Health).unwrap().effect;
    assert!(
        matches!(answer, Effect::Answer(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE)
    );
}

#[tokio::test]
async fn delays_are_between_the_two_numbers() {
    let rules = injection(r#"{"rules": [{"route": "*", "delay_ms": [10, 20]}]}"#);
    let delays: Vec<_> = (0..1_000)
        .map(|_| rules.meet(Operation::Run).unwrap().delay)
        .collect();
    let millis = Duration::from_millis;
    assert!(
        delays
            .iter()
            .all(|delay| (millis(10)..=millis(20)).contains(delay))
    );
    assert!(delays.iter().any(|delay| *delay < millis(11)));
    assert!(delays.iter().any(|delay| *delay > millis(19)));
}

#[tokio::test(start_paused = true)]
async fn an_outage_begins_and_ends() {
    let outages = injection(
        r#"{"outages": [{"from_s": 2, "for_s": 5}, {"from_s": 8, "for_s": 1, "status": 502, "route": "run"}]}"#,
    );
    let mut met_at = String::new();
    for _ in 0..10 {
        met_at += &met(&outages, Operation::Run, 1);
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(met_at, "..bbbbb.e.");

    outages.set(outages.faults());
    advance(Duration::from_secs(8)).await;
    assert_eq!(met(&outages, Operation::Status, 1), ".");
    assert_eq!(met(&outages, Operation::Run, 1), "e");
}

#[tokio::test]
async fn setting_faults_begins_anew() {
    let rules = injection(MIXED);
    let first = met(&rules, Operation::Run, 50);
    rules.set(rules.faults());
    assert_eq!(met(&rules, Operation::Run, 50), first);
    rules.set(super::Faults::default());
    assert!(rules.meet(Operation::Run).is_none());
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.into()).unwrap()
}

#[tokio::test]
async fn a_malformed_answer_is_never_good_json() {
    for whole in ["{\"id\":\"x\"}", "[]", "{}", "7", "77", "null", "\"text\""] {
        let mut good = response::ok(whole);
        good.headers_mut()
            .insert(header::CONTENT_LENGTH, whole.len().into());
        let bad = malformed(good).await;
        assert!(!bad.headers().contains_key(header::CONTENT_LENGTH));
        let bad = text(bad).await;
        assert!(
            serde_json::from_str::<serde_json::Value>(&bad).is_err(),
            "{whole} became {bad}"
        );
    }
    let nothing = Response::builder()
        .status(StatusCode::NO_CONTENT)
        .body(Body::empty())
        .unwrap();
    let bad = malformed(nothing).await;
    assert_eq!(bad.status(), StatusCode::OK);
    assert_eq!(text(bad).await, "{");
}
