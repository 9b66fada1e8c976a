use runpod_local::Endpoint;

use crate::wire::{ask, served};

#[tokio::test]
async fn limits_hold_where_they_are_asked_for() {
    let limited = served(Endpoint::new().rate_limits(true)).await;
    let unlimited = served(Endpoint::new()).await;
    for _ in 0..2 {
        for endpoint in [&limited, &unlimited] {
            let answer = ask(endpoint, "POST", "/purge-queue", &[], "").await;
            assert_eq!(answer.status, 200);
        }
    }
    // Both paths are the same operation and share one limit.
    let answer = ask(&limited, "POST", "/v2/local/purge-queue", &[], "").await;
    assert_eq!(answer.status, 429);
    assert!(
        answer
            .error()
            .contains("/purge-queue: more than 2 requests in 10 seconds"),
        "{answer:?}"
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&seconds), "{seconds}");

    let answer = ask(&unlimited, "POST", "/purge-queue", &[], "").await;
    assert_eq!(answer.status, 200);
}
