//! Tests `ctx.clean`, in processes with their own current directory.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use runpod::testing;

const WORKER: &str = "RUNPOD_TEST_CLEAN";

/// The process of the other tests. Without its environment, it does nothing.
#[test]
fn a_job_that_cleans() {
    let Ok(folders) = env::var(WORKER) else {
        return;
    };
    runpod::logging::init();
    let (ctx, _handle) = testing::context();
    ctx.clean();
    ctx.clean_also(folders.split(',').filter(|it| !it.is_empty()));
    runpod::logging::flush();
}

/// Cleans a folder as a job does, and returns the log.
fn cleaned(folder: &Path, also: &str) -> String {
    let output = Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", "a_job_that_cleans", "--nocapture"])
        .current_dir(folder)
        .env(WORKER, also)
        .env("HOME", folder.join("home"))
        .output()
        .expect("the process starts");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    text
}

fn cleaned_by_the_sdk(folder: &Path, also: &[&str]) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = env::var_os("RUNPOD_TEST_PYTHON")
        .map_or_else(|| root.join("target/sdk-venv/bin/python"), PathBuf::from);
    let program = "import sys; from runpod.serverless.utils import rp_cleanup; rp_cleanup.clean(sys.argv[1:])";
    let status = Command::new(python)
        .args(["-c", program])
        .args(also)
        .current_dir(folder)
        .status()
        .expect("Python starts; `cargo xtask setup` installs it");
    assert!(status.success());
}

/// Creates the folders of the SDK's helpers, and others.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a directory can be created");
    let root = folder.path();
    for name in [
        "input_objects/a",
        "output_objects",
        "job_files/b/c",
        "frames/d",
        "kept/e",
        "home/f",
    ] {
        fs::create_dir_all(root.join(name)).expect("it can be created");
    }
    for name in [
        "output.zip",
        "job_files/b/file",
        "frames/file",
        "kept/file",
        "home/file",
    ] {
        fs::write(root.join(name), "x").expect("it can be written");
    }
    symlink(root.join("kept"), root.join("input_objects/link")).expect("it can be created");
    symlink("kept", root.join("link")).expect("it can be created");
    folder
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("it can be listed");
    entries
        .map(|entry| {
            entry
                .expect("it has a name")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn clean_removes_what_the_sdk_removes() {
    let (ours, sdk) = (folder(), folder());
    let log = cleaned(ours.path(), "frames,absent");
    assert!(!log.contains("ctx.clean"), "{log}");
    cleaned_by_the_sdk(sdk.path(), &["frames", "absent"]);
    assert_eq!(names(ours.path()), names(sdk.path()));
    assert_eq!(
        names(&ours.path().join("kept")),
        ["e", "file"].map(String::from).into()
    );
}

#[test]
fn folders_that_must_stay_are_named() {
    let place = folder();
    let path = place.path().canonicalize().unwrap();
    let refused = [
        (path.display().to_string(), "the current directory"),
        (".".to_owned(), "the current directory"),
        ("/".to_owned(), "the current directory"),
        ("home".to_owned(), "the home directory"),
        ("kept/../home".to_owned(), "`..`"),
        ("link".to_owned(), "not a folder"),
        ("link/".to_owned(), "not a folder"),
        ("kept/file".to_owned(), "not a folder"),
    ];
    for (folder, why) in refused {
        let log = cleaned(&path, &folder);
        assert!(log.contains(why), "{folder}: {log}");
        for name in ["home/file", "kept/file", "link"] {
            assert!(path.join(name).exists(), "{folder}");
        }
    }
}
