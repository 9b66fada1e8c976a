use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use tokio::time::advance;

use super::{RatePermit, Rates};
use crate::operation::Operation;
use crate::response::ErrorResponse;

fn seconds_to_wait(refused: Result<Option<RatePermit<'_>>, ErrorResponse>) -> String {
    let response = refused
        .expect_err("the request should have been refused")
        .into_response();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    response.headers()[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn no_ten_seconds_have_more_requests_than_allowed() {
    let rates = Rates::of_production();
    assert!(rates.admit(Operation::PurgeQueue).is_ok());
    advance(Duration::from_millis(6_500)).await;
    assert!(rates.admit(Operation::PurgeQueue).is_ok());
    // In 3.5 seconds, the first request will be 10 seconds old.
    assert_eq!(seconds_to_wait(rates.admit(Operation::PurgeQueue)), "4");
    advance(Duration::from_millis(3_499)).await;
    assert_eq!(seconds_to_wait(rates.admit(Operation::PurgeQueue)), "1");
    advance(Duration::from_millis(1)).await;
    assert!(rates.admit(Operation::PurgeQueue).is_ok());
    assert_eq!(seconds_to_wait(rates.admit(Operation::PurgeQueue)), "7");
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_than_allowed_are_answered_at_once() {
    let rates = Rates::of_production();
    let mut turns: Vec<_> = (0..20)
        .map(|_| rates.admit(Operation::Cancel).unwrap())
        .collect();
    assert_eq!(seconds_to_wait(rates.admit(Operation::Cancel)), "1");
    turns.pop();
    assert!(rates.admit(Operation::Cancel).is_ok());
}

#[tokio::test(start_paused = true)]
async fn operations_are_counted_apart() {
    let rates = Rates::of_production();
    for _ in 0..1_000 {
        assert!(rates.admit(Operation::Run).is_ok());
    }
    assert_eq!(seconds_to_wait(rates.admit(Operation::Run)), "10");
    assert!(rates.admit(Operation::Status).is_ok());
}

#[tokio::test(start_paused = true)]
async fn workers_are_not_limited() {
    let rates = Rates::of_production();
    for _ in 0..10_000 {
        assert!(matches!(rates.admit(Operation::JobTake), Ok(None)));
    }
}
