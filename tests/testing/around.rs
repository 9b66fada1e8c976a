//! Functions around the calls of handlers.

use std::sync::{Arc, Mutex};

use runpod::prelude::*;
use runpod::{FromJobCall, HandlerError, JobCall, JobFailure, JobOutput, JobResult, Next, testing};

type Log = Arc<Mutex<Vec<String>>>;

fn job(log: &Log) -> testing::Job {
    testing::Job::new(json!("Ada"))
        .id("j1")
        .state(Arc::clone(log))
}

fn write(call: &JobCall, line: String) {
    let log = call.state::<Mutex<Vec<String>>>().unwrap();
    log.lock().unwrap().push(line);
}

/// Logs everything that it sees.
async fn logged(call: JobCall, next: Next) -> JobResult {
    write(
        &call,
        format!("{} {} {}", call.id(), call.handler(), call.raw_input()),
    );
    let log = call.state::<Mutex<Vec<String>>>()?;
    let result = next.run(call).await;
    let seen = match &result {
        Ok(output) => format!("ok {:?}", output.json()),
        Err(failure) => format!("{}: {failure}", failure.error_type()),
    };
    log.lock().unwrap().push(seen);
    result
}

#[runpod::handler]
async fn greet(name: String) -> Result<String, String> {
    if name.is_empty() {
        return Err("no name".to_owned());
    }
    Ok(format!("Hello, {name}!"))
}

#[runpod::handler]
fn shout(name: String) -> String {
    name.to_uppercase()
}

#[runpod::handler(stream)]
fn letters(name: String) -> impl Iterator<Item = Result<char, String>> {
    name.chars()
        .map(|it| {
            if it == '!' {
                Err("shouting".to_owned())
            } else {
                Ok(it)
            }
        })
        .collect::<Vec<_>>()
        .into_iter()
}

fn lines(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

#[tokio::test]
async fn it_sees_the_call_and_the_result_of_every_kind_of_handler() {
    let log = Log::default();
    job(&log).around(logged).run(greet).await;
    assert_eq!(
        lines(&log),
        [r#"j1 greet "Ada""#, r#"ok Some("\"Hello, Ada!\"")"#]
    );
    job(&log).around(logged).blocking(shout).await;
    assert_eq!(lines(&log), [r#"j1 shout "Ada""#, r#"ok Some("\"ADA\"")"#]);
    let report = job(&log).around(logged).stream(letters).await;
    assert_eq!(lines(&log), [r#"j1 letters "Ada""#, "ok None"]);
    assert_eq!(report.stream, ["A", "d", "a"]);
    assert_eq!(report.output, Some(json!(["A", "d", "a"])));
}

#[tokio::test]
async fn it_sees_every_failure_and_the_client_gets_the_same_as_without_it() {
    let panics = async |_: String| -> u8 { panic!("lost") };
    let bad = |input: Value| testing::Job::new(input).state(Log::default());
    let log = Log::default();
    let with = |input: Value| {
        testing::Job::new(input)
            .state(Arc::clone(&log))
            .around(logged)
    };
    let pairs = [
        (
            bad(json!("")).run(greet).await,
            with(json!("")).run(greet).await,
        ),
        (
            bad(json!(7)).run(greet).await,
            with(json!(7)).run(greet).await,
        ),
        (
            bad(json!(7)).blocking(shout).await,
            with(json!(7)).blocking(shout).await,
        ),
        (
            bad(json!("a!")).stream(letters).await,
            with(json!("a!")).stream(letters).await,
        ),
        (
            bad(json!("")).run(panics).await,
            with(json!("")).run(panics).await,
        ),
    ];
    for (without, with) in pairs {
        assert_eq!(without, with);
    }
    let log = lines(&log);
    let results: Vec<_> = log
        .iter()
        .skip(1)
        .step_by(2)
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        results,
        ["Error", "InputError", "InputError", "Error", "panic"],
        "{log:?}"
    );
}

#[tokio::test]
async fn it_answers_without_the_handler() {
    let never = async |_: String| -> u8 { panic!("it should not be called") };
    let cached = async |_: JobCall, _: Next| JobOutput::new(&json!({ "cached": true }));
    let report = job(&Log::default()).around(cached).run(never).await;
    assert_eq!(report.output, Some(json!({ "cached": true })));
    let report = job(&Log::default()).around(cached).stream(letters).await;
    assert_eq!(
        (report.output, report.stream.len()),
        (Some(json!({ "cached": true })), 0)
    );
    let refuse = async |_: JobCall, _: Next| -> JobResult {
        Err(HandlerError::new("Unauthorized", "no token").into())
    };
    let report = job(&Log::default())
        .around(refuse)
        .blocking(|_: String| -> u8 { panic!("not called") })
        .await;
    assert_eq!(
        (report.error_type.as_deref(), report.error.as_deref()),
        (Some("Unauthorized"), Some("no token"))
    );
    let special = async |_: JobCall, _: Next| {
        JobOutput::new(&json!({ "error": "told", "refresh_worker": true }))
    };
    let report = job(&Log::default()).around(special).run(greet).await;
    assert_eq!(
        (report.error.as_deref(), report.refresh_worker),
        (Some("told"), true)
    );
    let panics = async |_: JobCall, _: Next| -> JobResult { panic!("around") };
    let report = job(&Log::default()).around(panics).run(greet).await;
    assert!(report.error.unwrap().contains("around"));
}

#[tokio::test]
async fn an_output_can_be_kept_for_a_later_job() {
    let kept: Arc<Mutex<Option<JobOutput>>> = Arc::default();
    for _ in 0..2 {
        let cache = Arc::clone(&kept);
        let caching = move |call: JobCall, next: Next| {
            let cache = Arc::clone(&cache);
            async move {
                let known = cache.lock().unwrap().clone();
                if let Some(known) = known {
                    return Ok(known);
                }
                let output = next.run(call).await?;
                *cache.lock().unwrap() = Some(output.clone());
                Ok(output)
            }
        };
        let log = Log::default();
        let report = job(&log).around(caching).around(logged).run(greet).await;
        assert_eq!(report.output, Some(json!("Hello, Ada!")));
    }
    assert_eq!(
        kept.lock().unwrap().as_ref().unwrap().json(),
        Some(r#""Hello, Ada!""#)
    );
}

struct Seen(usize);

impl FromJobCall for Seen {
    type Error = JobFailure;

    async fn from_job_call(job: &JobCall) -> Result<Self, JobFailure> {
        write(job, "extractor".to_owned());
        Ok(Self(job.raw_input().len()))
    }
}

#[tokio::test]
async fn the_functions_run_in_their_order_before_the_extractors() {
    let log = Log::default();
    let named = |name: &'static str| {
        move |call: JobCall, next: Next| async move {
            write(&call, name.to_owned());
            next.run(call).await
        }
    };
    let report = job(&log)
        .around(named("first"))
        .around(named("second"))
        .blocking(|seen: Seen, _: String| seen.0)
        .await;
    assert_eq!(report.output, Some(json!(5)));
    assert_eq!(lines(&log), ["first", "second", "extractor"]);
}

#[tokio::test]
async fn a_call_that_continues_without_its_function_does_no_harm() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Mutex::new(Some(receiver));
    let waits = move |_: String| {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let _ = receiver.recv();
        "late"
    };
    let detached = async |call: JobCall, next: Next| -> JobResult {
        tokio::spawn(next.run(call));
        JobOutput::new("early")
    };
    let report = job(&Log::default()).around(detached).blocking(waits).await;
    assert_eq!(report.output, Some(json!("early")));
    drop(sender);
}
