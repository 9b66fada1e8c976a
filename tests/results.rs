//! Tests how a handler's outputs, items and progress reach the client: an `Err` is never a success, errors have the
//! names that users choose, and objects keep the order of their keys.

use std::fmt;
use std::sync::Arc;

use runpod::prelude::*;
use runpod::testing::{self, Report};
use runpod::{HandlerError, JobContext};
use tokio::task::{JoinError, spawn_blocking};

fn job(input: Value) -> testing::Job {
    testing::Job::new(input)
}

#[track_caller]
fn assert_failed(report: &Report, message: &str) {
    assert_eq!(report.output, None);
    assert_eq!(report.error.as_deref(), Some(message));
    assert_eq!(report.error_type.as_deref(), Some("Error"));
}

/// Asserts that the stream failed, and that its error starts with the message.
#[track_caller]
fn assert_stream_failed(report: &Report, items: &[Value], message: &str) {
    assert_eq!(report.stream, items);
    let error = report.error.as_deref().unwrap_or_default();
    let expected = format!("handler: {message} \ntraceback: Error: {message}\n");
    assert!(error.starts_with(&expected), "{error}");
}

fn half(n: u32) -> Result<u32, String> {
    if n.is_multiple_of(2) {
        Ok(n / 2)
    } else {
        Err(format!("{n} is odd"))
    }
}

fn half_or_anyhow(n: u32) -> anyhow::Result<u32> {
    half(n).map_err(anyhow::Error::msg)
}

#[runpod::handler]
async fn on_a_thread(n: u32) -> Result<anyhow::Result<u32>, JoinError> {
    spawn_blocking(move || half_or_anyhow(n)).await
}

#[runpod::handler]
async fn text_on_a_thread(n: u32) -> Result<Result<u32, String>, JoinError> {
    spawn_blocking(move || half(n)).await
}

#[runpod::handler]
fn in_an_option(n: Option<u32>) -> Option<Result<u32, String>> {
    n.map(half)
}

#[runpod::handler]
fn in_a_box(n: u32) -> Box<Result<u32, String>> {
    Box::new(half(n))
}

#[runpod::handler]
fn hidden(n: u32) -> impl Serialize {
    half(n)
}

#[tokio::test]
async fn an_err_is_a_failed_job_whatever_it_is_in() {
    for n in [8, 7] {
        let reports = [
            job(json!(n)).run(on_a_thread).await,
            job(json!(n)).run(text_on_a_thread).await,
            job(json!(n)).blocking(in_an_option).await,
            job(json!(n)).blocking(in_a_box).await,
            job(json!(n)).blocking(hidden).await,
            // Functions without an attribute, to which only the traits apply.
            job(json!(n))
                .run(async |n: u32| spawn_blocking(move || half_or_anyhow(n)).await)
                .await,
            job(json!(n))
                .run(async |n: u32| Ok::<_, JoinError>(half(n)))
                .await,
            job(json!(n)).blocking(|n: u32| Some(half(n))).await,
            job(json!(n)).blocking(|n: u32| Box::new(half(n))).await,
            job(json!(n))
                .blocking(|n: u32| Ok::<_, String>(half_or_anyhow(n)))
                .await,
        ];
        for report in reports {
            if n == 8 {
                assert_eq!((report.output, report.error), (Some(json!(4)), None));
            } else {
                assert_failed(&report, "7 is odd");
            }
        }
    }
    let report = job(Value::Null).blocking(in_an_option).await;
    assert_eq!((report.output, report.error), (Some(Value::Null), None));
}

#[runpod::handler(stream)]
async fn emitted(
    numbers: Vec<u32>,
    out: Emitter<Result<u32, String>>,
) -> Result<(), runpod::Cancelled> {
    for n in numbers {
        out.send(half(n)).await?;
    }
    Ok(())
}

#[runpod::handler(stream)]
fn streamed(numbers: Vec<u32>) -> impl Stream<Item = Option<Result<u32, String>>> {
    stream! {
        for n in numbers {
            yield Some(half(n));
        }
    }
}

#[runpod::handler(stream)]
fn iterated(numbers: Vec<u32>) -> impl Iterator<Item = Result<anyhow::Result<u32>, String>> {
    numbers.into_iter().map(|n| Ok(half_or_anyhow(n)))
}

#[tokio::test]
async fn an_item_that_is_an_err_ends_the_stream_and_fails_the_job() {
    let input = json!([2, 8, 7, 6]);
    for report in [
        job(input.clone()).stream(emitted).await,
        job(input.clone()).stream(streamed).await,
        job(input.clone()).stream(iterated).await,
        job(input.clone())
            .stream(|numbers: Vec<u32>| numbers.into_iter().map(half).map(Box::new))
            .await,
        job(input.clone())
            .stream(|numbers: Vec<u32>| {
                numbers.into_iter().map(half_or_anyhow).map(Ok::<_, String>)
            })
            .await,
    ] {
        assert_stream_failed(&report, &[json!(1), json!(4)], "7 is odd");
    }
}

fn out_of_memory() -> HandlerError {
    HandlerError::new("OutOfMemory", "the batch does not fit").with_source(fmt::Error)
}

#[tokio::test]
async fn the_name_of_an_error_is_the_users_choice_wherever_the_error_is() {
    use anyhow::Context as _;

    let reports = [
        job(json!(0))
            .run(async |_: u32| Err::<(), _>(out_of_memory()))
            .await,
        job(json!(0))
            .blocking(|_: u32| anyhow::Result::<()>::Err(out_of_memory().into()))
            .await,
        job(json!(0))
            .blocking(|_: u32| {
                Err::<(), _>(Box::<dyn std::error::Error + Send + Sync>::from(
                    out_of_memory(),
                ))
            })
            .await,
        job(json!(0))
            .blocking(|_: u32| Ok::<_, String>(Err::<(), _>(out_of_memory())))
            .await,
    ];
    for report in reports {
        assert_eq!(report.error.as_deref(), Some("the batch does not fit"));
        assert_eq!(report.error_type.as_deref(), Some("OutOfMemory"));
    }

    let in_a_context = |_: u32| Err::<(), _>(out_of_memory()).context("while generating");
    let report = job(json!(0)).blocking(in_a_context).await;
    assert_eq!(report.error.as_deref(), Some("while generating"));
    assert_eq!(report.error_type.as_deref(), Some("OutOfMemory"));

    let stream = |_: u32| [Ok(1), Err(out_of_memory())].into_iter();
    let error = job(json!(0)).stream(stream).await.error.unwrap();
    assert!(
        error.contains("\ntraceback: OutOfMemory: the batch does not fit\n"),
        "{error}"
    );
    assert!(error.contains("\ncaused by: an error occurred"), "{error}");
    assert!(!error.contains("reported as"), "{error}");
}

#[tokio::test]
async fn the_workers_own_failures_keep_their_names() {
    let report = job(json!("x")).blocking(|n: u32| n).await;
    assert_eq!(report.error_type.as_deref(), Some("InputError"));
    let report = job(json!(0)).blocking(|n: u32| 1 / n).await;
    assert_eq!(report.error_type.as_deref(), Some("panic"));
    let map = |n: u32| std::collections::HashMap::from([((n, n), n)]);
    let report = job(json!(0)).blocking(map).await;
    assert_eq!(report.error_type.as_deref(), Some("OutputError"));
    assert!(!report.error.unwrap().contains("::"));
}

const ORDERED: &str = r#"{"zebra":1,"apple":{"y":2,"x":3},"mango":[{"b":4,"a":5}]}"#;

fn ordered() -> Value {
    serde_json::from_str(ORDERED).unwrap()
}

#[runpod::handler(stream)]
fn echoed(input: Value, ctx: JobContext) -> impl Iterator<Item = Value> {
    ctx.progress(input.clone());
    std::iter::once(input)
}

#[tokio::test]
async fn objects_keep_the_order_of_their_keys() {
    let text = |value: &Value| value.to_string();
    let report = job(ordered()).run(async |input: Value| input).await;
    assert_eq!(text(&report.output.unwrap()), ORDERED);
    let report = job(json!(0))
        .run(async |_: u32| json!({ "zebra": 1, "apple": { "y": 2, "x": 3 }, "mango": [{ "b": 4, "a": 5 }] }))
        .await;
    assert_eq!(text(&report.output.unwrap()), ORDERED);

    // The worker removes its special keys from an output. The other keys keep their order.
    let report = job(ordered())
        .run(async |mut input: Value| {
            input.as_object_mut().unwrap().shift_insert(
                0,
                "refresh_worker".to_owned(),
                json!(true),
            );
            input
        })
        .await;
    assert_eq!(text(&report.output.unwrap()), ORDERED);

    let report = job(ordered()).stream(echoed).await;
    assert_eq!(text(&report.stream[0]), ORDERED);
    assert_eq!(text(&report.progress[0]), ORDERED);

    let report = job(json!(0))
        .extra("webhook", json!("http://localhost/"))
        .extra("zebra", ordered())
        .extra("apple", json!(1))
        .extra("mango", json!(2))
        .run(async |job: runpod::Job<Value>| Value::from(job.extra))
        .await;
    let expected = format!(r#"{{"zebra":{ORDERED},"apple":1,"mango":2}}"#);
    assert_eq!(text(&report.output.unwrap()), expected);
}

#[derive(Deserialize)]
struct Nothing;

#[runpod::handler]
async fn ping(_input: Nothing) -> &'static str {
    "pong"
}

#[runpod::handler]
async fn ping_with_its_job(job: Job<()>) -> String {
    job.id
}

#[tokio::test]
async fn an_input_that_holds_nothing_takes_an_empty_object_and_null() {
    for input in [json!({}), Value::Null] {
        let report = job(input.clone()).run(ping).await;
        assert_eq!(report.output, Some(json!("pong")));
        let report = job(input.clone()).run(ping_with_its_job).await;
        assert_eq!(report.output, Some(json!("test")));
        let report = job(input).run(async |(): ()| 7).await;
        assert_eq!(report.output, Some(json!(7)));
    }
    let report = job(json!({ "name": "Ada" })).run(ping).await;
    assert_eq!(report.error_type.as_deref(), Some("InputError"));
    assert!(report.error.unwrap().contains("expected `{}` or `null`"));
}

#[tokio::test]
async fn an_arc_that_is_the_state_is_shared_as_it_is() {
    let model = Arc::new(String::from("tiny"));
    let address = Arc::as_ptr(&model).addr();
    let handler = async |_: u32, model: State<String>| Arc::as_ptr(&model.into_inner()).addr();
    let report = job(json!(0)).state(model).run(handler).await;
    assert_eq!(report.output, Some(json!(address)));
}

#[tokio::test]
async fn a_state_and_a_handler_that_own_a_runtime_can_be_tested() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let captured = runtime();
    let handler = move |n: u32, state: State<tokio::runtime::Runtime>| {
        captured.block_on(async { n }) + state.block_on(async { n })
    };
    let report = job(json!(21)).state(runtime()).blocking(handler).await;
    assert_eq!(report.output, Some(json!(42)));
}
