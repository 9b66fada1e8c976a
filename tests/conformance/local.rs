//! Local test runs: no endpoint, one job, and an exit code.

use std::fs;
use std::time::Duration;

use tokio::time::timeout;

use crate::compare::{Finding, Place, shorten};
use crate::peer::{Peer, Programs, end_group, pid};

/// The time limit for a run from start to end.
const DEADLINE: Duration = Duration::from_mins(1);

/// A start of a worker without an endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalRun {
    pub(crate) name: &'static str,
    worker: &'static str,
    arguments: &'static [&'static str],
    /// The content of `test_input.json`.
    file: Option<&'static str>,
    environment: Option<(&'static str, &'static str)>,
}

const fn given(name: &'static str, arguments: &'static [&'static str]) -> LocalRun {
    LocalRun {
        name,
        worker: "async",
        arguments,
        file: None,
        environment: None,
    }
}

const fn in_file(name: &'static str, file: &'static str) -> LocalRun {
    let file = Some(file);
    LocalRun {
        file,
        ..given(name, &[])
    }
}

const GOOD: &str = r#"{"input": {"do": "return", "value": {"a": 1}}}"#;
const BAD: &str = r#"{"input": {"do": "raise", "message": "kaput"}}"#;

/// Every local run. Only the exit code is compared, because the output is for people.
pub(crate) const RUNS: &[LocalRun] = &[
    given("local success", &["--test_input", GOOD]),
    given("local failure", &["--test_input", BAD]),
    given(
        "local error returned",
        &[
            "--test_input",
            r#"{"input": {"do": "return", "value": {"error": "told"}}}"#,
        ],
    ),
    given(
        "local falsy error returned",
        &[
            "--test_input",
            r#"{"input": {"do": "return", "value": {"error": ""}}}"#,
        ],
    ),
    given(
        "local refresh returned",
        &[
            "--test_input",
            r#"{"input": {"do": "return", "value": {"refresh_worker": true}}}"#,
        ],
    ),
    given("local without input", &["--test_input", r#"{"id": "x"}"#]),
    given(
        "local with null input",
        &["--test_input", r#"{"input": null}"#],
    ),
    given("local with bad JSON", &["--test_input", r#"{"input": "#]),
    given("local with a list", &["--test_input", "[1]"]),
    given("local with an empty object", &["--test_input", "{}"]),
    given("local with nothing", &[]),
    in_file("local file success", GOOD),
    in_file("local file failure", BAD),
    in_file("local file without input", "{}"),
    in_file("local file with bad JSON", "{"),
    LocalRun {
        file: Some(BAD),
        ..given("local argument before file", &["--test_input", GOOD])
    },
    LocalRun {
        // The worker does not even contact this address, where nothing is listening.
        environment: Some((
            "RUNPOD_WEBHOOK_GET_JOB",
            "http://127.0.0.1:9/v2/ep/job-take/$ID?x=y",
        )),
        ..given("local argument before platform", &["--test_input", GOOD])
    },
    LocalRun {
        worker: "plain",
        ..given("local plain function", &["--test_input", GOOD])
    },
    LocalRun {
        worker: "stream",
        ..given(
            "local stream",
            &["--test_input", r#"{"input": {"steps": [{"item": 1}]}}"#],
        )
    },
    LocalRun {
        worker: "iterator",
        ..given(
            "local stream that fails",
            &[
                "--test_input",
                r#"{"input": {"steps": [{"raise": "kaput"}]}}"#,
            ],
        )
    },
    given(
        "local with arguments of its own",
        &["--mine", "--test_input", GOOD, "--also=mine", "yours"],
    ),
    given(
        "local with a log level",
        &["--test_input", GOOD, "--rp_log_level", "ERROR"],
    ),
    given(
        "local with a bad log level",
        &["--test_input", GOOD, "--rp_log_level", "LOUD"],
    ),
    given(
        "local with a bad port",
        &["--test_input", GOOD, "--rp_api_port", "high"],
    ),
    given("local flag without its value", &["--test_input"]),
    given("help", &["--help"]),
];

/// Runs a worker and returns its exit code.
pub(crate) async fn run(local: &LocalRun, peer: Peer, programs: &Programs) -> Result<i32, String> {
    let name = format!("{}-{}", local.name.replace(' ', "-"), peer.name());
    let room = programs.folder.join(name);
    let prepared = programs.command(peer, local.worker, &room);
    let mut command = prepared.map_err(|error| error.to_string())?;
    if let Some(file) = local.file {
        fs::write(room.join("test_input.json"), file).map_err(|error| error.to_string())?;
    }
    if let Some((variable, value)) = local.environment {
        command.env(variable, value);
    }
    command.args(local.arguments);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let leader = pid(&child);
    let ended = timeout(DEADLINE, child.wait()).await;
    end_group(leader);
    let status = ended.map_err(|_| "the worker does not exit".to_owned())?;
    let status = status.map_err(|error| error.to_string())?;
    status
        .code()
        .ok_or_else(|| shorten(&status.to_string(), 100))
}

/// Compares the two exit codes. Returns a finding if they differ.
pub(crate) fn compare(local: &LocalRun, sdk: i32, ours: i32) -> Option<Finding> {
    (sdk != ours).then(|| Finding {
        case: local.name,
        place: Place::ExitCode,
        sdk: Some(sdk.into()),
        ours: Some(ours.into()),
    })
}
