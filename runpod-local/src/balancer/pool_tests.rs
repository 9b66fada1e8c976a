use std::sync::Mutex;

use tokio::time::{Duration, Instant};

use super::Pool;
use crate::balancer::limits::LONGEST_WAIT;

fn pool() -> Pool {
    Pool::new(Vec::new(), |_| {})
}

fn with_workers(ids: &[&str]) -> Pool {
    let pool = pool();
    for (port, id) in (4000..).zip(ids) {
        pool.worker_starts(id);
        pool.worker_listens(id, port);
        assert!(pool.probed(id, true));
    }
    pool
}

/// Returns why a request gets no worker within the time limit. The test's clock skips that time.
async fn refusal(pool: &Pool) -> String {
    let deadline = Instant::now() + LONGEST_WAIT;
    let refused = pool.pick(&[], deadline).await;
    assert!(Instant::now() >= deadline);
    refused.expect_err("no worker is ready")
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gets_no_worker_in_time_gets_the_reason() {
    let pool = pool();
    pool.build_started();
    assert!(refusal(&pool).await.contains("is still being built"));
    pool.build_failed("the worker does not build");
    assert!(refusal(&pool).await.contains("the worker does not build"));

    pool.build_started();
    pool.worker_starts("worker-1-1");
    pool.build_finished();
    let reason = refusal(&pool).await;
    assert!(
        reason.contains("worker-1-1 is still starting, because its health check"),
        "{reason}"
    );
    pool.worker_logged_error("worker-1-1", "main failed:\nno model here");
    pool.worker_crashed("worker-1-1", "exit code 1 before it was ready");
    assert_eq!(
        refusal(&pool).await,
        "no worker is ready: worker-1-1 stopped: exit code 1 before it was ready: main failed: no model here"
    );
    assert_eq!(pool.open_requests().queued, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_a_worker_is_ready() {
    let pool = pool();
    pool.worker_starts("worker-1-1");
    pool.worker_listens("worker-1-1", 4000);
    let waiting = pool.clone();
    let request = tokio::spawn(async move {
        let deadline = Instant::now() + LONGEST_WAIT;
        waiting.pick(&[], deadline).await.map(|turn| turn.port)
    });
    pool.until(|state| state.waiting == 1).await;
    assert!(pool.probed("worker-1-1", true));
    assert_eq!(request.await.unwrap(), Ok(4000));
}

#[tokio::test]
async fn workers_take_turns_and_one_that_leaves_gets_no_more_requests() {
    let pool = with_workers(&["worker-1-1", "worker-2-1"]);
    let turns = async |number: usize| {
        let mut ids = Vec::new();
        for _ in 0..number {
            ids.push(pool.pick(&[], Instant::now()).await.unwrap().id.clone());
        }
        ids.sort();
        ids
    };
    assert_eq!(turns(2).await, ["worker-1-1", "worker-2-1"]);
    pool.worker_leaves("worker-1-1");
    // Its health check may still answer 200 for a moment.
    assert!(pool.probed("worker-1-1", true));
    assert_eq!(turns(2).await, ["worker-2-1", "worker-2-1"]);
    pool.worker_ended("worker-2-1");
    assert!(!pool.probed("worker-2-1", true));
    assert!(!pool.has_ready());
}

#[tokio::test]
async fn a_worker_that_cannot_be_reached_is_not_tried_again() {
    let pool = with_workers(&["worker-1-1", "worker-2-1"]);
    let tried = ["worker-1-1".to_owned()];
    for _ in 0..2 {
        let turn = pool.pick(&tried, Instant::now()).await.unwrap();
        assert_eq!(turn.id, "worker-2-1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_settled_when_it_has_begun_to_answer_or_after_a_while() {
    let pool = with_workers(&["worker-1-1"]);
    let began = Instant::now();
    pool.settled("worker-1-1").await;
    let mut turn = pool.pick(&[], Instant::now()).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    pool.settled("worker-1-1").await;
    assert_eq!(began.elapsed(), super::UNREAD);
    turn.answered();
    pool.settled("worker-1-1").await;
    assert_eq!(began.elapsed(), super::UNREAD);
    assert_eq!(pool.open_requests().running, 1);
    drop(turn);
    assert_eq!(pool.open_requests().running, 0);
}

#[tokio::test]
async fn a_balancer_that_closes_refuses_requests_at_once() {
    let pool = with_workers(&["worker-1-1"]);
    pool.close();
    let refused = pool.pick(&[], Instant::now() + LONGEST_WAIT).await;
    assert!(refused.unwrap_err().contains("shutting down"));
}

#[tokio::test]
async fn the_view_shows_why_no_worker_is_ready_and_when_handlers_may_have_changed() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let pool = Pool::new(Vec::new(), |text| {
        SAID.lock().unwrap().push(text.to_owned());
    });
    let problem = serde_json::json!(pool.view())["problem"].clone();
    assert!(problem.as_str().unwrap().contains("no worker is running"));
    pool.worker_starts("worker-1-1");
    let before = pool.view().generation;
    assert!(pool.probed("worker-1-1", true));
    let view = serde_json::json!(pool.view());
    assert_eq!(view["ready"], serde_json::json!(["worker-1-1"]));
    assert!(view["problem"].is_null());
    assert!(pool.view().generation > before);
    pool.say("a line");
    assert_eq!(*SAID.lock().unwrap(), ["a line"]);
}
