//! Pushes to a registry that demands tokens of a token server.

use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::command::{WORKER, a_crate, command, text};
use crate::push::{a_large_one, built, noise};
use crate::registry::{Act, PASSWORD, USER, base_with, proxy, tool};
use crate::token_server::{IDENTITY, TokenServer};

/// Longer than any test takes.
const HOUR: i64 = 3600;

fn push(folder: &TempDir, name: &str, more: &[&str], with: impl Fn(&mut Command)) -> Output {
    let arguments = [&["--profile=dev", "--push", name], more].concat();
    let mut command = command(folder.path(), &arguments);
    with(&mut command);
    let output = command.output().unwrap();
    let shown = text(&output.stdout) + &text(&output.stderr);
    // A token begins like this.
    for secret in [PASSWORD, IDENTITY, "eyJ"] {
        assert!(!shown.contains(secret), "a secret is shown: {shown}");
    }
    output
}

fn log_in(command: &mut Command) {
    command.env("RUNPOD_REGISTRY_USER", USER);
    command.env("RUNPOD_REGISTRY_PASSWORD", PASSWORD);
}

#[test]
fn a_password_is_exchanged_for_one_token_for_the_whole_push() {
    let server = TokenServer::start(HOUR);
    let folder = a_crate("", WORKER);
    let name = server.registry.name("me/fast:1");
    let output = push(&folder, &name, &[], log_in);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(server.asked(), ["repository:me/fast:pull,push"]);
    let credentials = format!("{USER}:{PASSWORD}");
    let image = format!("docker://{name}");
    let creds = format!("--creds={credentials}");
    let inspect = [
        "inspect",
        "--tls-verify=false",
        &creds,
        "--format={{.Digest}}",
        &image,
    ];
    assert_eq!(tool("skopeo", &inspect).trim(), built(&folder));
}

#[test]
fn an_identity_token_of_docker_is_exchanged_too() {
    let server = TokenServer::start(HOUR);
    let folder = a_crate("", WORKER);
    let login = folder.path().join("login");
    fs::create_dir(&login).unwrap();
    let host = &server.registry.host;
    let file = serde_json::json!({ "auths": { host: { "identitytoken": IDENTITY } } });
    fs::write(login.join("config.json"), file.to_string()).unwrap();
    let output = push(
        &folder,
        &server.registry.name("me/fast:1"),
        &[],
        |command| {
            command.env("DOCKER_CONFIG", &login);
        },
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_login_that_the_token_server_refuses_is_explained_without_the_secret() {
    let server = TokenServer::start(HOUR);
    let folder = a_crate("", WORKER);
    let name = server.registry.name("me/fast:1");
    let wrong = push(&folder, &name, &[], |command| {
        command.env("RUNPOD_REGISTRY_USER", "eve");
        command.env("RUNPOD_REGISTRY_PASSWORD", PASSWORD);
    });
    let said = text(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(said.contains("401 Unauthorized: [redacted]"), "{said}");
    assert!(said.contains("The credentials for 127.0.0.1"), "{said}");
}

#[test]
fn a_token_that_expires_during_the_push_is_replaced() {
    let server = TokenServer::start(HOUR);
    let folder = a_large_one();
    let signer = Arc::clone(&server.signer);
    let is_expired = AtomicU32::new(0);
    let front = proxy(&server.registry, move |head| {
        let is_second_part = head.contains("content-range: 16777216-");
        if is_second_part && is_expired.fetch_add(1, Ordering::SeqCst) == 0 {
            // As if an hour had passed. The registry itself refuses the token.
            let old = signer.token("repository:me/large:pull,push", -HOUR);
            let lines = head.lines().map(|line| match line.split_once(": ") {
                Some(("authorization", _)) => format!("authorization: Bearer {old}\r\n"),
                Some(("content-length", _)) => String::new(),
                _ => format!("{line}\r\n"),
            });
            return Act::PassHead(lines.collect());
        }
        Act::Pass
    });
    let output = push(&folder, &format!("{front}/me/large:1"), &[], log_in);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[0], asked[1]);
}

#[test]
fn a_token_is_replaced_before_it_expires() {
    // Tokens that are too old as soon as they arrive, as far as the client knows. The registry grants a minute more.
    let server = TokenServer::start(5);
    let folder = a_crate("", WORKER);
    let output = push(&folder, &server.registry.name("me/fast:1"), &[], log_in);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Each request had a token of its own: none was sent without one after the first, to be refused with its body.
    let asked = server.asked();
    assert!(asked.len() > 4, "{asked:?}");
}

#[test]
fn a_layer_is_mounted_with_the_permission_to_read_its_repository() {
    let server = TokenServer::start(HOUR);
    let registry = &server.registry;
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("data"), noise(1 << 20)).unwrap();
    let creds = format!("--dest-creds={USER}:{PASSWORD}");
    base_with(
        registry,
        "base/data:1",
        files.path(),
        "/opt",
        &[],
        &[&creds],
    );
    let folder = a_crate("", WORKER);
    let login = folder.path().join("login");
    fs::create_dir(&login).unwrap();
    let host = &registry.host;
    // `YWRhOmNvcnJlY3QgaG9yc2U=` is the user and the password.
    let file = serde_json::json!({ "auths": { host: { "auth": "YWRhOmNvcnJlY3QgaG9yc2U=" } } });
    fs::write(login.join("config.json"), file.to_string()).unwrap();
    let name = registry.name("me/on:1");
    let from = ["--static", "--base", &registry.name("base/data:1")];
    let output = push(&folder, &name, &from, |command| {
        command.env("DOCKER_CONFIG", &login);
    });
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        said.contains("mounted from the repository of the base"),
        "{said}"
    );
    let asked = server.asked();
    let both = "repository:me/on:pull,push repository:base/data:pull";
    assert!(asked.iter().any(|scopes| scopes == both), "{asked:?}");
}
