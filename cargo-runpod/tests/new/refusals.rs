//! What is no worker, and what is said then: the fault, and what to do. Nothing is ever left behind.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use snapbox::str;

use crate::command::Folder;

#[test]
fn a_name_with_faults_gets_all_of_them_and_a_better_one() {
    let folder = Folder::empty();
    folder
        .new_worker(&["2 Große_Fische"])
        .assert()
        .code(1)
        .stdout_eq(str![])
        .stderr_eq(str![[r#"
error: `2 Große_Fische` cannot be the name of a worker: it begins with '2', and has capital letters, and holds ' ' 'ß'.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `my-2-gro-e_fische`.

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn an_empty_name_is_no_name() {
    let folder = Folder::empty();
    folder
        .new_worker(&[""])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `` names no worker. Give it a name, as in `cargo runpod new my-worker`.

"#]]);
}

#[test]
fn the_current_folder_is_no_name() {
    let folder = Folder::empty();
    folder
        .new_worker(&["."])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `.` names no worker. Give it a name, as in `cargo runpod new my-worker`.

"#]]);
}

#[test]
fn a_path_that_leads_out_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&["a/../../b"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `a/../../b` goes through `..`, and a worker is made below where you are. Change into the folder that it should be in, or give the path from `/`.

"#]]);
}

#[test]
fn a_keyword_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&["match"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `match` cannot be the name of a worker: it is a keyword of Rust.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `my-match`.

"#]]);
}

#[test]
fn the_name_of_a_library_of_rust_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&["test"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `test` cannot be the name of a worker: it is the name of a library that comes with Rust.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `my-test`.

"#]]);
}

#[test]
fn our_own_name_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&["runpod-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `runpod-worker` cannot be the name of a worker: it is the name of a package that a worker is built with.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `my-runpod-worker`.

"#]]);
}

#[test]
fn a_name_that_is_no_text_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&[OsStr::from_bytes(b"work\xffer")])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `work�er` cannot be the name of a worker: it holds '�'.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `work-er`.

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn a_folder_with_something_in_it_stays_as_it_is() {
    let folder = Folder::empty();
    folder.write("my-worker/notes.txt", "mine");
    folder
        .new_worker(&["my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `my-worker` is there already, and is a folder that is not empty. Nothing in it was changed. Take another name, or move it away.

"#]]);
    assert_eq!(folder.entries(), ["my-worker"]);
    assert_eq!(folder.read("my-worker/notes.txt"), "mine");
}

#[test]
fn a_file_of_that_name_stays_as_it_is() {
    let folder = Folder::empty();
    folder.write("my-worker", "mine");
    folder
        .new_worker(&["my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `my-worker` is there already, and is a file. Nothing in it was changed. Take another name, or move it away.

"#]]);
    assert_eq!(folder.read("my-worker"), "mine");
}

#[test]
fn a_link_of_that_name_is_not_followed() {
    let folder = Folder::empty();
    symlink("nowhere", folder.path("my-worker")).expect("a link");
    folder
        .new_worker(&["my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `my-worker` is there already, and is a symbolic link. Nothing in it was changed. Take another name, or move it away.

"#]]);
    assert_eq!(folder.entries(), ["my-worker"]);
}

#[test]
fn a_file_on_the_way_is_named() {
    let folder = Folder::empty();
    folder.write("notes.txt", "mine");
    folder
        .new_worker(&["notes.txt/some/worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `notes.txt/some/worker` cannot be made, since `notes.txt` is a file. Take another path.

"#]]);
}

/// `/proc` takes no folder from anybody, from root neither, as whom tests may run.
#[test]
fn a_folder_that_nobody_may_write_into_is_named() {
    let folder = Folder::empty();
    folder
        .new_worker(&["/proc/my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: cannot write into the folder `/proc`: [..]. Nothing was made. Choose one that you may write into.

"#]]);
}

#[test]
fn a_template_that_there_is_not_is_a_fault_of_usage() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--template", "streem"])
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: invalid value 'streem' for '--template <TEMPLATE>'
  [possible values: basic, stream, model]

  tip: a similar value exists: 'stream'

For more information, try '--help'.

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn only_one_place_for_our_package_can_be_named() {
    let folder = Folder::empty();
    let both = [
        "--runpod-path",
        ".",
        "--runpod-git",
        "https://git.invalid/runpod",
    ];
    folder
        .new_worker(&[&["my-worker"], &both[..]].concat())
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: the argument '--runpod-path <PATH>' cannot be used with '--runpod-git <URL>'

Usage: cargo runpod new --runpod-path <PATH> <NAME>

For more information, try '--help'.

"#]]);
}

#[test]
fn a_revision_is_one_of_a_git_repository() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--runpod-rev", "v1"])
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: the following required arguments were not provided:
  --runpod-git <URL>

Usage: cargo runpod new --runpod-git <URL> --runpod-rev <REV> <NAME>

For more information, try '--help'.

"#]]);
}

#[test]
fn a_folder_that_is_not_there_is_not_our_package() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--runpod-path", "nowhere"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: --runpod-path: cannot find `nowhere`: No such file or directory (os error 2).

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn a_folder_without_a_package_is_not_ours() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--runpod-path", "."])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: --runpod-path: `.` holds no Cargo.toml; give the folder of the package runpod-worker.

"#]]);
}

#[test]
fn a_folder_with_another_package_is_not_ours() {
    let folder = Folder::empty();
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../runpod-local");
    folder
        .new_worker(&["my-worker", "--runpod-path", other])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: --runpod-path: `[..]/runpod-local` holds the package runpod-local; give the folder of the package runpod-worker.

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn faults_of_the_name_and_of_the_dependency_are_told_together() {
    let folder = Folder::empty();
    folder
        .new_worker(&[
            "fn",
            "--runpod-git",
            "https://me:hunter2@git.invalid/runpod",
        ])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `fn` cannot be the name of a worker: it is a keyword of Rust.
It names the package, the program and the image as well: lower-case letters of ASCII, digits, `-` and `_`, beginning with a letter. Try `my-fn`.
error: --runpod-git: the address holds a user name or a password, and would be written into Cargo.toml for everybody to read. Leave it out, and let git's credential helper give it.

"#]]);
    assert!(folder.entries().is_empty());
}

#[test]
fn an_address_that_cargo_would_not_read_is_refused() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--runpod-git", "git@git.invalid:runpod.git"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: --runpod-git: that is no address that cargo reads; it begins as in `https://`, `ssh://git@host/path` or `file:///path`.

"#]]);
    assert!(folder.entries().is_empty());
}
