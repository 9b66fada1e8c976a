//! Tests our worker's guarantees beyond those of the SDK: nothing is lost if the platform has trouble or the worker
//! must stop, no handler holds up the worker, and the key is never shown. Only our worker plays these cases, because
//! there is nothing to compare with.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::peer::{Peer, Programs};
use crate::play::{API_KEY, play};
use crate::record::{Kind, Request, Run, When};
use crate::script::{Answer, Case, Leaving};

/// Plays the case with our worker only.
async fn ours(case: Case) -> Run {
    let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
    play(&case, Peer::Ours, programs)
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn job(id: &str, input: &Value) -> Answer {
    Answer::json(&json!({ "id": id, "input": input }))
}

fn bodies(run: &Run, id: &str, kind: Kind) -> Vec<Value> {
    run.posts(id)
        .filter(|post| post.kind == kind)
        .map(|post| serde_json::from_slice(&post.body).expect("every post is JSON"))
        .collect()
}

fn results(run: &Run, id: &str) -> Vec<Value> {
    bodies(run, id, Kind::Result)
}

/// Returns the report in a failed result.
fn report(result: &Value) -> Value {
    let text = result["error"].as_str().expect("the job failed");
    serde_json::from_str(text).expect("the error of a failed handler is a JSON report")
}

fn returns(value: &Value) -> Value {
    json!({ "do": "return", "value": value })
}

/// Returns an empty folder that no other test uses.
fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the old folder can be removed");
    }
    fs::create_dir_all(&folder).expect("the folder can be created");
    folder
}

/// Leaks the path, because environment values must live as long as the case.
fn leaked(path: &Path) -> &'static str {
    Box::leak(path.to_string_lossy().into_owned().into_boxed_str())
}

#[tokio::test]
async fn a_result_is_posted_until_it_is_accepted_and_always_the_same() {
    let troubles = vec![
        Answer::status(500),
        Answer::closed(),
        Answer::status(429),
        Answer::status(503),
        Answer::closed(),
        Answer::status(401),
    ];
    let case = Case::new("promise result", "async")
        .job("j", &returns(&json!("kept")))
        .answer_posts("j", troubles);
    let results = results(&ours(case).await, "j");
    assert_eq!(results, vec![json!({ "output": "kept" }); 7]);
}

#[tokio::test]
async fn stream_items_are_posted_until_they_are_accepted_and_in_order() {
    let troubles = vec![
        Answer::status(500),
        Answer::closed(),
        Answer::status(200),
        Answer::status(502),
    ];
    let steps = json!({ "steps": [{ "item": 1 }, { "item": 2 }, { "item": 3 }] });
    let case = Case::new("promise stream", "stream")
        .job("s", &steps)
        .answer_posts("s", troubles);
    let run = ours(case).await;
    let items: Vec<_> = bodies(&run, "s", Kind::Stream)
        .iter()
        .map(|body| body["output"].clone())
        .collect();
    assert_eq!(items, [1, 1, 1, 2, 2, 3]);
    assert_eq!(results(&run, "s"), [json!({ "output": [] })]);
}

#[tokio::test]
async fn a_result_that_is_refused_becomes_a_failed_one_that_says_why() {
    let case = Case::new("promise refusal", "async")
        .job("j", &returns(&json!("too large")))
        .answer_posts("j", vec![Answer::status(413)]);
    let results = results(&ours(case).await, "j");
    assert_eq!(results.len(), 2);
    let message = report(&results[1])["error_message"].to_string();
    assert!(
        message.contains("413") && message.contains("too large"),
        "{message}"
    );
}

#[tokio::test]
async fn a_stream_with_an_item_that_is_refused_fails_and_says_which() {
    let steps = json!({ "steps": [{ "item": 1 }, { "item": 2 }] });
    let case = Case::new("promise item refusal", "stream")
        .job("s", &steps)
        .answer_posts("s", vec![Answer::status(200), Answer::status(413)]);
    let results = results(&ours(case).await, "s");
    assert_eq!(results.len(), 1);
    let error = results[0]["error"].to_string();
    assert!(error.contains("stream item 2"), "{error}");
}

#[tokio::test]
async fn a_job_that_arrives_while_the_worker_is_told_to_end_is_run() {
    let case = Case::new("promise late job", "async")
        .take_when(When::Over, job("late", &returns(&json!("run"))))
        .until(When::Takes(1));
    let run = ours(case).await;
    assert_eq!(results(&run, "late"), [json!({ "output": "run" })]);
    assert_eq!(run.ending.code, Some(0));
}

#[tokio::test]
async fn what_still_runs_at_the_drain_deadline_is_reported_failed() {
    let case = Case::new("promise deadline", "async")
        .take(job("long", &json!({ "do": "hang" })))
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1")
        .until(When::Progress("long", 1));
    let run = ours(case).await;
    let results = results(&run, "long");
    assert_eq!(results.len(), 1);
    let report = report(&results[0]);
    assert_eq!(report["error_type"], "Shutdown");
    assert!(
        report["error_message"]
            .to_string()
            .contains("RUNPOD_SHUTDOWN_GRACE_S"),
        "{report}"
    );
}

#[tokio::test]
async fn a_blocking_handler_that_never_ends_does_not_hold_the_process() {
    // No line ever arrives, so the handler's thread waits forever.
    let input = json!({ "progress": [1], "do": "nothing" });
    let case = Case::new("promise stuck thread", "plain")
        .take(job("stuck", &input))
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1")
        .until(When::Progress("stuck", 1));
    let run = ours(case).await;
    assert_eq!(report(&results(&run, "stuck")[0])["error_type"], "Shutdown");
    assert_eq!(run.ending.code, Some(0));
}

#[tokio::test]
async fn handlers_that_block_every_thread_stop_no_heartbeat_no_delivery_and_no_stop() {
    // There are more jobs than the machine has threads for async handlers, and each job blocks its thread. Still,
    // heartbeats must name all jobs, and one of them can be stopped.
    let ids: Vec<String> = (0..64).map(|n| format!("b{n:02}")).collect();
    let jobs: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "id": id, "input": {} }))
        .collect();
    let names: &'static [&'static str] = Vec::leak(
        ids.iter()
            .map(|id| &*Box::leak(id.clone().into_boxed_str()))
            .collect(),
    );
    let without_first: &'static [&'static str] = &names[1..];
    let case = Case::new("promise starvation", "stubborn")
        .take(Answer::json(&Value::from(jobs)))
        .with("RUNPOD_PING_INTERVAL", "100")
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0.1")
        .stop_when(
            When::PingNaming(names),
            Answer::json(&json!({ "jobsToStop": ["b00"] })),
        )
        .until(When::PingNaming(without_first));
    let run = ours(case).await;
    assert!(
        results(&run, "b00").is_empty(),
        "the stopped job has no result"
    );
    assert_eq!(report(&results(&run, "b63")[0])["error_type"], "Shutdown");
}

#[tokio::test]
async fn a_result_that_cannot_be_delivered_is_kept_and_offered_by_the_next_worker() {
    // The worker creates this folder itself, because it refuses a folder to which other users can write.
    let folder = fresh_folder("promise-spool").join("spool");
    let spool = leaked(&folder);
    let case = Case::new("promise kept", "async")
        .take(job("j", &returns(&json!("kept"))))
        .with("RUNPOD_RESULT_SPOOL", spool)
        .with("RUNPOD_SHUTDOWN_GRACE_S", "0")
        .answer_posts("j", vec![Answer::status(500); 1000])
        .until(When::Tried("j"));
    ours(case).await;
    let kept = fs::read_dir(&folder).expect("the spool exists").count();
    assert_eq!(kept, 1, "one result is kept");

    let next = Case::new("promise offered", "async")
        .with("RUNPOD_RESULT_SPOOL", spool)
        .until(When::Accepted("j"));
    let run = ours(next).await;
    assert_eq!(results(&run, "j"), [json!({ "output": "kept" })]);

    let last = Case::new("promise offered once", "async")
        .with("RUNPOD_RESULT_SPOOL", spool)
        .job("other", &returns(&json!(1)));
    let run = ours(last).await;
    assert!(results(&run, "j").is_empty(), "the result was posted again");
}

#[tokio::test]
async fn the_key_is_in_no_log_line_and_in_no_post() {
    let case = Case::new("promise key", "async")
        .with("RUNPOD_LOG_LEVEL", "TRACE")
        .job(
            "raised",
            &json!({ "do": "raise", "message": format!("bad key {API_KEY}!") }),
        )
        .answer_posts("raised", vec![Answer::status(401), Answer::closed()])
        .take(Answer::status(500))
        .take(Answer::of(200, "application/json", "{"))
        .job("fine", &returns(&json!(1)));
    let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
    let run = ours(case).await;
    let carries_key = |request: &&Request| {
        let body = String::from_utf8_lossy(&request.body);
        body.contains(API_KEY) || request.query.contains(API_KEY) || request.path.contains(API_KEY)
    };
    assert_eq!(run.requests.iter().filter(carries_key).count(), 0);
    let message = report(&results(&run, "raised")[0])["error_message"].clone();
    assert_eq!(message, "bad key [redacted]!");
    let log = fs::read_to_string(programs.folder.join("promise-key-ours/output.log"))
        .expect("the worker wrote a log");
    assert!(log.contains("[redacted]"), "the error was logged");
    assert!(!log.contains(API_KEY), "{log}");
}

#[tokio::test]
async fn a_log_without_debug_lines_has_nothing_of_a_jobs_input_or_output() {
    let case = Case::new("promise input", "mock")
        .with("RUNPOD_LOG_LEVEL", "INFO")
        .job("fits", &json!({ "mock_return": "OF-THE-JOB" }))
        .job(
            "not",
            &json!({ "mock_return": 1, "mock_delay": "OF-THE-JOB" }),
        );
    let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
    let run = ours(case).await;
    let told = report(&results(&run, "not")[0])["error_message"].to_string();
    assert!(
        told.contains("OF-THE-JOB"),
        "the client gets the message: {told}"
    );
    let log = fs::read_to_string(programs.folder.join("promise-input-ours/output.log"))
        .expect("the worker wrote a log");
    assert!(log.contains("input.mock_delay: expected f64"), "{log}");
    assert!(!log.contains("OF-THE-JOB"), "{log}");
}

#[tokio::test]
async fn log_lines_on_the_platform_are_json_and_carry_the_jobs_id() {
    let case = Case::new("promise log", "async").job("j1", &returns(&json!(1)));
    let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
    ours(case).await;
    let log = fs::read_to_string(programs.folder.join("promise-log-ours/output.log"))
        .expect("the worker wrote a log");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let of_job: Vec<_> = lines
        .iter()
        .filter(|line| line["requestId"] == "j1")
        .map(|line| line["message"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(of_job, ["Started.", "Finished."]);
}

#[tokio::test]
async fn a_refreshed_worker_takes_nothing_more_and_leaves_by_itself() {
    let case = Case::new("promise refresh", "refresh")
        .job("j", &returns(&json!(1)))
        .take(job("never", &returns(&json!(2))))
        .leaving(Leaving::ByItself, Leaving::ByItself);
    let run = ours(case).await;
    assert_eq!(
        results(&run, "j"),
        [json!({ "output": 1, "stopPod": true })]
    );
    let takes = run
        .requests
        .iter()
        .filter(|request| request.kind == Kind::Take)
        .count();
    assert_eq!(takes, 1);
    assert_eq!(run.ending.code, Some(0));
}

#[tokio::test]
async fn a_worker_that_a_handler_declares_broken_finishes_says_so_and_fails() {
    let case = Case::new("promise unhealthy", "broken")
        .job("j", &json!({}))
        .take(job("never", &json!({})))
        .with("RUNPOD_PING_INTERVAL", "60000")
        .leaving(Leaving::ByItself, Leaving::ByItself);
    let run = ours(case).await;
    assert_eq!(results(&run, "j"), [json!({ "output": "the last one" })]);
    let last = run.requests.last().expect("the worker sent requests");
    assert_eq!(last.kind, Kind::Ping);
    for part in ["status=unhealthy", "check=handler", "reason=the+GPU+has"] {
        assert!(last.query.contains(part), "{}", last.query);
    }
    assert_eq!(run.ending.code, Some(1));
}
