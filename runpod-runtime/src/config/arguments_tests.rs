use serde_json::json;

use super::*;

fn parse(arguments: &[&str]) -> Arguments {
    Arguments::parse(
        ["/usr/bin/greeter"]
            .iter()
            .chain(arguments)
            .map(OsString::from),
    )
}

fn faults(arguments: &[&str]) -> Vec<String> {
    parse(arguments)
        .faults
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_flag_is_read_in_the_sdks_spelling() {
    let arguments = parse(&[
        "--rp_log_level",
        "info",
        "--rp_debugger",
        "--rp_serve_api",
        "--rp_api_port",
        "9000",
        "--rp_api_concurrency",
        "3",
        "--rp_api_host",
        "0.0.0.0",
        "--test_input",
        r#"{"input": 1}"#,
        "--test_output",
        r#"{"output": 2}"#,
    ]);
    assert_eq!(arguments.log_level, Some(LogLevel::Info));
    assert!(arguments.debugger && arguments.serve_api);
    assert_eq!(arguments.api_port, Some(9000));
    assert_eq!(arguments.api_concurrency, Some(3));
    assert_eq!(arguments.api_host.as_deref(), Some("0.0.0.0"));
    assert_eq!(arguments.test_input.as_deref(), Some(r#"{"input": 1}"#));
    assert_eq!(arguments.test_output, Some(json!({"output": 2})));
    assert!(arguments.rest.is_empty() && arguments.faults.is_empty());
    assert_eq!(arguments.program, "greeter");
    assert!(!arguments.help);
}

#[test]
fn kebab_case_and_equals_signs_mean_the_same() {
    let arguments = parse(&[
        "--log-level=ERROR",
        "--debugger",
        "--serve-api",
        "--api-port=1",
        "--api-concurrency=2",
        "--api-host=::1",
        r#"--test-input={"input": "a=b"}"#,
        "--test-output=null",
    ]);
    assert_eq!(arguments.log_level, Some(LogLevel::Error));
    assert!(arguments.debugger && arguments.serve_api);
    assert_eq!(arguments.api_port, Some(1));
    assert_eq!(arguments.api_concurrency, Some(2));
    assert_eq!(arguments.api_host.as_deref(), Some("::1"));
    assert_eq!(arguments.test_input.as_deref(), Some(r#"{"input": "a=b"}"#));
    assert_eq!(arguments.test_output, Some(Value::Null));
    assert!(arguments.faults.is_empty());
}

#[test]
fn a_flag_that_is_a_list_is_given_several_times_or_with_commas() {
    let arguments = parse(&[
        "--rp_api_allow_host",
        "a, b",
        "--api-allow-host=c",
        "--api-allow-origin",
        "http://localhost:3000",
    ]);
    assert_eq!(arguments.api_allow_hosts, ["a", "b", "c"]);
    assert_eq!(arguments.api_allow_origins, ["http://localhost:3000"]);
    assert!(arguments.faults.is_empty());
    assert_eq!(
        faults(&["--rp_api_allow_host=a,,b"]),
        [
            "--rp_api_allow_host: found \"a,,b\"; expected a host name such as host.docker.internal, or a \
             comma-separated list of them"
        ]
    );
}

#[test]
fn unknown_arguments_are_left_to_the_program_in_their_order() {
    let arguments = parse(&["--model", "tiny", "--rp_debugger", "file.txt", "-x", "-"]);
    assert_eq!(arguments.rest, ["--model", "tiny", "file.txt", "-x", "-"]);
    assert!(arguments.debugger);
    assert!(arguments.warnings.is_empty());
}

#[test]
fn after_two_dashes_everything_is_the_programs() {
    let arguments = parse(&["--model", "--", "--test_input", "x", "--help", "--", "y"]);
    assert_eq!(
        arguments.rest,
        ["--model", "--test_input", "x", "--help", "--", "y"]
    );
    assert!(!arguments.help && arguments.test_input.is_none());
}

#[test]
fn a_nearly_right_flag_is_left_to_the_program_with_a_warning_that_hides_its_value() {
    let arguments = parse(&["--rp_server_api", "--test_imput=secret"]);
    assert_eq!(arguments.rest, ["--rp_server_api", "--test_imput=secret"]);
    assert_eq!(
        arguments.warnings,
        [
            "--rp_server_api is not a worker flag and is passed to the program; did you mean --rp_serve_api?",
            "--test_imput is not a worker flag and is passed to the program; did you mean --test_input?",
        ]
    );
    assert!(!arguments.serve_api && arguments.faults.is_empty());
}

#[test]
fn the_last_of_a_repeated_flag_counts() {
    assert_eq!(
        parse(&["--api-port=1", "--rp_api_port", "2"]).api_port,
        Some(2)
    );
}

#[test]
fn help_is_noticed_beside_faults() {
    assert!(parse(&["--api-port=x", "--help"]).help);
    assert!(parse(&["-h"]).help);
}

#[test]
fn the_schema_is_asked_for_by_a_flag_without_a_value() {
    assert!(parse(&["--model", "tiny", "--schema"]).schema);
    assert!(!parse(&["--", "--schema"]).schema);
    assert_eq!(
        faults(&["--schema=greet"]),
        [
            "--schema: found \"greet\"; expected no value; write --schema without a value, or remove it"
        ]
    );
}

#[test]
fn a_missing_value_is_named_with_what_was_expected() {
    assert_eq!(
        faults(&["--rp_api_port", "--test_input"]),
        [
            "--rp_api_port: no value was given; expected a port number from 0 to 65535 (0 means any free port); \
             write --rp_api_port=PORT",
            "--test_input: no value was given; expected a job as JSON, such as {\"input\": {\"name\": \"World\"}}; \
             write --test_input=JSON",
        ]
    );
    // The flag after the missing value is still parsed.
    assert!(parse(&["--rp_api_port", "--rp_debugger"]).debugger);
}

#[test]
fn bad_values_are_all_reported_each_with_its_flag() {
    assert_eq!(
        faults(&[
            "--rp_api_port",
            "80000",
            "--api-concurrency=0",
            "--rp_log_level",
            "loud",
            "--rp_debugger=yes",
            "--api-host=",
            "--api-concurrency",
            "-1",
        ]),
        [
            "--rp_api_port: found \"80000\"; expected a port number from 0 to 65535 (0 means any free port)",
            "--api-concurrency: found \"0\"; expected a whole number, 1 or greater",
            "--rp_log_level: found \"loud\"; expected NOTSET, TRACE, DEBUG, INFO, WARN or ERROR",
            "--rp_debugger: found \"yes\"; expected no value; write --rp_debugger without a value, or remove it",
            "--api-host: the value is empty; expected a host name or an address",
            "--api-concurrency: found \"-1\"; expected a whole number, 1 or greater",
        ]
    );
}

#[test]
fn bad_json_is_shown_with_its_place() {
    assert_eq!(
        faults(&["--test_output", "{\"output\": }"]),
        [
            "--test_output: invalid JSON at line 1, column 12: expected value; \
             expected a result as JSON, such as {\"output\": \"Hello, World!\"}\n      \
             {\"output\": }\n      \
             \x20          ^"
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_a_fault_and_the_programs_own_is_passed_on() {
    use std::os::unix::ffi::OsStringExt as _;
    let bad = |text: &[u8]| OsString::from_vec([text, b"\xff"].concat());
    let arguments = Arguments::parse([
        OsString::from("worker"),
        bad(b"--api-host="),
        bad(b"--name="),
        OsString::from("--test_input"),
        bad(b"{}"),
    ]);
    let faults: Vec<_> = arguments.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "--api-host: the value is not valid UTF-8; expected text",
            "--test_input: the value is not valid UTF-8; expected text",
        ]
    );
    assert_eq!(arguments.rest, [bad(b"--name=")]);
}

#[test]
fn an_empty_command_line_asks_for_nothing() {
    let arguments = Arguments::parse(Vec::new());
    assert_eq!(arguments.program, "worker");
    assert!(arguments.rest.is_empty() && arguments.faults.is_empty() && !arguments.help);
}
