//! Workers inside another program: this test program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use runpod::prelude::*;
use runpod::{ErrorKind, JobCall, JobResult, Next, Settings, Worker, WorkerBuilder};
use runpod_local::Endpoint;
use tokio::sync::Notify;

use crate::client::Client;

struct Place(&'static str);
struct Factor(u64);

async fn multiply(input: u64, place: State<Place>, factor: State<Factor>) -> Value {
    json!({ "place": place.0, "product": input * factor.0 })
}

fn worker(place: &'static str) -> WorkerBuilder {
    Worker::builder()
        .handler(multiply)
        .state(Place(place))
        .state_with(async {
            tokio::task::yield_now().await;
            Factor(2)
        })
}

async fn endpoint(id: &str) -> runpod_local::Running {
    Endpoint::new().id(id).bind("127.0.0.1", 0).await.unwrap()
}

fn settings(endpoint: &runpod_local::Running, worker_id: &str) -> Settings {
    let variables = endpoint.worker_environment(Some(worker_id)).into_iter();
    variables
        .fold(Settings::new(), |settings, (name, value)| {
            settings.var(name, value)
        })
        .var("RUNPOD_RESULT_SPOOL", "off")
}

/// Runs a job and returns what its client sees.
async fn result(endpoint: &runpod_local::Running, input: Value) -> Value {
    let client = Client::of(endpoint);
    client.ended(&client.run(&input).await).await
}

#[tokio::test]
async fn two_workers_in_one_process_serve_two_endpoints_and_leave_the_process_alone() {
    let (first, second) = tokio::join!(endpoint("first"), endpoint("second"));
    let jobs = async {
        let (one, two) = tokio::join!(result(&first, json!(21)), result(&second, json!(4)));
        assert_eq!(one["output"], json!({ "place": "first", "product": 42 }));
        assert_eq!(two["output"], json!({ "place": "second", "product": 8 }));
        let failed = result(&second, json!("x")).await;
        assert_eq!(failed["status"], "FAILED");
        // Only a panic hook would know the place of the panic.
        let panicked = result(&second, json!(u64::MAX)).await["error"].to_string();
        assert!(panicked.contains("overflow"), "{panicked}");
        assert!(!panicked.contains("embedded.rs"), "{panicked}");
    };
    tokio::select! {
        ended = worker("first").embedded(settings(&first, "w1")).run() => panic!("ended: {ended:?}"),
        ended = worker("second").embedded(settings(&second, "w2")).run() => panic!("ended: {ended:?}"),
        () = jobs => {}
    }
    assert!(!tracing::dispatcher::has_been_set());
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test]
async fn an_embedded_worker_without_an_endpoint_says_what_to_set() {
    let error = worker("nowhere")
        .embedded(Settings::new())
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("RUNPOD_WEBHOOK_GET_JOB"),
        "{error}"
    );
    assert!(
        error.to_string().contains("Settings::from_env()"),
        "{error}"
    );
}

/// Settings with which a worker could start, but its endpoint does not answer.
fn unreachable() -> Settings {
    Settings::new()
        .var(
            "RUNPOD_WEBHOOK_GET_JOB",
            "http://127.0.0.1:9/job-take/$RUNPOD_POD_ID",
        )
        .var(
            "RUNPOD_WEBHOOK_POST_OUTPUT",
            "http://127.0.0.1:9/job-done/$ID",
        )
        .var("RUNPOD_AI_API_KEY", "secret-key")
        .var("RUNPOD_RESULT_SPOOL", "off")
}

#[tokio::test]
async fn faults_of_the_configuration_are_reported_before_a_state_is_made() {
    let made = Arc::new(AtomicBool::new(false));
    let notes = || {
        let made = Arc::clone(&made);
        async move { made.store(true, Ordering::Relaxed) }
    };
    let wrong = unreachable().var("RUNPOD_PING_INTERVAL", "10s");
    let worker = Worker::builder().handler(async || 1).state_with(notes());
    let error = worker.embedded(wrong).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .to_string()
            .contains("RUNPOD_PING_INTERVAL: found \"10s\""),
        "{error}"
    );

    let worker = Worker::builder()
        .handler(async |_: State<Place>| 1)
        .state_with(notes())
        .state(7_u8);
    let error = worker.embedded(unreachable()).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Handlers);
    assert!(
        error
            .to_string()
            .contains("the states of this worker are `()`, `u8`"),
        "{error}"
    );
    assert!(!made.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_state_that_cannot_be_made_stops_the_worker_before_a_job() {
    let worker = || {
        Worker::builder()
            .handler(async || 1)
            .embedded(unreachable())
    };
    let failing = worker().try_state_with(async { "x".parse::<u8>() });
    let error = failing.run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(
        error.to_string().contains("invalid digit found in string"),
        "{error}"
    );

    let panicking = worker().state_with::<u8>(async { panic!("no model") });
    let error = panicking.run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(error.to_string().contains("no model"), "{error}");
}

#[tokio::test]
async fn a_state_that_is_being_made_is_dropped_with_the_worker() {
    struct Tells(Arc<Notify>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (started, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (starts, tells) = (Arc::clone(&started), Tells(Arc::clone(&dropped)));
    let worker = Worker::builder()
        .handler(async || 1)
        .embedded(unreachable())
        .state_with(async move {
            let _tells = tells;
            starts.notify_one();
            std::future::pending::<u8>().await
        });
    tokio::select! {
        ended = worker.run() => panic!("ended: {ended:?}"),
        () = started.notified() => {}
    }
    dropped.notified().await;
}

async fn refused(call: JobCall, next: Next) -> JobResult {
    if call.context().worker_id() == "w1" {
        Err("not on this worker")?;
    }
    next.run(call).await
}

#[tokio::test]
async fn a_function_around_handlers_works_in_a_worker_with_a_route() {
    let endpoint = endpoint("routed").await;
    let worker = worker("here")
        .blocking(|input: Value| input)
        .named("echo")
        .route("task")
        .around(refused);
    let jobs = async {
        let input = json!({ "task": "echo", "text": "x".repeat(100_000) });
        let failed = result(&endpoint, input).await;
        assert_eq!(failed["status"], "FAILED");
        assert!(
            failed["error"]
                .as_str()
                .unwrap()
                .contains("not on this worker")
        );
    };
    tokio::select! {
        ended = worker.embedded(settings(&endpoint, "w1")).run() => panic!("ended: {ended:?}"),
        () = jobs => {}
    }
    endpoint.shutdown().await;
}

#[tokio::test]
async fn a_result_that_would_be_refused_fails_with_its_size_and_the_remedy() {
    let (default, small) = tokio::join!(endpoint("default"), endpoint("small"));
    let worker = || Worker::builder().handler(|bytes: usize| async move { "x".repeat(bytes) });
    let limited = settings(&small, "w2").var("RUNPOD_MAX_RESULT_BYTES", "1000");
    let jobs = async {
        let fits = result(&default, json!(20_900_000)).await;
        assert_eq!(fits["status"], "COMPLETED");
        for (endpoint, bytes, expected) in [
            (
                &default,
                21_000_000,
                ["has 21000013 bytes", "at most 20971520"],
            ),
            (&small, 2000, ["has 2013 bytes", "at most 1000"]),
        ] {
            let failed = result(endpoint, json!(bytes)).await;
            assert_eq!(failed["status"], "FAILED");
            let error = failed["error"].to_string();
            for part in expected.into_iter().chain(["ResultTooLarge", "ctx.upload"]) {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    };
    tokio::select! {
        ended = worker().embedded(settings(&default, "w1")).run() => panic!("ended: {ended:?}"),
        ended = worker().embedded(limited).run() => panic!("ended: {ended:?}"),
        () = jobs => {}
    }
    default.shutdown().await;
    small.shutdown().await;
}
