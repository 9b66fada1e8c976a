//! The image that `cargo runpod build` writes, with skopeo and umoci as second opinions.

use std::fs;
use std::process::Command;

use crate::command::{WORKER, a_crate, build, text};
use crate::registry::{digest, tool};

#[test]
fn the_same_input_gives_the_same_digest() {
    let folder = a_crate(
        "description = \"A fast one\"\n[package.metadata.runpod.image]\ninclude = [\"model\"]\nenv = { MODEL = \"/app/model\" }\n",
        WORKER,
    );
    fs::create_dir(folder.path().join("model")).unwrap();
    fs::write(folder.path().join("model/words"), "to be").unwrap();
    let room = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        let image = room.path().join(name);
        let image = image.to_str().unwrap();
        let output = build(folder.path(), &["--profile=dev", "--output", image]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let digest = digest(&format!("oci:{image}"));
        let said = text(&output.stdout);
        assert!(said.contains(&format!("Image: {digest}\n")), "{said}");
        digests.push(digest);
        // The files have another time now.
        fs::write(folder.path().join("model/words"), "to be").unwrap();
    }
    assert_eq!(digests[0], digests[1]);

    let one = format!("oci:{}", room.path().join("one").display());
    let config: serde_json::Value =
        serde_json::from_str(&tool("skopeo", &["inspect", "--config", &one])).unwrap();
    assert_eq!(config["architecture"], "amd64");
    let config = &config["config"];
    assert_eq!(config["Entrypoint"], serde_json::json!(["/app/worker"]));
    assert_eq!(config["WorkingDir"], "/app");
    assert_eq!(config["Env"][1], "MODEL=/app/model");
    let labels = &config["Labels"];
    assert_eq!(labels["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(labels["org.opencontainers.image.description"], "A fast one");

    // Another content is another image.
    fs::write(folder.path().join("model/words"), "or not").unwrap();
    let three = room.path().join("three");
    let three = three.to_str().unwrap();
    build(folder.path(), &["--profile=dev", "--output", three]);
    assert_ne!(digests[0], digest(&format!("oci:{three}")));
}

#[test]
fn the_program_runs_from_the_root_directory_that_umoci_unpacks() {
    let folder = a_crate(
        "",
        "fn main() { println!(\"--test_input\\nThe local endpoint is at here\") }",
    );
    let output = build(folder.path(), &["--profile=dev"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let image = folder.path().join("target/runpod-image/fast");
    let image = format!("{}:fast:latest", image.display());
    let bundle = folder.path().join("bundle");
    // umoci takes the name after the last colon but one.
    let renamed = folder.path().join("renamed");
    let renamed = format!("{}:it", renamed.display());
    tool(
        "skopeo",
        &["copy", &format!("oci:{image}"), &format!("oci:{renamed}")],
    );
    let bundle = bundle.to_str().unwrap();
    tool(
        "umoci",
        &["unpack", "--rootless", "--image", &renamed, bundle],
    );
    let root = format!("{bundle}/rootfs");
    let mut files: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["app", "tmp"]);
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "chroot", &root, "/app/worker"])
        .output()
        .unwrap();
    assert!(text(&output.stdout).contains("--test_input"), "{output:?}");
}

#[test]
fn one_file_is_readable_in_the_formats_of_docker_and_of_the_specification() {
    let folder = a_crate("", WORKER);
    let output = build(folder.path(), &["--profile=dev", "--tar", "image.tar"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let image = folder.path().join("target/runpod-image/fast");
    let file = folder.path().join("image.tar");
    assert_eq!(
        digest(&format!("oci-archive:{}", file.display())),
        digest(&format!("oci:{}", image.display()))
    );
    let config = |of: &str| tool("skopeo", &["inspect", "--config", of]);
    assert_eq!(
        config(&format!("docker-archive:{}:fast:latest", file.display())),
        config(&format!("oci:{}", image.display()))
    );
    // skopeo verifies the digests of the layers that it copies.
    let copy = format!("dir:{}", folder.path().join("copy").display());
    let docker = format!("docker-archive:{}", file.display());
    tool("skopeo", &["copy", &docker, &copy]);
}

#[test]
fn a_secret_does_not_get_into_an_image() {
    let folder = a_crate("", WORKER);
    let said = crate::command::refused(folder.path(), &["--env=HF_TOKEN=hf_123"]);
    assert!(said.contains("HF_TOKEN looks like a secret"), "{said}");
    assert!(!said.contains("hf_123"), "{said}");
}
