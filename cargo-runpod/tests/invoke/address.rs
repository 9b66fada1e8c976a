//! The destination of a job, and the key that is sent with it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use runpod_local::Endpoint;
use snapbox::str;

use crate::command::{at, bare, finish, run};
use crate::stage::{KEY, Stage};

const ADA: &str = r#"{"name": "Ada"}"#;

#[test]
fn where_nothing_listens_it_is_said_how_to_start_an_endpoint() {
    let mut stage = Stage::without_worker();
    stage.shut_down();
    run(&stage, &[ADA]).assert(5, str![], str![[r#"
error: no endpoint answers at [URL] (Connection refused (os error 111)). Start one in the folder of a worker with

  cargo runpod dev

or pass the port of another endpoint with --port, or its address with --url

"#]]);
}

#[test]
fn the_variable_of_the_python_client_leads_to_the_local_endpoint_with_and_without_its_id() {
    let stage = Stage::with("hello");
    for arguments in [&[ADA][..], &["--endpoint", "local", ADA]] {
        let mut command = bare(stage.room());
        command
            .args(arguments)
            .env("RUNPOD_ENDPOINT_BASE_URL", format!("{}/v2/", stage.url()));
        finish(&stage, command, "").assert(0, "Hello, Ada!\n", "");
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_named() {
    let stage = Stage::without_worker();
    let mut command = bare(stage.room());
    command
        .args(["--endpoint", "other", ADA])
        .env("RUNPOD_ENDPOINT_BASE_URL", format!("{}/v2", stage.url()));
    finish(&stage, command, "").assert(5, str![], str![[r#"
error: no endpoint accepts jobs at [URL]/v2/other/run: it answered 404 Not Found: /v2/other/run: there is no such endpoint here; the id of this endpoint is local, so its paths begin with /v2/local/

"#]]);
}

#[test]
fn the_local_key_is_sent_where_it_is_demanded() {
    let endpoint = Endpoint::new().api_key(Some(KEY.to_owned()));
    let stage = Stage::of(endpoint, Some("hello"));
    let mut command = at(&stage);
    command
        .arg(ADA)
        .env("RUNPOD_LOCAL_API_KEY", format!("{KEY}\n"));
    finish(&stage, command, "").assert(0, "Hello, Ada!\n", "");

    run(&stage, &[ADA]).assert(
        5,
        str![],
        str![[r#"
error: [URL] requires a key (401 Unauthorized); set RUNPOD_LOCAL_API_KEY to it

"#]],
    );

    let mut command = at(&stage);
    command.arg(ADA).env("RUNPOD_LOCAL_API_KEY", "another");
    finish(&stage, command, "").assert(5, str![], str![[r#"
error: [URL] does not accept the key in RUNPOD_LOCAL_API_KEY (401 Unauthorized); set it to a key that may use this endpoint

"#]]);
}

#[test]
fn the_key_of_runpod_is_not_sent_to_an_address_of_ones_own() {
    let endpoint = Endpoint::new().api_key(Some(KEY.to_owned()));
    let stage = Stage::of(endpoint, None);
    let mut command = at(&stage);
    command.arg(ADA).env("RUNPOD_API_KEY", KEY);
    assert_eq!(finish(&stage, command, "").code, Some(5));
}

#[test]
fn a_deployed_endpoint_demands_a_key() {
    let stage = Stage::without_worker();
    let mut command = bare(stage.room());
    command.args(["--endpoint", "abc123", ADA]);
    finish(&stage, command, "").assert(2, str![], str![[r#"
error: RUNPOD_API_KEY is not set, but a deployed endpoint requires a key; create one in the Runpod console under Settings, API Keys, and set the variable to it

"#]]);
}

#[test]
fn the_key_is_sent_over_tls_only() {
    let stage = Stage::without_worker();
    let mut command = bare(stage.room());
    command
        .args(["--endpoint", "abc123", ADA])
        .env("RUNPOD_ENDPOINT_BASE_URL", "http://endpoints.invalid/v2")
        .env("RUNPOD_API_KEY", KEY);
    finish(&stage, command, "").assert(2, str![], str![[r#"
error: RUNPOD_ENDPOINT_BASE_URL: http://endpoints.invalid/v2 is not encrypted, so others could read the key in RUNPOD_API_KEY on its way; expected an address that begins with https://

"#]]);
}

#[test]
fn a_key_that_no_header_can_carry_is_refused() {
    let stage = Stage::without_worker();
    let mut command = at(&stage);
    command
        .arg(ADA)
        .env("RUNPOD_LOCAL_API_KEY", format!("{KEY}\nX: y"));
    finish(&stage, command, "").assert(2, str![], str![[r#"
error: RUNPOD_LOCAL_API_KEY contains characters that an HTTP header cannot carry; set it to the key and nothing else

"#]]);
}

#[test]
fn an_address_that_is_none_is_told_with_its_flag_or_variable() {
    let stage = Stage::without_worker();
    for (flag, value) in [
        ("--url", "127.0.0.1:8000"),
        ("--url", "http://me:word@127.0.0.1:8000"),
        ("--endpoint", "https://api.runpod.ai/v2/abc"),
    ] {
        let mut command = bare(stage.room());
        let ran = finish(
            &stage,
            {
                command.args([flag, value, ADA]);
                command
            },
            "",
        );
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with(&format!("error: {flag}: ")),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("me:word"), "{}", ran.stderr);
    }
    let mut command = bare(stage.room());
    command.arg(ADA).env("RUNPOD_ENDPOINT_BASE_URL", "runpod");
    finish(&stage, command, "").assert(2, str![], str![[r#"
error: RUNPOD_ENDPOINT_BASE_URL: found "runpod"; expected an address that begins with http:// or https://, such as http://127.0.0.1:8000

"#]]);
}

#[test]
fn two_faults_are_told_together() {
    let stage = Stage::without_worker();
    let mut command = bare(stage.room());
    command.args(["--endpoint", "a/b", "{"]);
    finish(&stage, command, "").assert(2, str![], str![[r#"
error: the input is not JSON: EOF while parsing an object, at line 1, column 2

  {
   ^

error: --endpoint: found "a/b"; expected the id of an endpoint, letters and digits such as 3xk9d0q2m1n7aa; for an address, use --url

"#]]);
}

#[test]
fn a_redirect_is_not_followed() {
    let stage = Stage::without_worker();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = stage.url();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        assert!(length > 0);
        let head = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}/run\r\n");
        stream
            .write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
    });
    let mut command = bare(stage.room());
    command
        .args(["--url", &url, ADA])
        .env("RUNPOD_LOCAL_API_KEY", KEY);
    let ran = finish(&stage, command, "");
    server.join().unwrap();
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("This redirect is not followed"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 0);
}
