//! Extractors of a program, in handlers with and without attributes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use runpod::prelude::*;
use runpod::{FromJobCall, HandlerError, JobCall, JobFailure, testing};

struct Names(Vec<&'static str>);

/// Asynchronous and fallible, from the input and the state.
#[derive(Debug)]
struct User(&'static str);

#[derive(Deserialize)]
struct Token {
    token: usize,
}

impl FromJobCall for User {
    type Error = JobFailure;

    async fn from_job_call(job: &JobCall) -> Result<Self, JobFailure> {
        tokio::task::yield_now().await;
        let Token { token } = job.input()?;
        let names = job.state::<Names>()?;
        let name = names.0.get(token);
        let name = name.ok_or_else(|| HandlerError::new("Unauthorized", "unknown token"))?;
        Ok(Self(name))
    }
}

/// Infallible, and made from another extractor and the job's other keys.
struct Label(String);

impl FromJobCall for Label {
    type Error = JobFailure;

    async fn from_job_call(job: &JobCall) -> Result<Self, JobFailure> {
        let User(name) = User::from_job_call(job).await?;
        let batch = job.extra().get("batchId").and_then(Value::as_str);
        let batch = batch.unwrap_or("none");
        Ok(Self(format!(
            "{name} {batch} {} {} {}",
            job.id(),
            job.handler(),
            job.raw_input()
        )))
    }
}

#[derive(Deserialize)]
struct Request {
    text: String,
}

#[runpod::handler]
async fn in_async(user: User, request: Request, label: Label) -> Vec<String> {
    vec![user.0.to_owned(), request.text, label.0]
}

#[runpod::handler(name = "plain")]
fn in_plain(request: Request, User(name): User, label: Label, ctx: JobContext) -> Vec<String> {
    assert!(!ctx.is_cancelled());
    vec![name.to_owned(), request.text, label.0]
}

#[runpod::handler(stream)]
fn in_stream(label: Label, request: Request, user: User) -> impl Iterator<Item = String> {
    [user.0.to_owned(), request.text, label.0].into_iter()
}

/// Without a type whose name shows that it is an emitter or not.
type Out = Emitter<String>;

#[runpod::handler(stream)]
async fn in_emitting(user: User, out: Out) {
    let _ = out.send(user.0.to_owned()).await;
}

fn job(token: usize) -> testing::Job {
    let input = json!({ "text": "hi", "token": token });
    testing::Job::new(input)
        .extra("batchId", json!("b7"))
        .state(Names(vec!["ada", "bob"]))
}

#[tokio::test]
async fn every_kind_of_handler_takes_extractors_in_any_order() {
    let expected = |handler: &str| {
        let label = format!(r#"bob b7 test {handler} {{"text":"hi","token":1}}"#);
        json!(["bob", "hi", label])
    };
    let reports = [
        (job(1).run(in_async).await, "in_async"),
        (job(1).blocking(in_plain).await, "plain"),
        (job(1).stream(in_stream).await, "in_stream"),
    ];
    for (report, handler) in reports {
        assert_eq!(report.output, Some(expected(handler)), "{report:?}");
    }
    assert_eq!(job(0).stream(in_emitting).await.stream, ["ada"]);
    // Without attributes:
    let report = job(0).run(async |user: User| user.0).await;
    assert_eq!(report.output, Some(json!("ada")));
    let report = job(0).blocking(|_: Request, user: User| user.0).await;
    assert_eq!(report.output, Some(json!("ada")));
}

#[tokio::test]
async fn an_extractor_that_fails_fails_the_job_and_its_handler_is_not_called() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let count = |_: User, _: u64| {
        CALLS.fetch_add(1, Ordering::Relaxed);
    };
    let report = job(7).blocking(count).await;
    // The extractor runs first, so the input that does not match is not reported.
    assert_eq!(report.error_type.as_deref(), Some("Unauthorized"));
    assert_eq!(report.error.as_deref(), Some("unknown token"));
    let report = testing::Job::new(json!({ "token": "x" }))
        .blocking(count)
        .await;
    assert_eq!(report.error_type.as_deref(), Some("InputError"));
    assert!(report.error.unwrap().starts_with("input.token: "));
    let report = testing::Job::new(json!({ "token": 0 }))
        .blocking(count)
        .await;
    assert!(report.error.unwrap().contains("::Names`"));
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
}

struct Panics;

impl FromJobCall for Panics {
    type Error = String;

    async fn from_job_call(_job: &JobCall) -> Result<Self, String> {
        panic!("in the extractor")
    }
}

#[tokio::test]
async fn an_extractor_that_panics_fails_its_job() {
    let report = testing::Job::new(json!(null))
        .blocking(|_: Panics| ())
        .await;
    assert!(report.error.unwrap().contains("in the extractor"));
}

/// Not `Sync`, and made twice for one job.
struct Number(std::cell::Cell<usize>);

impl FromJobCall for Number {
    type Error = std::convert::Infallible;

    async fn from_job_call(_job: &JobCall) -> Result<Self, Self::Error> {
        static NEXT: Mutex<usize> = Mutex::new(0);
        let mut next = NEXT.lock().unwrap();
        *next += 1;
        Ok(Self(std::cell::Cell::new(*next)))
    }
}

#[tokio::test]
async fn two_arguments_of_one_extractor_have_their_own_values_in_order() {
    let report = testing::Job::new(json!(null))
        .run(async |first: Number, second: Number| [first.0.get(), second.0.get()])
        .await;
    assert_eq!(report.output, Some(json!([1, 2])));
}
