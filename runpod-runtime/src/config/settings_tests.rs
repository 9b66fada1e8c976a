use std::path::PathBuf;

use super::*;

const TAKE: (&str, &str) = (
    "RUNPOD_WEBHOOK_GET_JOB",
    "https://h/v2/ep/job-take/$ID?gpu=x",
);
const OUTPUT: (&str, &str) = (
    "RUNPOD_WEBHOOK_POST_OUTPUT",
    "https://h/v2/ep/job-done/$RUNPOD_POD_ID/$ID?gpu=x",
);
const STREAM: (&str, &str) = (
    "RUNPOD_WEBHOOK_POST_STREAM",
    "https://h/v2/ep/job-stream/$RUNPOD_POD_ID/$ID?gpu=x",
);
const PING: (&str, &str) = ("RUNPOD_WEBHOOK_PING", "https://h/v2/ep/ping/$RUNPOD_POD_ID");
const POD: (&str, &str) = ("RUNPOD_POD_ID", "pod-1");
const KEY: (&str, &str) = ("RUNPOD_AI_API_KEY", "rpa_SECRETKEY");

/// An empty working directory.
struct Place {
    directory: tempfile::TempDir,
    context: ProcessContext,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let context = ProcessContext {
        streams: false,
        working_directory: directory.path().to_owned(),
        volume: directory.path().join("runpod-volume"),
        temporary: PathBuf::from("/temporary"),
        stdout_is_terminal: true,
    };
    Place { directory, context }
}

/// A working directory with this `test_input.json`.
fn place_with(test_input: &str) -> Place {
    let place = place();
    std::fs::write(place.directory.path().join("test_input.json"), test_input).unwrap();
    place
}

fn arguments(arguments: &[&str]) -> Arguments {
    Arguments::parse(["worker"].iter().chain(arguments).map(Into::into))
}

fn resolve(
    environment: &[(&str, &str)],
    flags: &[&str],
    context: &ProcessContext,
) -> Result<Settings, ConfigError> {
    let environment = Environment::of(environment.iter().copied());
    Settings::resolve(&environment, &arguments(flags), context)
}

fn settings(environment: &[(&str, &str)], flags: &[&str]) -> Settings {
    resolve(environment, flags, &place().context).unwrap_or_else(|error| panic!("{error}"))
}

fn faults(environment: &[(&str, &str)], flags: &[&str]) -> Vec<String> {
    resolve(environment, flags, &place().context)
        .unwrap_err()
        .faults()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[path = "api_key_tests.rs"]
mod keys;

#[test]
fn with_nothing_given_the_defaults_hold() {
    let settings = settings(&[], &[]);
    assert!(matches!(settings.mode, Mode::MissingTestInput));
    assert_eq!(settings.worker_id.len(), 36);
    assert_eq!(settings.reported_worker_id, "unknown");
    assert_eq!(settings.hostname, "unknown");
    assert_eq!(settings.endpoint_id, None);
    assert_eq!(settings.api_key, None);
    assert_eq!(settings.ping_interval, Duration::from_secs(10));
    assert_eq!(settings.shutdown_grace, Duration::from_mins(10));
    assert_eq!(settings.log_level, LogLevel::Debug);
    assert!(!settings.json_logs && settings.color && !settings.debugger);
    assert_eq!(settings.test_output, None);
    let last = settings.spools.last().map(|spool| &*spool.path);
    assert_eq!(
        last,
        Some(std::path::Path::new("/temporary/runpod-spool-local"))
    );
    assert!(settings.warnings.is_empty());
}

#[test]
fn a_worker_on_the_platform_gets_all_that_was_given() {
    let settings = settings(
        &[
            TAKE,
            OUTPUT,
            STREAM,
            PING,
            POD,
            KEY,
            ("RUNPOD_ENDPOINT_ID", "ep"),
            ("RUNPOD_POD_HOSTNAME", "pod-1-host"),
            ("RUNPOD_PING_INTERVAL", "4000"),
            ("RUNPOD_SHUTDOWN_GRACE_S", "2.5"),
            ("RUNPOD_INIT_TIMEOUT", "1200"),
            ("RUNPOD_MAX_RESULT_BYTES", "1000"),
            ("RUNPOD_LOG_LEVEL", "info"),
        ],
        &["--rp_debugger"],
    );
    let Mode::Platform(urls) = &settings.mode else {
        panic!("{:?}", settings.mode)
    };
    assert_eq!(
        urls.take_url(1, false).as_str(),
        "https://h/v2/ep/job-take/pod-1?gpu=x&job_in_progress=0"
    );
    assert_eq!(settings.worker_id, "pod-1");
    assert_eq!(settings.reported_worker_id, "pod-1");
    assert_eq!(settings.hostname, "pod-1-host");
    assert_eq!(settings.endpoint_id.as_deref(), Some("ep"));
    assert_eq!(settings.api_key.unwrap().expose(), "rpa_SECRETKEY");
    assert_eq!(settings.ping_interval, Duration::from_secs(4));
    assert_eq!(settings.shutdown_grace, Duration::from_millis(2500));
    assert_eq!(settings.init_timeout, Some(Duration::from_mins(20)));
    assert_eq!(settings.largest_result, 1000);
    assert_eq!(settings.log_level, LogLevel::Info);
    assert!(settings.json_logs && !settings.color && settings.debugger);
    assert_eq!(settings.warnings, Vec::<String>::new());
}

#[test]
fn every_fault_is_reported_at_once_and_none_shows_the_key() {
    let error = resolve(
        &[
            ("RUNPOD_WEBHOOK_GET_JOB", "h/take?key=rpa_SECRETKEY"),
            ("RUNPOD_WEBHOOK_PING", "https://user:rpa_SECRETKEY@h/ping"),
            KEY,
            ("RUNPOD_PING_INTERVAL", "rpa_SECRETKEY"),
            ("RUNPOD_LOG_LEVEL", "loud"),
            ("RUNPOD_SHUTDOWN_GRACE_S", "-1"),
            ("RUNPOD_MAX_RESULT_BYTES", "0"),
        ],
        &["--rp_api_port=x"],
        &place().context,
    )
    .unwrap_err();
    let names: Vec<_> = error
        .faults()
        .iter()
        .map(|fault| fault.to_string().split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "--rp_api_port",
            "RUNPOD_PING_INTERVAL",
            "RUNPOD_LOG_LEVEL",
            "RUNPOD_SHUTDOWN_GRACE_S",
            "RUNPOD_MAX_RESULT_BYTES",
            "RUNPOD_WEBHOOK_GET_JOB",
            "RUNPOD_WEBHOOK_PING",
            "RUNPOD_WEBHOOK_POST_OUTPUT",
        ]
    );
    let text = format!("{error} {error:?}");
    assert!(!text.contains("SECRETKEY"), "{text}");
}

#[test]
fn a_bad_number_is_named_with_what_was_expected() {
    for value in ["0", "-5", "1.5", "10s", "86400001", "99999999999999999999"] {
        assert_eq!(
            faults(&[("RUNPOD_PING_INTERVAL", value)], &[]),
            [format!(
                "RUNPOD_PING_INTERVAL: found \"{value}\"; expected a whole number of milliseconds from 1 to 86400000; \
                 correct it, or unset it to use 10000"
            )]
        );
    }
    for value in ["-1", "NaN", "inf", "1e300", "soon", "86401"] {
        assert_eq!(
            faults(&[("RUNPOD_SHUTDOWN_GRACE_S", value)], &[]),
            [format!(
                "RUNPOD_SHUTDOWN_GRACE_S: found \"{value}\"; expected a number of seconds from 0 to 86400; \
                 correct it, or unset it to use 600"
            )]
        );
    }
    for value in ["0", "-1", "NaN", "soon", "86401"] {
        assert_eq!(
            faults(&[("RUNPOD_INIT_TIMEOUT", value)], &[]),
            [format!(
                "RUNPOD_INIT_TIMEOUT: found \"{value}\"; expected a number of seconds that is greater than 0 and at most \
                 86400; correct it, or unset it to use 800 or the worker's own `init_timeout`"
            )]
        );
    }
    let none = settings(&[("RUNPOD_SHUTDOWN_GRACE_S", " 0 ")], &[]);
    assert_eq!(none.shutdown_grace, Duration::ZERO);
}

#[test]
fn the_log_level_of_the_flag_wins_then_the_newer_variable() {
    let debug_level = ("RUNPOD_DEBUG_LEVEL", "ERROR");
    let log_level = ("RUNPOD_LOG_LEVEL", "warn");
    assert_eq!(settings(&[debug_level], &[]).log_level, LogLevel::Error);
    assert_eq!(
        settings(&[debug_level, log_level], &[]).log_level,
        LogLevel::Warn
    );
    assert_eq!(
        settings(&[debug_level, log_level], &["--rp_log_level", "NOTSET"]).log_level,
        LogLevel::NotSet
    );
    assert_eq!(
        faults(&[("RUNPOD_DEBUG_LEVEL", "2")], &[]),
        [
            "RUNPOD_DEBUG_LEVEL: found \"2\"; expected NOTSET, TRACE, DEBUG, INFO, WARN or ERROR; \
             correct it, or unset it to use DEBUG"
        ]
    );
}

#[test]
fn colours_are_for_terminals_whose_owner_wants_them() {
    assert!(!settings(&[("NO_COLOR", "1")], &[]).color);
    assert!(settings(&[("NO_COLOR", "")], &[]).color);
    let mut context = place().context;
    context.stdout_is_terminal = false;
    assert!(!resolve(&[], &[], &context).unwrap().color);
}

#[test]
fn a_test_job_of_the_command_line_wins_over_the_platform_whose_urls_then_do_not_matter() {
    let settings = settings(
        &[("RUNPOD_WEBHOOK_GET_JOB", "bad")],
        &["--test_input", r#"{"input": 1}"#, "--test-output", "2"],
    );
    let Mode::TestJob { job, source } = settings.mode else {
        panic!("{:?}", settings.mode)
    };
    assert_eq!(job, r#"{"input": 1}"#);
    assert_eq!(source, TestSource::Flag);
    assert_eq!(settings.test_output, Some(serde_json::json!(2)));
}

#[test]
fn without_a_platform_the_file_is_the_test_job() {
    let place = place();
    let file = place.directory.path().join("test_input.json");
    std::fs::write(&file, r#"{"input": 1}"#).unwrap();
    let settings = resolve(&[], &[], &place.context).unwrap();
    let Mode::TestJob { job, source } = settings.mode else {
        panic!("{:?}", settings.mode)
    };
    assert_eq!(job, r#"{"input": 1}"#);
    assert_eq!(source, TestSource::File(file.clone()));

    std::fs::write(&file, "{").unwrap();
    let error = resolve(&[], &[], &place.context).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("- test_input.json: invalid JSON at line 1"),
        "{error}"
    );
    // On the platform, the file is not read.
    resolve(&[TAKE, OUTPUT], &[], &place.context).unwrap();
}

#[test]
fn a_test_job_that_cannot_be_run_is_a_fault() {
    let faults = faults(&[], &["--test-input", "[]"]);
    assert!(
        faults[0].starts_with("--test_input: not a JSON object"),
        "{faults:?}"
    );
}

#[test]
fn the_local_server_wins_over_everything() {
    let test_input = ["--rp_serve_api", "--test_input", "{}"];
    let Mode::ServeApi(api) = settings(&[TAKE], &test_input).mode else {
        panic!("another mode")
    };
    let unsaid = ApiSettings {
        host: "localhost".to_owned(),
        port: 8000,
        concurrency: None,
        rate_limits: false,
        faults: None,
        api_key: None,
        allow_hosts: Vec::new(),
        allow_origins: Vec::new(),
        example: None,
    };
    assert_eq!(api, unsaid);

    let all = [
        "--serve-api",
        "--api-host=0.0.0.0",
        "--api-port=0",
        "--api-concurrency=4",
        "--api-rate-limits",
        "--api-faults=faults.json",
        "--api-allow-host=host.docker.internal",
        "--rp_api_allow_host",
        "web",
        "--api-allow-origin=http://localhost:3000",
    ];
    let key = ("RUNPOD_LOCAL_API_KEY", "SECRETKEY");
    let given = settings(&[key], &all);
    assert_eq!(given.secrets.redact("a SECRETKEY"), "a [redacted]");
    let Mode::ServeApi(api) = given.mode else {
        panic!("another mode")
    };
    let said = ApiSettings {
        host: "0.0.0.0".to_owned(),
        port: 0,
        concurrency: Some(4),
        rate_limits: true,
        faults: Some("faults.json".to_owned()),
        api_key: Some(Secret::new("SECRETKEY")),
        allow_hosts: vec!["host.docker.internal".to_owned(), "web".to_owned()],
        allow_origins: vec!["http://localhost:3000".to_owned()],
        example: None,
    };
    assert_eq!(api, said);
    assert!(!format!("{api:?}").contains("SECRETKEY"));
}

#[test]
fn the_file_with_the_test_job_is_the_local_servers_example_and_a_faulty_one_a_warning() {
    let place = place_with("{\"input\": 1}");
    let settings = resolve(&[], &["--serve-api"], &place.context).unwrap();
    let Mode::ServeApi(api) = settings.mode else {
        panic!("another mode")
    };
    assert_eq!(api.example.as_deref(), Some("{\"input\": 1}"));

    let place = place_with("{");
    let settings = resolve(&[], &["--serve-api"], &place.context).unwrap();
    let [warning] = settings.warnings.as_slice() else {
        panic!("{:?}", settings.warnings)
    };
    assert!(
        warning.starts_with("test_input.json: invalid JSON"),
        "{warning}"
    );
}

#[test]
fn what_is_nearly_right_is_a_warning() {
    let warnings = settings(&[], &["--rp_debug"]).warnings;
    assert_eq!(
        warnings,
        [
            "--rp_debug is not a worker flag and is passed to the program; did you mean --rp_debugger?"
        ]
    );
}

#[test]
fn what_is_shown_of_settings_has_no_key_and_no_query() {
    let shown = format!("{:?}", settings(&[TAKE, OUTPUT, POD, KEY, PING], &[]));
    assert!(
        !shown.contains("SECRETKEY") && !shown.contains("gpu="),
        "{shown}"
    );
}
