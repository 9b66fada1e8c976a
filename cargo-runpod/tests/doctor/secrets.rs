//! The API key and the registry's login: checked, and never shown.

use snapbox::str;

use crate::machine::{Examined, Machine};

const SECRET: &str = "c2VjcmV0OnNlY3JldA==";

fn registry(config: &str, image: &str) -> Examined {
    let machine = Machine::real()
        .with(
            "docker-credential-has",
            "echo '{\"Username\": \"ada\", \"Secret\": \"c2VjcmV0OnNlY3JldA==\"}'",
        )
        .with(
            "docker-credential-lacks",
            "echo 'c2VjcmV0OnNlY3JldA== not found'; exit 1",
        )
        .with(
            "docker-credential-hub",
            "read -r host; test \"$host\" = https://index.docker.io/v1/",
        )
        .file("home/.docker/config.json", config);
    let examined = machine.examine_with(&["--image", image]);
    assert!(!examined.text.contains(SECRET), "{}", examined.text);
    examined
}

#[test]
fn a_login_is_found_wherever_docker_keeps_it() {
    for (config, image) in [
        (
            r#"{"auths": {"ghcr.io": {"auth": "c2VjcmV0OnNlY3JldA=="}}}"#,
            "ghcr.io/ada/hello",
        ),
        (
            r#"{"auths": {"https://index.docker.io/v1/": {"auth": "c2VjcmV0OnNlY3JldA=="}}}"#,
            "ada/hello",
        ),
        (
            r#"{"auths": {"ghcr.io": {}}, "credsStore": "has"}"#,
            "ghcr.io/ada/hello",
        ),
        (
            r#"{"credHelpers": {"ghcr.io": "has"}, "credsStore": "lacks"}"#,
            "ghcr.io/ada/hello",
        ),
        (r#"{"credsStore": "hub"}"#, "docker.io/ada/hello:1"),
    ] {
        let examined = registry(config, image);
        examined.assert("registry", "ok ", &["has a login for "]);
    }
}

#[test]
fn a_missing_login_is_a_problem_with_the_command_that_logs_in() {
    for config in [
        "{}",
        r#"{"auths": {"docker.io": {"auth": "c2VjcmV0OnNlY3JldA=="}}}"#,
        r#"{"auths": {"ghcr.io": {"auth": ""}}}"#,
        r#"{"credsStore": "lacks"}"#,
    ] {
        let examined = registry(config, "ghcr.io/ada/hello");
        assert_eq!(examined.code, Some(1));
        examined.assert(
            "registry",
            "problem",
            &["no login for ghcr.io", "docker login ghcr.io"],
        );
    }
}

#[test]
fn a_credential_helper_that_is_missing_or_no_program_is_named() {
    let examined = registry(r#"{"credsStore": "absent"}"#, "ghcr.io/ada/hello");
    examined.assert(
        "registry",
        "problem",
        &["no program `docker-credential-absent` on PATH"],
    );
    let examined = registry(r#"{"credsStore": "../../bin/sh"}"#, "ghcr.io/ada/hello");
    examined.assert(
        "registry",
        "problem",
        &["cannot be a program", "credsStore"],
    );
}

#[test]
fn a_configuration_that_is_no_json_is_a_problem_and_its_content_is_not_shown() {
    let examined = registry("{\"auths\": c2VjcmV0OnNlY3JldA==", "ghcr.io/ada/hello");
    examined.assert("registry", "problem", &["line 1, column"]);
}

#[test]
fn without_an_image_any_login_will_do() {
    let examined = Machine::real().examine();
    examined.assert("registry", "warning", &["has no login", "docker login"]);
    let examined = Machine::real()
        .file("home/.docker/config.json", r#"{"auths": {"ghcr.io": {}}}"#)
        .examine();
    examined.assert("registry", "ok ", &["for ghcr.io"]);
}

#[test]
fn the_key_is_judged_by_its_form_and_never_shown() {
    let examined = Machine::real().examine();
    examined.assert(
        "API key",
        "warning",
        &["RUNPOD_API_KEY is not set", "Settings, API Keys"],
    );
    for (key, level) in [
        ("rpa_0123456789SECRETSECRET", "ok "),
        ("rpa_0123456789SECRETSECRET\n", "problem"),
        ("'rpa_0123456789SECRETSECRET'", "problem"),
        ("SECRET", "problem"),
    ] {
        let examined = Machine::real().env("RUNPOD_API_KEY", key).examine();
        examined.assert("API key", level, &[]);
        assert!(!examined.text.contains("SECRET"), "{}", examined.text);
        assert_eq!(
            examined.code,
            Some(i32::from(level == "problem")),
            "{}",
            examined.text
        );
    }
}

#[test]
fn the_table_has_a_line_for_each_part_and_one_for_each_remedy() {
    let examined = Machine::bare()
        .env("CARGO", "")
        .env("RUSTC", "")
        .with("nvidia-smi", "exit 9")
        .examine();
    let table: Vec<_> = examined
        .text
        .lines()
        .filter(|line| !line.contains("port "))
        .collect();
    snapbox::assert_data_eq!(
        table.join("\n") + "\n",
        str![[r#"
problem  Rust        there is no program `cargo` on PATH
                     fix: install Rust from https://rustup.rs, and open a new terminal
problem  linker      there is no program `rustc` on PATH
                     fix: install Rust from https://rustup.rs, and open a new terminal
problem  C compiler  there is no program `cc` on PATH
                     fix: install a C compiler: `apt-get install gcc libc6-dev` on Debian, `xcode-select --install` on macOS; or set CC to the one that you have
warning  musl        neither the target x86_64-unknown-linux-musl nor a C compiler for it is installed; `cargo runpod build` links with this system's GNU C library instead
                     fix: run `rustup target add x86_64-unknown-linux-musl`, and install musl-gcc (`apt-get install musl-tools` on Debian), or set CC_x86_64_unknown_linux_musl to a C compiler for musl
warning  API key     RUNPOD_API_KEY is not set; commands for endpoints on Runpod need it
                     fix: create a key in the Runpod console under Settings, API Keys, and set the variable RUNPOD_API_KEY to the key and nothing else
warning  registry    [ROOM]/home/.docker/config.json has no login; you need one to push an image
                     fix: log in with `docker login REGISTRY` or `skopeo login`; --image NAME checks a certain registry
warning  manifest    this folder is in no cargo package
                     fix: run this command in a worker's folder, or create a worker with `cargo runpod new`
problem  GPU         `nvidia-smi` failed: exit status: 9
                     fix: restart the machine after a driver update; otherwise install the driver again

4 problems, 4 warnings

"#]]
    );
}
