//! `cargo runpod build`, as it is typed: what it packs, and what it says when it cannot.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes its snapshots so"
)]

mod command;
mod folder;

use std::fs;
use std::process::{Command, Stdio};

use snapbox::str;

use crate::command::{a_crate, build, packed, refused, repository, text};

#[test]
fn the_context_holds_a_static_program_that_does_jobs() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("image");
    let output = packed(
        &folder,
        &["--include=examples/hello.rs", "--include", "docs"],
    );
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{errors}");
    for part in [
        "rootfs/app/worker  (x86-64, static, stripped)",
        "rootfs/app/examples/hello.rs",
        "rootfs/app/docs/how-to/write-a-handler.md",
        "Checked: the program needs no library and no loader.",
        "Checked: it starts in an empty root directory, and answers --help.",
        "docker build --platform linux/amd64 --tag runpod-worker",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    let (mark, commands) = dockerfile.split_once('\n').unwrap();
    assert!(mark.starts_with("# Made by `cargo runpod build` for runpod-worker"));
    snapbox::assert_data_eq!(
        commands,
        str![[r#"
FROM scratch
COPY rootfs/ /
WORKDIR /app
ENTRYPOINT ["/app/worker"]

"#]]
    );
    assert!(folder.join("rootfs/tmp").is_dir());

    let job = Command::new(folder.join("rootfs/app/worker"))
        .args(["--test_input", r#"{"input": {"name": "Ada"}}"#])
        .env_clear()
        .output()
        .unwrap();
    assert!(text(&job.stdout).contains("Hello, Ada!"), "{job:?}");

    // Again, with other wishes: it is ours to replace.
    let again = packed(&folder, &["--base=debian:bookworm-slim"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    assert!(dockerfile.contains("FROM debian:bookworm-slim\n"));
    assert!(!folder.join("rootfs/app/docs").exists());
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
}

#[test]
fn a_program_that_is_no_worker_is_found_out_and_leaves_the_last_context() {
    let worker = "fn main() { println!(\"--test_input\") }";
    let folder = a_crate("", worker);
    let output = build(folder.path(), &["--profile=dev"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let image = folder.path().join("target/runpod-image/fast");
    let good = fs::read(image.join("rootfs/app/worker")).unwrap();

    for (main, said) in [
        ("fn main() { println!(\"good day\") }", "no worker's answer"),
        (
            "fn main() { std::process::exit(7) }",
            "does not start in an empty root directory (exit status: 7)",
        ),
        ("fn main() { nothing }", "the worker did not build"),
    ] {
        fs::write(folder.path().join("src/main.rs"), main).unwrap();
        let output = build(folder.path(), &["--profile=dev"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(said), "{said:?} is not in:\n{errors}");
        assert!(!text(&output.stdout).contains("docker build"));
        let still = fs::read(image.join("rootfs/app/worker")).unwrap();
        assert!(still == good, "{main}: the good context is gone");
    }
}

#[test]
fn what_the_manifest_says_of_the_image_counts() {
    let folder = a_crate(
        "[package.metadata.runpod.image]\nbase = \"busybox\"\ninclude = [\"model\"]\n",
        "fn main() { println!(\"--test_input\") }",
    );
    let model = folder.path().join("model");
    fs::create_dir(&model).unwrap();
    fs::write(model.join("words.txt"), "to be").unwrap();
    fs::write(model.join(".token"), "secret").unwrap();
    let output = build(folder.path(), &["--profile=dev"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("1 hidden files and folders"), "{said}");
    let image = folder.path().join("target/runpod-image/fast");
    let dockerfile = fs::read_to_string(image.join("Dockerfile")).unwrap();
    assert!(dockerfile.contains("FROM busybox\n"));
    assert!(image.join("rootfs/app/model/words.txt").is_file());
    assert!(!image.join("rootfs/app/model/.token").exists());
}

#[test]
fn what_cannot_be_packed_is_told_before_anything_is_built() {
    let folder = a_crate("", "fn main() {}");
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/letter"), "dear").unwrap();
    let path = folder.path().display().to_string();
    let said = |arguments: &[&str]| refused(folder.path(), arguments).replace(&path, "[CRATE]");
    snapbox::assert_data_eq!(
        said(&[
            "--include=gone",
            "--include=../up",
            "--include=/etc/passwd",
            "--include=.",
            "--include=worker"
        ]),
        str![[r#"
error: what is to be included:
  gone: cannot be read in [CRATE]: No such file or directory (os error 2)
  ../up: expected a path inside the package, relative to its folder
  /etc/passwd: expected a path inside the package, relative to its folder
  .: the whole package is too much: name files and folders that the worker reads
  worker: that is where the program goes; give it another name

"#]]
    );
    snapbox::assert_data_eq!(
        said(&["--output=mine"]),
        str![[r#"
error: --output: mine is not empty and contains no cargo-runpod-build.json, so its files may be yours; choose another folder, or delete this one

"#]]
    );
    assert!(folder.path().join("mine/letter").is_file());
    snapbox::assert_data_eq!(
        said(&["--base=two words"]),
        str![[r#"
error: --base: found "two words"; expected the name of an image, such as debian:bookworm-slim

"#]]
    );
}

#[test]
fn a_fault_in_the_manifest_is_named_with_its_place() {
    let folder = a_crate(
        "[package.metadata.runpod.image]\nbas = \"busybox\"\n",
        "fn main() {}",
    );
    let path = folder.path().display().to_string();
    snapbox::assert_data_eq!(
        refused(folder.path(), &[]).replace(&path, "[CRATE]"),
        str![[r#"
error: [CRATE]/Cargo.toml: [package.metadata.runpod.image]: unknown field `bas`, expected `base` or `include`; it may have `base = "IMAGE"` and `include = ["PATH", …]`

"#]]
    );
}

#[test]
fn a_reader_that_is_gone_makes_no_panic() {
    let folder = a_crate("", "fn main() { println!(\"--test_input\") }");
    for arguments in [&["build", "--profile=dev"][..], &["new", "another"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-runpod"));
        command
            .arg("runpod")
            .args(arguments)
            .current_dir(folder.path());
        command.env_remove("CARGO_TARGET_DIR");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = command.spawn().unwrap();
        drop(run.stdout.take());
        let output = run.wait_with_output().unwrap();
        let said = text(&output.stderr);
        assert!(
            output.status.success() && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn which_worker_is_meant_has_to_be_clear() {
    let empty = tempfile::tempdir().unwrap();
    let said = refused(empty.path(), &[]);
    assert!(said.contains("could not find `Cargo.toml`"), "{said}");
    assert!(said.contains("`cargo runpod new` makes one"), "{said}");

    let folder = a_crate("", "fn main() {}");
    fs::create_dir(folder.path().join("src/bin")).unwrap();
    fs::write(folder.path().join("src/bin/slow.rs"), "fn main() {}").unwrap();
    snapbox::assert_data_eq!(
        refused(folder.path(), &[]),
        str![[r#"
error: several programs could be the worker; choose one of
  --bin fast
  --bin slow

"#]]
    );
    snapbox::assert_data_eq!(
        refused(folder.path(), &["--bin=quick"]),
        str![[r#"
error: there is no such program as quick; choose one of
  --bin fast
  --bin slow

"#]]
    );
    snapbox::assert_data_eq!(
        refused(folder.path(), &["--package=other"]),
        str![[r#"
error: --package: there is no package other in this workspace; it has fast

"#]]
    );
}

#[test]
fn the_help_tells_every_flag() {
    let output = build(&repository(), &["--help"]);
    snapbox::assert_data_eq!(text(&output.stdout), snapbox::file!["../help/build.txt"]);
}
