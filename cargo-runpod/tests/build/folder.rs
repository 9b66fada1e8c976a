//! The folder that `cargo runpod build` writes: which files it may replace, and which it must not touch.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use snapbox::str;
use tempfile::TempDir;

use crate::command::{WORKER, a_crate, build, refused, text};

/// Creates a crate whose image is in a folder elsewhere, as for users who keep their image contexts apart.
fn a_packed_crate() -> (TempDir, TempDir, PathBuf) {
    let folder = a_crate("", WORKER);
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image");
    pack(folder.path(), &image);
    (folder, room, image)
}

/// Runs the command successfully and returns its standard output.
fn pack(folder: &Path, image: &Path) -> String {
    let output = build(
        folder,
        &[
            "--profile=dev",
            "--dockerfile",
            "--output",
            image.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn edit(folder: &Path) {
    let edited =
        "fn main() { println!(\"--test_input\\nThe local endpoint is at an edited place\") }";
    fs::write(folder.join("src/main.rs"), edited).unwrap();
}

/// Returns every file below the folder with its content, except cargo's target folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), content);
            }
        }
    }
    found
}

#[test]
fn files_of_the_user_stay_in_the_folder_and_are_named() {
    let (folder, room, image) = a_packed_crate();
    let first = fs::read(image.join("rootfs/app/worker")).unwrap();
    fs::write(image.join("notes.txt"), "mine").unwrap();
    fs::create_dir_all(image.join(".git/refs/heads")).unwrap();
    fs::write(image.join(".git/HEAD"), "ref: refs/heads/main").unwrap();
    fs::write(image.join("rootfs/app/voice.bin"), "mine").unwrap();
    symlink("notes.txt", image.join("link")).unwrap();
    let inode = fs::metadata(image.join("notes.txt")).unwrap().ino();

    edit(folder.path());
    let said = pack(folder.path(), &image);
    let named = said
        .split_once("because this command did not write it:\n")
        .unwrap()
        .1;
    let named: Vec<_> = named.lines().take(4).collect();
    assert_eq!(
        named,
        [
            "  .git",
            "  link",
            "  notes.txt",
            "  rootfs/app/voice.bin  (part of the image)"
        ]
    );
    assert_ne!(fs::read(image.join("rootfs/app/worker")).unwrap(), first);
    assert_eq!(fs::metadata(image.join("notes.txt")).unwrap().ino(), inode);
    assert_eq!(fs::metadata(image.join("notes.txt")).unwrap().nlink(), 1);
    assert!(image.join(".git/refs/heads").is_dir());
    assert!(image.join(".git/HEAD").is_file());
    assert_eq!(
        fs::read_link(image.join("link")).unwrap(),
        Path::new("notes.txt")
    );
    // No temporary folder is left next to the image.
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_included_any_more_goes_and_one_that_was_changed_stays() {
    let folder = a_crate(
        "[package.metadata.runpod.image]\ninclude = [\"model\"]\n",
        WORKER,
    );
    fs::create_dir(folder.path().join("model")).unwrap();
    for file in ["a", "b"] {
        fs::write(folder.path().join("model").join(file), "words").unwrap();
    }
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image");
    pack(folder.path(), &image);
    let model = image.join("rootfs/app/model");
    // The user replaces a file that the command wrote.
    fs::remove_file(model.join("b")).unwrap();
    fs::write(model.join("b"), "my own words").unwrap();
    fs::remove_dir_all(folder.path().join("model")).unwrap();
    fs::create_dir(folder.path().join("model")).unwrap();

    let said = pack(folder.path(), &image);
    assert!(
        said.contains("  rootfs/app/model/b  (part of the image)\n"),
        "{said}"
    );
    assert!(!model.join("a").exists());
    assert_eq!(fs::read_to_string(model.join("b")).unwrap(), "my own words");
}

#[test]
fn files_in_the_place_of_new_ones_are_named_before_anything_is_built() {
    let (folder, _room, image) = a_packed_crate();
    fs::write(image.join("Dockerfile"), "FROM mine\n").unwrap();
    fs::remove_dir_all(image.join("rootfs/tmp")).unwrap();
    fs::write(image.join("rootfs/tmp"), "mine").unwrap();
    let before = contents(&image);
    edit(folder.path());
    let said = refused(
        folder.path(),
        &["--dockerfile", "--output", image.to_str().unwrap()],
    );
    snapbox::assert_data_eq!(
        said.replace(image.to_str().unwrap(), "[IMAGE]"),
        str![[r#"
error: this run would overwrite files in [IMAGE]; nothing was changed:
  Dockerfile: changed since the last run
  rootfs/tmp: not written by this command
Move them away or delete them, or choose another folder with --output

"#]]
    );
    assert_eq!(contents(&image), before);
}

#[test]
fn a_folder_that_only_looks_like_an_image_context_is_left_alone() {
    let (folder, room, image) = a_packed_crate();
    let mine = room.path().join("mine");
    fs::create_dir_all(mine.join(".git")).unwrap();
    fs::copy(image.join("Dockerfile"), mine.join("Dockerfile")).unwrap();
    for list in [None, Some("{}"), Some("no list")] {
        if let Some(list) = list {
            fs::write(mine.join("cargo-runpod-build.json"), list).unwrap();
        }
        let said = refused(folder.path(), &["--output", mine.to_str().unwrap()]);
        assert!(
            said.contains("is not empty and contains no cargo-runpod-build.json"),
            "{said}"
        );
        assert!(mine.join(".git").is_dir() && mine.join("Dockerfile").is_file());
    }
}

#[test]
fn the_folders_of_the_package_and_of_the_user_are_refused() {
    let (folder, room, image) = a_packed_crate();
    let package = folder.path();
    // The package now looks like an image context.
    for file in ["Dockerfile", "cargo-runpod-build.json"] {
        fs::copy(image.join(file), package.join(file)).unwrap();
    }
    symlink(package, room.path().join("link")).unwrap();
    let link = room.path().join("link");
    fs::create_dir(package.join("model")).unwrap();
    fs::write(package.join("model/words"), "mine").unwrap();
    let before = contents(package);
    let home = std::env::home_dir().unwrap();
    for (output, why) in [
        (Path::new("."), "is the folder of the package"),
        (package, "is the folder of the package"),
        (&link, "is the folder of the package"),
        (&link.join("src/.."), "is the folder of the package"),
        (Path::new(".."), "contains the folder of the package"),
        (Path::new("/"), "contains the folder of the package"),
        (Path::new("target"), "is cargo's target folder"),
        (&home, "your home folder"),
        (
            Path::new("src"),
            "is not empty and contains no cargo-runpod-build.json",
        ),
        (Path::new("model/image"), "overlaps with model"),
        (Path::new("gone/../x"), "it goes through `..`"),
    ] {
        let output = output.to_str().unwrap();
        let said = refused(package, &["--include=model", "--output", output]);
        assert!(said.contains(why), "--output {output}: {said}");
    }
    assert_eq!(contents(package), before);
}

#[test]
fn a_full_disk_leaves_the_last_context() {
    let (folder, room, image) = a_packed_crate();
    let before = contents(&image);
    // The program is already compiled, so the copy is the first large file to be written.
    let limited = "trap '' XFSZ; ulimit -f 512; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited, "sh", env!("CARGO_BIN_EXE_cargo-runpod")])
        .args([
            "runpod",
            "build",
            "--profile=dev",
            "--dockerfile",
            "--output",
        ])
        .arg(&image)
        .current_dir(folder.path())
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(
            "could not be written: File too large (os error 27); the folder is unchanged"
        ),
        "{said}"
    );
    assert_eq!(contents(&image), before);
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
}

#[test]
fn a_run_that_is_killed_leaves_the_last_context() {
    let (folder, room, image) = a_packed_crate();
    let before = contents(&image);
    // The check that the program starts is the last step before the folders change places.
    let hangs =
        "fn main() { std::fs::write(\"/app/here\", \"\").ok(); loop { std::thread::park() } }";
    fs::write(folder.path().join("src/main.rs"), hangs).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_cargo-runpod"));
    run.args([
        "runpod",
        "build",
        "--profile=dev",
        "--dockerfile",
        "--output",
    ])
    .arg(&image)
    .current_dir(folder.path())
    .env_remove("CARGO_TARGET_DIR")
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .process_group(0);
    let mut run = run.spawn().unwrap();
    let is_there = || {
        let mut beside = fs::read_dir(room.path()).unwrap();
        beside.any(|it| {
            let check = fs::read_dir(it.unwrap().path());
            let mut roots = check.into_iter().flatten().flatten();
            roots.any(|it| it.path().join("app/here").exists())
        })
    };
    while !is_there() {
        assert_eq!(run.try_wait().unwrap(), None, "the command has exited");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = Pid::from_child(&run);
    kill_process_group(group, Signal::KILL).unwrap();
    run.wait().unwrap();
    assert_eq!(contents(&image), before);

    // The folder of the killed run does not disturb the next run.
    edit(folder.path());
    pack(folder.path(), &image);
    assert_ne!(contents(&image), before);
}

#[test]
fn two_workers_of_a_workspace_have_two_folders() {
    let workspace = tempfile::tempdir().unwrap();
    fs::write(
        workspace.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n",
    )
    .unwrap();
    for name in ["one", "two"] {
        let package = workspace.path().join(name);
        fs::create_dir_all(package.join("src")).unwrap();
        fs::write(package.join("src/main.rs"), WORKER).unwrap();
        // Both programs have the same name.
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n[[bin]]\nname = \"worker\"\npath = \"src/main.rs\"\n"
        );
        fs::write(package.join("Cargo.toml"), manifest).unwrap();
    }
    for name in ["one", "two"] {
        let output = build(
            &workspace.path().join(name),
            &["--profile=dev", "--dockerfile"],
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let images = workspace.path().join("target/runpod-image");
    for name in ["one.worker", "two.worker"] {
        assert!(images.join(name).join("rootfs/app/worker").is_file());
    }

    let one = images.join("one.worker");
    let two = workspace.path().join("two");
    let said = refused(&two, &["--output", one.to_str().unwrap()]);
    assert!(
        said.contains("contains the image of the program worker in the package one ("),
        "{said}"
    );
}
