//! Tests the program `runpod-local`, started in the way a user starts it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A running program, killed on drop.
struct Program {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = command(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads lines up to the one with `text` and returns them.
    fn lines_until(&mut self, text: &str) -> String {
        let mut lines = String::new();
        while !lines.contains(text) {
            let read = self.output.read_line(&mut lines).unwrap();
            assert_ne!(read, 0, "the program exited without {text:?}:\n{lines}");
        }
        lines
    }

    /// Sends the signal of Ctrl-C and returns the rest of the output.
    fn interrupt(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program has already exited if the test passed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runpod-local"));
    command
        .args(arguments)
        .env_remove("RUNPOD_LOCAL_API_KEY")
        .stdin(Stdio::null());
    command
}

fn refused(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_prints_its_address_and_what_workers_need_and_ends_by_ctrl_c() {
    let mut program = Program::start(&["--port", "0"], &[]);
    let lines = program.lines_until("Ctrl-C");
    let (_, after) = lines.split_once("http://127.0.0.1:").unwrap();
    let port: String = after.chars().take_while(char::is_ascii_digit).collect();
    assert_ne!(port.parse::<u16>().unwrap(), 0);
    let take =
        format!("export RUNPOD_WEBHOOK_GET_JOB='http://127.0.0.1:{port}/v2/local/job-take/$ID?");
    assert!(lines.contains(&take), "{lines}");
    program.interrupt();
}

#[test]
fn a_port_in_use_is_told_with_the_flag_that_changes_it() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let told = refused(&["--port", &port]);
    assert!(told.contains(&port) && told.contains("--port"), "{told}");
}

#[test]
fn the_key_is_read_from_the_environment_and_never_printed() {
    let key = [("MY_KEY", "sk-secret")];
    let mut program = Program::start(&["--port", "0", "--api-key-env", "MY_KEY"], &key);
    let mut lines = program.lines_until("Ctrl-C");
    assert!(
        lines.contains("export RUNPOD_AI_API_KEY=\"$MY_KEY\""),
        "{lines}"
    );
    lines += &program.interrupt();
    assert!(!lines.contains("sk-secret"), "{lines}");

    let told = refused(&["--api-key-env", "NOT_SET_ANYWHERE"]);
    assert!(told.contains("NOT_SET_ANYWHERE"), "{told}");
}

#[test]
fn a_key_that_no_client_can_send_is_told_by_the_name_of_its_variable() {
    for (key, problem) in [
        ("sk-secret\n", "ends with a line break"),
        ("", "it is empty"),
        ("  ", "it is blank"),
    ] {
        for (variable, arguments) in [
            ("RUNPOD_LOCAL_API_KEY", &["--port", "0"][..]),
            ("MY_KEY", &["--port", "0", "--api-key-env", "MY_KEY"]),
        ] {
            let output = command(arguments).env(variable, key).output().unwrap();
            assert!(!output.status.success());
            let told = String::from_utf8(output.stderr).unwrap();
            let begins = format!("runpod-local: {variable}: ");
            assert!(
                told.starts_with(&begins) && told.contains(problem),
                "{told}"
            );
            assert!(!told.contains("sk-secret"), "{told}");
            assert!(
                output.stdout.is_empty(),
                "the program listened before it checked the key"
            );
        }
    }
}

#[test]
fn a_key_that_is_not_utf_8_is_told_by_the_name_of_its_variable() {
    let key = OsStr::from_bytes(b"sk-secret\xff");
    let output = command(&["--port", "0"])
        .env("RUNPOD_LOCAL_API_KEY", key)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "runpod-local: RUNPOD_LOCAL_API_KEY is not valid UTF-8, so no client can send it: set another key, or unset the \
         variable\n"
    );
}

#[test]
fn a_name_and_an_origin_are_allowed_or_refused_with_their_flag() {
    let allowed = [
        "--port",
        "0",
        "--allow-host=host.docker.internal,*.proxy.runpod.net",
        "--allow-origin",
        "http://localhost:3000",
    ];
    let mut program = Program::start(&allowed, &[]);
    program.lines_until("Ctrl-C");
    program.interrupt();
    let told = refused(&["--allow-host", "http://a"]);
    assert!(told.contains("--allow-host: \"http://a\""), "{told}");
    let told = refused(&["--allow-origin=*"]);
    assert!(
        told.contains("--allow-origin: `*` cannot be allowed"),
        "{told}"
    );
}

#[test]
fn who_listens_for_other_machines_without_a_key_is_warned() {
    let arguments = ["--port", "0", "--host", "0.0.0.0"];
    let warning = "without an API key";
    let mut open = Program::start(&arguments, &[]);
    let lines = open.lines_until("Ctrl-C");
    assert!(
        lines.contains(warning) && lines.contains("RUNPOD_LOCAL_API_KEY"),
        "{lines}"
    );
    let key = [("RUNPOD_LOCAL_API_KEY", "sk-secret")];
    for (arguments, environment) in [(&arguments[..], &key[..]), (&arguments[..2], &[])] {
        let lines = Program::start(arguments, environment).lines_until("Ctrl-C");
        assert!(!lines.contains(warning), "{lines}");
    }
}

#[test]
fn faults_that_are_none_are_refused_with_their_place() {
    let told = refused(&["--faults", r#"{"rules": [{"route": "ran"}]}"#]);
    assert!(told.contains("rules[0].route"), "{told}");
}

#[test]
fn a_system_that_refuses_a_thread_is_an_error_and_no_panic() {
    let ran = Command::new("sh")
        // The limit, in KiB. A thread's stack, whose size is set below, needs more than this.
        .args(["-c", "ulimit -v 1000000; exec \"$0\" --port 0"])
        .arg(env!("CARGO_BIN_EXE_runpod-local"))
        .env("RUST_MIN_STACK", (1_u64 << 30).to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{text}");
    assert!(
        text.contains("runpod-local: cannot start a thread: ") && text.contains("ulimit -u"),
        "{text}"
    );
    assert!(!text.contains("panicked"), "{text}");
}
