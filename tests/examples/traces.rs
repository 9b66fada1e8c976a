//! Tests the traces of workers against a collector that decodes them with OpenTelemetry's own definitions.

use std::net::TcpListener;

use serde_json::{Value, json};
#[cfg(feature = "http")]
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::collector::{Collector, Span};
#[cfg(feature = "http")]
use crate::http_server::{HttpServer, answer};
use crate::process::{Ended, PATIENCE, example};
use crate::session::Session;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn worker(arguments: &[&str], collector: &str) -> Command {
    let mut command = example("traces");
    command.args(arguments).env(ENDPOINT, collector);
    command
}

fn job(id: &str, input: &Value) -> Value {
    json!({ "id": id, "input": input })
}

/// Runs these jobs, and stops the worker as the platform does. All results must arrive.
async fn run(command: Command, jobs: impl IntoIterator<Item = Value>) -> Ended {
    let jobs: Vec<_> = jobs.into_iter().collect();
    let number = jobs.len();
    let mut session = Session::of(command, jobs).await;
    assert_eq!(session.results(number).await.len(), number);
    let ended = session.stop().await;
    ended.assert_code(0);
    ended
}

fn assert_child(child: &Span, parent: &Span) {
    assert_eq!(child.trace, parent.trace, "{child:?} of {parent:?}");
    assert_eq!(child.parent, parent.id, "{child:?} of {parent:?}");
    assert!(child.start >= parent.start, "{child:?} of {parent:?}");
}

#[tokio::test]
async fn a_job_is_one_trace_and_continues_the_trace_of_its_input() {
    let mut collector = Collector::that("accepts").await;
    let mut command = worker(&[], &collector.address);
    command
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20secret-of-the-collector",
        )
        .env("RUNPOD_ENDPOINT_ID", "endpoint-1");
    let input = json!({ "width": 640, "traceparent": PARENT, "tracestate": "vendor=x" });
    let ended = run(command, [job("j-1", &input)]).await;
    assert!(!ended.text.contains("secret-of"), "{ended}");

    let job = collector.span("job thumbnail").await;
    assert_eq!((&*job.trace, &*job.parent), (TRACE, CALLER));
    assert_eq!(
        (&*job.kind, &*job.state),
        ("SPAN_KIND_CONSUMER", "vendor=x")
    );
    assert!(!job.is_failed(), "{job:?}");
    for (key, value) in [
        ("faas.invocation_id", json!("j-1")),
        ("faas.trigger", json!("pubsub")),
        ("faas.coldstart", json!(true)),
        ("runpod.handler", json!("thumbnail")),
        ("runpod.job.outcome", json!("completed")),
    ] {
        assert_eq!(job.attributes[key], value, "{key} of {job:?}");
    }
    for (key, value) in [
        ("service.name", "traces"),
        ("service.instance.id", "worker-of-the-tests"),
        ("faas.instance", "worker-of-the-tests"),
        ("faas.name", "endpoint-1"),
    ] {
        assert_eq!(job.resource[key], value, "{key} of {job:?}");
    }
    let run = collector.span("run thumbnail").await;
    assert_child(&run, &job);
    assert_eq!(run.attributes["job_id"], "j-1");
    assert!(run.end <= job.end, "{run:?} in {job:?}");
    let decode = collector.span("decode").await;
    assert_child(&decode, &run);
    assert_eq!(decode.attributes["width"], "640");
    assert_eq!(decode.events, ["decoding"]);
    // Its task was spawned by the handler.
    assert_child(&collector.span("scale").await, &run);
    let post = collector.span("post result").await;
    assert_child(&post, &job);
    assert_eq!(post.kind, "SPAN_KIND_CLIENT");
    assert!(
        post.end <= job.end && !post.is_failed(),
        "{post:?} in {job:?}"
    );
    let all = [
        "decode",
        "job thumbnail",
        "post result",
        "run thumbnail",
        "scale",
    ];
    assert_eq!(collector.names(), all);
}

#[tokio::test]
async fn the_export_is_otlp_over_http_with_the_given_headers_and_names() {
    let mut collector = Collector::that("accepts").await;
    let mut command = worker(&[], "http://127.0.0.1:9");
    command
        .env(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            format!("{}/own/path", collector.address),
        )
        .env(
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "authorization=Bearer%20of-traces",
        )
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20of-all",
        )
        .env("OTEL_SERVICE_NAME", "thumbnails")
        .env("OTEL_RESOURCE_ATTRIBUTES", "faas.name=mine,team=images");
    run(command, [job("j-1", &json!({ "width": 2 }))]).await;
    let export = collector.export().await;
    assert_eq!(export.path, "/own/path");
    assert_eq!(
        export.content_type.as_deref(),
        Some("application/x-protobuf")
    );
    assert_eq!(export.authorization.as_deref(), Some("Bearer of-traces"));
    let resource = &export.spans[0].resource;
    assert_eq!(resource["service.name"], "thumbnails");
    assert_eq!(
        (&resource["faas.name"], &resource["team"]),
        (&json!("mine"), &json!("images"))
    );
}

#[tokio::test]
async fn a_failed_job_has_failed_spans_and_a_malformed_parent_starts_a_new_trace() {
    let mut collector = Collector::that("accepts").await;
    let input = json!({ "width": 0, "traceparent": "00-not-a-parent-01" });
    run(worker(&[], &collector.address), [job("j-1", &input)]).await;
    let job = collector.span("job thumbnail").await;
    assert_eq!(job.parent, "");
    assert_ne!(job.trace, TRACE);
    assert_eq!(job.attributes["runpod.job.outcome"], "failed");
    let run = collector.span("run thumbnail").await;
    assert_child(&run, &job);
    for failed in [&job, &run] {
        assert!(failed.is_failed(), "{failed:?}");
        let message = failed.status["message"].as_str().unwrap_or_default();
        assert!(message.contains("an image needs a width"), "{failed:?}");
        assert!(failed.attributes.contains_key("error.type"), "{failed:?}");
    }
    // The result itself was accepted.
    assert!(!collector.span("post result").await.is_failed());
}

#[tokio::test]
async fn a_programs_own_subscriber_gets_the_layer_for_traces() {
    let mut collector = Collector::that("accepts").await;
    let jobs = [job("j-1", &json!({ "width": 640 }))];
    let ended = run(worker(&["layers"], &collector.address), jobs).await;
    ended.assert_shows(&["j-1 | decoding"]);
    let run = collector.span("run thumbnail").await;
    assert_child(&run, &collector.span("job thumbnail").await);
    assert_child(&collector.span("decode").await, &run);
    assert_child(&collector.span("scale").await, &run);
}

#[tokio::test]
async fn without_the_layer_a_trace_has_the_workers_own_spans() {
    let mut collector = Collector::that("accepts").await;
    let jobs = [job("j-1", &json!({ "width": 0, "traceparent": PARENT }))];
    run(worker(&["fmt"], &collector.address), jobs).await;
    let job = collector.span("job thumbnail").await;
    assert_eq!((&*job.trace, &*job.parent), (TRACE, CALLER));
    let run = collector.span("run thumbnail").await;
    assert_eq!((&run.trace, &run.parent), (&job.trace, &job.id));
    assert!(run.is_failed(), "{run:?}");
    assert_eq!(
        collector.names(),
        ["job thumbnail", "post result", "run thumbnail"]
    );
}

#[tokio::test]
async fn a_failed_start_exports_the_job_that_it_fails() {
    let mut collector = Collector::that("accepts").await;
    let mut session = Session::of(
        worker(&["broken"], &collector.address),
        [job("j-1", &json!({ "width": 640 }))],
    )
    .await;
    assert_eq!(session.results(1).await.len(), 1);
    session.ended().await.assert_code(1);
    let job = collector.span("job").await;
    assert!(job.is_failed(), "{job:?}");
    assert_eq!(job.attributes["faas.invocation_id"], "j-1");
    assert_eq!(job.attributes["runpod.job.outcome"], "failed");
    assert_child(&collector.span("post result").await, &job);
}

/// Twenty jobs, more than the small queue below has room for.
fn jobs() -> impl Iterator<Item = Value> {
    (0..20).map(|number| job(&format!("j-{number}"), &json!({ "width": 640 })))
}

/// Runs the jobs with a queue of eight spans. The worker exports all the time.
async fn run_in_a_hurry(collector: &str) -> Ended {
    let mut command = worker(&[], collector);
    command
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20secret-of-the-collector",
        )
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "8")
        .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
        .env("OTEL_BSP_SCHEDULE_DELAY", "10");
    let ended = run(command, jobs()).await;
    assert!(!ended.text.contains("secret-of"), "{ended}");
    ended
}

#[tokio::test]
async fn a_collector_that_is_down_or_refuses_costs_one_warning_and_no_job() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let down = free.local_addr().expect("it has an address");
    drop(free);
    let refuses = Collector::that("refuses").await;
    for (address, why) in [
        (format!("http://{down}"), "Connection refused"),
        (refuses.address.clone(), "status code: 500"),
    ] {
        let ended = run_in_a_hurry(&address).await;
        ended.assert_shows(&["the collector does not accept traces", why, ENDPOINT]);
        let warnings = ended.text.matches("does not accept traces").count();
        assert_eq!(warnings, 1, "{ended}");
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_delays_no_job_and_the_exit_only_shortly() {
    let collector = Collector::that("hangs").await;
    let ended = run_in_a_hurry(&collector.address).await;
    ended.assert_shows(&["the last traces may be lost"]);
}

#[tokio::test]
async fn nothing_is_exported_if_the_variables_turn_it_off() {
    let mut collector = Collector::that("accepts").await;
    for (variable, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        (ENDPOINT, ""),
    ] {
        let mut command = worker(&[], &collector.address);
        command.env(variable, value);
        run(command, [job("j-1", &json!({ "width": 640 }))]).await;
    }
    // The caller does not record its trace, so the worker does not either.
    let parent = PARENT.replace("-01", "-00");
    let input = json!({ "width": 640, "traceparent": parent });
    run(worker(&[], &collector.address), [job("j-1", &input)]).await;
    // This request comes after all others.
    drop(rustls::crypto::ring::default_provider().install_default());
    let last = reqwest::Client::new().post(format!("{}/last", collector.address));
    last.send().await.expect("the collector answers");
    let first = collector.export().await;
    assert_eq!(first.path, "/last", "{first:?}");
}

#[tokio::test]
async fn a_bad_address_is_a_warning_that_does_not_show_it() {
    let mut command = worker(&[], "collector with a password");
    command.args(["--test_input", r#"{"input":{"width":640}}"#]);
    let ran = tokio::time::timeout(PATIENCE, command.output()).await;
    let ended: Ended = ran
        .expect("the worker exits")
        .expect("the example starts")
        .into();
    ended.assert_code(0);
    ended
        .assert_shows(&["traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not a valid URL"]);
    assert!(!ended.text.contains("password"), "{ended}");
}

#[cfg(feature = "http")]
async fn server(collector: &Collector) -> HttpServer {
    let address = collector.address.clone();
    HttpServer::start_with(|command| {
        command.env(ENDPOINT, address);
    })
    .await
}

#[cfg(feature = "http")]
#[tokio::test]
async fn a_request_continues_the_trace_of_its_headers() {
    let mut collector = Collector::that("accepts").await;
    let server = server(&collector).await;
    let request = server
        .post("/greet", r#"{"name": "Ada"}"#)
        .header("traceparent", PARENT)
        .header("tracestate", "vendor=x")
        .header("x-request-id", "r-1");
    assert_eq!(answer(request).await.status, 200);
    server.terminate();
    assert_eq!(server.ends().await.0, Some(0));
    let job = collector.span("job greet").await;
    assert_eq!((&*job.trace, &*job.parent), (TRACE, CALLER));
    assert_eq!((&*job.kind, &*job.state), ("SPAN_KIND_SERVER", "vendor=x"));
    assert_eq!(job.attributes["faas.trigger"], "http");
    assert_eq!(job.attributes["faas.invocation_id"], "r-1");
    assert_child(&collector.span("run greet").await, &job);
}

#[cfg(feature = "http")]
#[tokio::test]
async fn a_cancelled_job_and_a_stream_have_complete_traces() {
    let mut collector = Collector::that("accepts").await;
    let mut server = server(&collector).await;
    assert_eq!(answer(server.post("/count", "9")).await.status, 200);
    let head = "Content-Type: application/json\r\nContent-Length: 7";
    let mut client = server.raw_post("/review", head).await;
    client.write_all(b"\"draft\"").await.expect("it reads");
    server.until("/desk", |desk| desk.text == "1").await;
    drop(client);
    server.line_with("Job stopped.").await;
    server.terminate();
    assert_eq!(server.ends().await.0, Some(0));
    let cancelled = collector.span("job review").await;
    assert_eq!(cancelled.attributes["runpod.job.outcome"], "cancelled");
    assert!(!cancelled.is_failed(), "{cancelled:?}");
    assert_child(&collector.span("run review").await, &cancelled);
    collector.span("job count").await;
    // The items of a stream have no spans, and nobody posts the result of a cancelled job.
    let all = [
        "job count",
        "job review",
        "post result",
        "run count",
        "run review",
    ];
    assert_eq!(collector.names(), all);
}
