//! `cargo runpod build --push`, to a real registry, with faults on the way.

use std::fs;
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::command::{WORKER, a_crate, build, command, refused, text};
use crate::registry::{Act, PASSWORD, Registry, USER, base, digest, proxy, tool};
use crate::script;

/// A crate whose image is larger than the parts of an upload.
pub(crate) fn a_large_one() -> TempDir {
    let folder = a_crate(
        "[package.metadata.runpod.image]\ninclude = [\"weights\"]\n",
        WORKER,
    );
    fs::write(folder.path().join("weights"), noise(40 << 20)).unwrap();
    folder
}

/// Bytes that do not become smaller, and are always the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

pub(crate) fn pushed(folder: &TempDir, name: &str, more: &[&str]) -> String {
    let output = push(folder, name, more);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

pub(crate) fn push(folder: &TempDir, name: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["--profile=dev", "--push", name];
    arguments.extend(more);
    build(folder.path(), &arguments)
}

/// The digest of the image that was built last.
pub(crate) fn built(folder: &TempDir) -> String {
    let image = folder.path().join("target/runpod-image/fast");
    digest(&format!("oci:{}", image.display()))
}

#[test]
fn the_registry_gets_the_image_and_a_second_push_sends_nothing() {
    let registry = Registry::start();
    let folder = a_crate("", WORKER);
    let said = pushed(&folder, &registry.name("me/fast:1"), &[]);
    assert!(said.contains("  2 blobs with"), "{said}");
    assert!(said.contains(" uploaded\n"), "{said}");
    let image = format!("docker://{}", registry.name("me/fast:1"));
    assert_eq!(digest(&image), built(&folder));
    assert!(
        said.contains(&format!("me/fast:1@{}\n", built(&folder))),
        "{said}"
    );
    // skopeo verifies the digest of everything that it copies.
    let copy = format!("dir:{}", folder.path().join("copy").display());
    tool("skopeo", &["copy", "--src-tls-verify=false", &image, &copy]);

    let said = pushed(&folder, &registry.name("me/fast:2"), &[]);
    assert!(
        said.contains("already there\n") && !said.contains("uploaded"),
        "{said}"
    );
}

#[test]
fn a_login_comes_from_the_environment_the_configuration_or_a_helper() {
    let registry = Registry::with_login();
    let folder = a_crate("", WORKER);
    let name = registry.name("me/fast:1");
    let run = |with: &dyn Fn(&mut std::process::Command)| {
        let mut command = command(folder.path(), &["--profile=dev", "--push", &name]);
        with(&mut command);
        command.output().unwrap()
    };
    let none = run(&|_| {});
    let said = text(&none.stderr);
    assert_eq!(none.status.code(), Some(1), "{said}");
    assert!(said.contains("401 Unauthorized"), "{said}");
    assert!(said.contains("No credentials for 127.0.0.1"), "{said}");
    assert!(said.contains("RUNPOD_REGISTRY_USER"), "{said}");

    let wrong = run(&|command| {
        command.env("RUNPOD_REGISTRY_USER", USER);
        command.env("RUNPOD_REGISTRY_PASSWORD", "not the password");
    });
    let said = text(&wrong.stderr);
    assert!(said.contains("were refused"), "{said}");
    assert!(!said.contains("not the password"), "{said}");
    let half = run(&|command| {
        command.env("RUNPOD_REGISTRY_USER", USER);
    });
    let said = text(&half.stderr);
    assert!(said.contains("RUNPOD_REGISTRY_PASSWORD is not"), "{said}");

    let docker = folder.path().join("docker");
    fs::create_dir(&docker).unwrap();
    let helper = docker.join("docker-credential-test");
    // A helper that does not read its input may exit before it is written, which is an error.
    let answer = format!(
        "#!/bin/sh\ncat > /dev/null\necho '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n"
    );
    script::write(&helper, &answer);
    let path = std::env::var("PATH").unwrap();
    for configuration in [
        // What `docker login` writes: base64 of user and password.
        format!(
            r#"{{"auths": {{"{}": {{"auth": "YWRhOmNvcnJlY3QgaG9yc2U="}}}}}}"#,
            registry.host
        ),
        format!(r#"{{"credHelpers": {{"{}": "test"}}}}"#, registry.host),
    ] {
        fs::write(docker.join("config.json"), &configuration).unwrap();
        let output = run(&|command| {
            command.env("DOCKER_CONFIG", &docker);
            command.env("PATH", format!("{}:{path}", docker.display()));
        });
        assert!(
            output.status.success(),
            "{configuration}: {}",
            text(&output.stderr)
        );
    }
    fs::write(docker.join("config.json"), r#"{"credsStore": "gone"}"#).unwrap();
    let output = run(&|command| {
        command.env("DOCKER_CONFIG", &docker);
    });
    let said = text(&output.stderr);
    assert!(said.contains("credential helper"), "{said}");

    let output = run(&|command| {
        command.env("RUNPOD_REGISTRY_USER", USER);
        command.env("RUNPOD_REGISTRY_PASSWORD", PASSWORD);
    });
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_push_continues_after_connections_that_break() {
    let registry = Registry::start();
    let parts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&parts);
    let cut = AtomicU32::new(0);
    let front = proxy(&registry, move |head| {
        let Some(range) = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("content-range"))
        else {
            return Act::Pass;
        };
        seen.lock().unwrap().push(range.to_owned());
        // The second part breaks before its first byte, and once more in the middle.
        match (range.contains(" 0-"), cut.load(Ordering::SeqCst)) {
            (false, 0) => {
                cut.store(1, Ordering::SeqCst);
                Act::Cut(0)
            }
            (false, 1) => {
                cut.store(2, Ordering::SeqCst);
                Act::Cut(5 << 20)
            }
            _ => Act::Pass,
        }
    });
    let folder = a_large_one();
    pushed(&folder, &format!("{front}/me/large:1"), &[]);
    let image = format!("docker://{}", registry.name("me/large:1"));
    assert_eq!(digest(&image), built(&folder));
    let copy = format!("dir:{}", folder.path().join("copy").display());
    tool("skopeo", &["copy", "--src-tls-verify=false", &image, &copy]);
    let parts = parts.lock().unwrap();
    // After the first fault, the registry reported the end of the first part, and the upload continued there.
    assert_eq!(parts[1], parts[2], "{parts:?}");
    assert!(!parts[1].contains(" 0-"), "{parts:?}");
}

#[test]
fn errors_that_pass_are_repeated_and_others_are_explained() {
    let registry = Registry::start();
    let folder = a_crate("", WORKER);
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let left = AtomicU32::new(2);
        let front = proxy(&registry, move |head| {
            let fails = head.starts_with("PUT")
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok();
            if fails {
                Act::Answer(status)
            } else {
                Act::Pass
            }
        });
        let repository = &status[..3];
        pushed(&folder, &format!("{front}/me/of{repository}:1"), &[]);
    }
    for (status, remedy) in [
        ("413 Payload Too Large", "limits the size of a request"),
        ("403 Forbidden", "No credentials for 127.0.0.1"),
    ] {
        let front = proxy(&registry, move |head| {
            if head.starts_with("PUT") {
                Act::Answer(status)
            } else {
                Act::Pass
            }
        });
        let output = push(&folder, &format!("{front}/me/refused:1"), &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(status) && said.contains(remedy), "{said}");
        assert!(said.contains("0 of 2 blobs are in 127.0.0.1"), "{said}");
    }
}

#[test]
fn layers_of_the_base_are_mounted_or_copied() {
    let (registry, other) = (Registry::start(), Registry::start());
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("data"), noise(20 << 20)).unwrap();
    base(&registry, "base/data:1", files.path(), "/opt", &[]);
    let folder = a_crate("", WORKER);
    let from = ["--static", "--base", &registry.name("base/data:1")];
    let said = pushed(&folder, &registry.name("me/on:1"), &from);
    assert!(said.contains("1 blobs with 21.0 MB mounted"), "{said}");
    let said = pushed(&folder, &other.name("me/on:1"), &from);
    assert!(said.contains("3 blobs with"), "{said}");
    for registry in [&registry, &other] {
        let image = format!("docker://{}", registry.name("me/on:1"));
        let copy = format!("dir:{}", files.path().join("copy").display());
        tool("skopeo", &["copy", "--src-tls-verify=false", &image, &copy]);
        let inspect = ["inspect", "--tls-verify=false", "--config", &image];
        let config: serde_json::Value = serde_json::from_str(&tool("skopeo", &inspect)).unwrap();
        let layers = config["rootfs"]["diff_ids"].as_array().unwrap();
        assert_eq!(layers.len(), 2, "{config}");
    }
    // One file for `docker load` has the base's layers, too.
    let mut tar = vec!["--profile=dev", "--tar=image.tar"];
    tar.extend(from);
    let output = build(folder.path(), &tar);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = format!(
        "docker-archive:{}",
        folder.path().join("image.tar").display()
    );
    let copy = format!("dir:{}", files.path().join("loaded").display());
    tool("skopeo", &["copy", &file, &copy]);
}

#[test]
fn a_base_that_cannot_be_used_is_refused_before_the_build() {
    let registry = Registry::start();
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("data"), "to be").unwrap();
    base(
        &registry,
        "base/arm:1",
        files.path(),
        "/opt",
        &["--architecture=arm64"],
    );
    base(&registry, "base/x86:1", files.path(), "/opt", &[]);
    let digest_of = |name: &str| digest(&format!("docker://{}", registry.name(name)));
    let index = |repository: &str, tag: &str, architecture: &str, digest: &str| {
        let raw = ["inspect", "--raw", "--tls-verify=false"];
        let name = format!("docker://{}", registry.name(&format!("{repository}:1")));
        let manifest = tool("skopeo", &[&raw[..], &[&name]].concat());
        let text = format!(
            r#"{{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{{"mediaType":
            "application/vnd.oci.image.manifest.v1+json", "size": {}, "digest": "{digest}",
            "platform": {{"os": "linux", "architecture": "{architecture}"}}}}]}}"#,
            manifest.len()
        );
        let of = "application/vnd.oci.image.index.v1+json";
        registry.put_manifest(&format!("{repository}:{tag}"), of, &text);
    };
    index("base/arm", "index", "arm64", &digest_of("base/arm:1"));
    index("base/x86", "index", "amd64", &digest_of("base/x86:1"));
    let folder = a_crate("", WORKER);
    let said = |base: &str| refused(folder.path(), &["--base", base]);
    for (name, why) in [
        (
            "base/arm:1",
            "it is for linux/arm64; a worker needs linux/amd64",
        ),
        (
            "base/arm:index",
            "no manifest for linux/amd64, which a worker needs; it is for linux/arm64",
        ),
        ("base/gone:1", "404 Not Found"),
    ] {
        let said = said(&registry.name(name));
        assert!(said.contains(why), "{name}: {said}");
    }
    let front = proxy(&registry, |head| {
        if head.contains("/manifests/") {
            Act::Answer("200 OK\r\nContent-Type: text/odd")
        } else {
            Act::Pass
        }
    });
    let said = said(&format!("{front}/base/x86:1"));
    assert!(
        said.contains("its manifest has the format \"text/odd\""),
        "{said}"
    );

    let base = registry.name("base/x86:index");
    let output = build(
        folder.path(),
        &["--profile=dev", "--static", "--base", &base],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_name_that_cannot_be_pushed_to_is_refused_before_the_build() {
    let folder = a_crate("", WORKER);
    for name in ["https://ghcr.io/me/a:1", "Me/A:1"] {
        let said = refused(folder.path(), &["--push", name]);
        assert!(
            said.contains("--push: found") && said.contains("such as ghcr.io/me/worker:1"),
            "{said}"
        );
    }
}
