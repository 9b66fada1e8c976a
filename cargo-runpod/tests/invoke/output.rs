//! The output on stdout.

use serde_json::Value;
use snapbox::str;

use crate::command::{Watched, run};
use crate::stage::Stage;

#[test]
fn a_text_is_printed_as_it_is() {
    let stage = Stage::with("hello");
    run(&stage, &[r#"{"name": "Ada"}"#]).assert(
        0,
        str![[r#"
Hello, Ada!

"#]],
        str![],
    );
}

#[test]
fn any_other_output_is_json_as_the_worker_wrote_it() {
    let stage = Stage::with("peer:async");
    let ran = run(
        &stage,
        &[r#"{"do": "return", "value": {"b": [1.5, {}], "a": "ü"}}"#],
    );
    ran.assert(
        0,
        str![[r#"
{
  "b": [
    1.5,
    {}
  ],
  "a": "ü"
}

"#]],
        str![],
    );
}

#[test]
fn an_output_that_is_null_is_printed_too() {
    let stage = Stage::with("peer:async");
    run(&stage, &[r#"{"do": "nothing"}"#]).assert(
        0,
        str![[r#"
null

"#]],
        str![],
    );
}

#[test]
fn stream_items_are_printed_one_a_line_and_not_again_as_the_output() {
    let stage = Stage::with("stream");
    run(&stage, &[r#"{"text": "to be or"}"#]).assert(
        0,
        str![[r#"
{"index":0,"text":"TO"}
{"index":1,"text":"BE"}
{"index":2,"text":"OR"}

"#]],
        str![],
    );
    let aggregating = Stage::with("peer:stream-aggregate");
    let ran = run(
        &aggregating,
        &[r#"{"steps": [{"item": "one"}, {"item": {"a": 2}}, {"item": null}]}"#],
    );
    ran.assert(
        0,
        str![[r#"
one
{"a":2}
null

"#]],
        str![],
    );
}

#[test]
fn raw_texts_have_no_newline_between_them_nor_at_the_end() {
    let stage = Stage::with("peer:stream");
    let steps =
        r#"{"steps": [{"item": "to"}, {"item": " be"}, {"item": {"usage": 2}}, {"item": "\nor"}]}"#;
    let ran = run(&stage, &["--raw", steps]);
    ran.assert(
        0,
        str![[r#"
to be
{"usage":2}

or
"#]],
        str![],
    );
}

#[test]
fn an_item_is_printed_while_the_job_still_runs() {
    let mut stage = Stage::with("peer:stream");
    let steps = r#"{"steps": [{"item": "first"}, {"progress": "waiting"}, {"item": "second"}]}"#;
    let mut watched = Watched::start(&stage, &[steps]);
    assert_eq!(watched.line(), "first\n");
    stage.go_on();
    watched.end(&stage).assert(
        0,
        str![[r#"
second

"#]],
        str![],
    );
}

#[test]
fn json_is_one_document_whatever_became_of_the_job() {
    let stage = Stage::with("stream");
    let ran = run(&stage, &["--json", r#"{"text": "to be"}"#]);
    ran.assert(0, str![[r#"
{"id":"[ID]","status":"COMPLETED","output":[],"stream":[{"index":0,"text":"TO"},{"index":1,"text":"BE"}],"delayTime":[..],"executionTime":[..],"workerId":"worker-1"}

"#]], str![]);
    assert_eq!(ran.stdout.lines().count(), 1);
    let ran = run(
        &stage,
        &["--json", r#"{"text": "to incomprehensibilities!"}"#],
    );
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "");
    assert_eq!(document["status"], "FAILED");
    assert_eq!(document["stream"][0]["text"], "TO");
    assert!(document["error"].as_str().unwrap().contains("too long"));
}

#[test]
fn in_json_there_is_always_a_time_and_a_worker() {
    let stage = Stage::with("hello");
    let ran = run(&stage, &["--json", r#"{"name": "Ada"}"#]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<_> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "status",
            "output",
            "delayTime",
            "executionTime",
            "workerId"
        ]
    );
    assert_eq!(document["output"], "Hello, Ada!");
}

#[test]
fn verbose_tells_states_and_progress_in_lines_on_stderr() {
    let mut stage = Stage::with("peer:async");
    let plan = r#"{"progress": [{"of": 2, "step": 1}], "do": "return", "value": 7}"#;
    let mut watched = Watched::start(&stage, &["-v", plan]);
    watched.waits_until_it_says(r#"progress {"of":2,"step":1}"#);
    stage.go_on();
    watched.end(&stage).assert(
        0,
        "7\n",
        str![[r#"
COMPLETED in [..], after [..] in the queue, on worker worker-1 (job [ID])

"#]],
    );
}

#[test]
fn help_shows_the_exit_codes() {
    let stage = Stage::without_worker();
    run(&stage, &["-h"]).assert(0, str![[r#"
Send a job to an endpoint and show its progress and output

Usage: cargo runpod invoke [OPTIONS] [JSON]

Arguments:
  [JSON]  The job's input as JSON, such as '{"name": "Ada"}'; - reads it from stdin

Options:
  -f, --file <PATH>          Read the input from a file
  -e, --endpoint <ID>        Id of a deployed endpoint; the key is read from RUNPOD_API_KEY
      --url <URL>            The address of the endpoint
      --port <PORT>          The port of an endpoint on this machine [default: the port of `cargo runpod dev` in this project, otherwise 8000]
      --retry-for <SECONDS>  How long to retry if the endpoint is unreachable or answers with an error [default: 10 on this machine, otherwise 60]
      --detach               Submit the job and print its id, without waiting for it
      --raw                  Print streamed texts without newlines between them, such as the tokens of a language model
      --json                 Print a single JSON document at the end, whatever the job's outcome
      --save <DIR>           Save the files in the job's result (data URLs and base64) in this folder, and print their paths in their place
  -v, --verbose              Print the job's states and progress on stderr, line by line
  -h, --help                 Print help (see more with '--help')

Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer or a refusal from the endpoint; 130 after Ctrl-C, 143 after SIGTERM, 141 if nobody reads the output any more

"#]], str![]);
    run(&stage, &["--help"]).assert(0, str![[r#"
Send a job to an endpoint and show its progress and output

The job goes to the endpoint on this machine (`cargo runpod dev`) or, with --endpoint, to an endpoint on Runpod. Stream items are printed as they arrive. If the job does not stream, its output is printed at the end. Progress is shown on stderr.

Usage: cargo runpod invoke [OPTIONS] [JSON]

Arguments:
  [JSON]
          The job's input as JSON, such as '{"name": "Ada"}'; - reads it from stdin

Options:
  -f, --file <PATH>
          Read the input from a file

  -e, --endpoint <ID>
          Id of a deployed endpoint; the key is read from RUNPOD_API_KEY

      --url <URL>
          The address of the endpoint

      --port <PORT>
          The port of an endpoint on this machine [default: the port of `cargo runpod dev` in this project, otherwise 8000]

      --retry-for <SECONDS>
          How long to retry if the endpoint is unreachable or answers with an error [default: 10 on this machine, otherwise 60]

      --detach
          Submit the job and print its id, without waiting for it

      --raw
          Print streamed texts without newlines between them, such as the tokens of a language model

      --json
          Print a single JSON document at the end, whatever the job's outcome

      --save <DIR>
          Save the files in the job's result (data URLs and base64) in this folder, and print their paths in their place

  -v, --verbose
          Print the job's states and progress on stderr, line by line

  -h, --help
          Print help (see a summary with '-h')

Input:
  Pass the input as an argument, with --file, or on stdin. Without any of them, test_input.json in this folder is sent.
  An object with `input` and no other keys than `id`, `webhook`, `policy` and `s3Config` is a whole request. Any other
  JSON is the job's input.

Environment:
  RUNPOD_API_KEY            The key for --endpoint
  RUNPOD_LOCAL_API_KEY      The key for an endpoint on this machine or at --url, if that endpoint requires a key
  RUNPOD_ENDPOINT_BASE_URL  The base address of endpoints, as in Runpod's Python client [default:
                            https://api.runpod.ai/v2]. An address on this machine also applies without --endpoint, and
                            names the endpoint `local` there

Exit codes:
  0    The job is COMPLETED, or with --detach: the endpoint accepted it
  1    The job FAILED
  2    Wrong usage: a flag, the input, or a missing key
  3    The job was CANCELLED by someone else
  4    The job TIMED_OUT
  5    The endpoint could not be reached, or refused the request
  130  Ctrl-C: the job was cancelled (143 after SIGTERM). A second Ctrl-C exits immediately
  141  Nobody reads the output any more (`| head -1`): the job was cancelled

"#]], str![]);
}
