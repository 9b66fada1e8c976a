//! Tests that a worker exits with an error, and does not panic, if the system refuses to start its threads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::process::Command;
use tokio::time::timeout;

use crate::process::{Ended, PATIENCE, binary, isolated};

/// The arguments for a worker on the platform, for a local run and for a local endpoint.
const WAYS: [&[&str]; 3] = [
    &[],
    &["--test_input", r#"{"input": {}}"#],
    &["--rp_serve_api", "--rp_api_port", "0"],
];

/// Returns a shell command that sets a limit and then executes the program.
fn limited(limit: &str, program: &Path, arguments: &[&str]) -> Command {
    let mut shell = isolated("sh");
    shell
        .arg("-c")
        .arg(format!("{limit}; exec \"$0\" \"$@\""))
        .arg(program)
        .args(arguments)
        .env("RUNPOD_WEBHOOK_GET_JOB", "http://127.0.0.1:9/job-take/$ID")
        .env(
            "RUNPOD_WEBHOOK_POST_OUTPUT",
            "http://127.0.0.1:9/job-done/$ID",
        );
    shell
}

async fn assert_refused(mut command: Command) {
    let output = timeout(PATIENCE, command.output()).await;
    let ended: Ended = output
        .expect("a worker that cannot start exits")
        .expect("the shell starts")
        .into();
    ended.assert_code(1);
    ended.assert_shows(&[
        "ERROR",
        "the system refused to start a thread",
        "pids.max",
        "ulimit -u",
    ]);
    assert!(!ended.text.contains("panicked"), "{ended}");
}

#[tokio::test]
async fn without_room_for_the_stack_of_a_thread_a_worker_ends_with_an_error() {
    for arguments in WAYS {
        // The limit is in KiB. A thread's stack is larger than the limit, and the rest of the process is smaller.
        let mut command = limited("ulimit -v 1000000", &binary("hello"), arguments);
        command.env("RUST_MIN_STACK", (1_u64 << 30).to_string());
        assert_refused(command).await;
    }
}

/// tokio starts its threads one after the other, and the system may refuse any one of them.
#[tokio::test]
async fn wherever_the_system_begins_to_refuse_threads_a_worker_runs_or_ends_with_an_error() {
    let stack: u64 = 1 << 30;
    let (mut refused, mut ran) = (0, 0);
    // The limits are in KiB. They grow by half a stack, from too little for one stack to more than a worker needs.
    for half_stacks in 1..=16 {
        let limit = format!("ulimit -v {}", half_stacks * (stack / 2 / 1024));
        let job = ["--test_input", r#"{"input": {"name": "World"}}"#];
        let mut command = limited(&limit, &binary("hello"), &job);
        command
            .env("RUST_MIN_STACK", stack.to_string())
            .env("RUNPOD_LOG_LEVEL", "INFO");
        let output = timeout(PATIENCE, command.output()).await;
        let ended: Ended = output
            .unwrap_or_else(|_| panic!("{limit}: the worker hangs"))
            .expect("the shell starts")
            .into();
        assert!(!ended.text.contains("panicked"), "{limit}: {ended}");
        if ended.code() == Some(0) {
            ran += 1;
        } else {
            ended.assert_code(1);
            ended.assert_shows(&["ERROR", "the system refused to start a thread"]);
            refused += 1;
        }
    }
    assert!(refused > 1 && ran > 1, "{refused} refused, {ran} ran");
}

/// The limit does not apply to root, so the test changes to the user `nobody`.
#[tokio::test]
async fn with_one_process_a_user_a_worker_ends_with_an_error() {
    let place = tempfile::tempdir().expect("a temporary folder can be created");
    let all_may_enter = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path(), all_may_enter).expect("the permissions can be changed");
    let program = place.path().join("hello");
    fs::copy(binary("hello"), &program).expect("the example can be copied");
    for arguments in WAYS {
        let limit = "ulimit -u 1 2>/dev/null || ulimit -p 1";
        let mut command = limited(limit, &program, arguments);
        command.current_dir(place.path());
        if rustix::process::getuid().is_root() {
            command.uid(65534).gid(65534);
        }
        assert_refused(command).await;
    }
}
