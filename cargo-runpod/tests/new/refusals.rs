//! Refusals: the message says what is wrong and what to do, and nothing is left behind.

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
error: `2 Große_Fische` cannot be the name of a worker: it begins with '2', and contains capital letters, and contains ' ' 'ß'.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `my-2-gro-e_fische`.

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
error: `` does not name a worker. Add a name, as in `cargo runpod new my-worker`.

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
error: `.` does not name a worker. Add a name, as in `cargo runpod new my-worker`.

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
error: `a/../../b` contains `..`, which is not allowed in the path of a new worker. Change to the folder that should contain it, or give an absolute path.

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
error: `match` cannot be the name of a worker: it is a Rust keyword.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `my-match`.

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
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `my-test`.

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
error: `runpod-worker` cannot be the name of a worker: it is the name of a package that workers depend on.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `my-runpod-worker`.

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
error: `work�er` cannot be the name of a worker: it contains '�'.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `work-er`.

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
error: `my-worker` already exists and is a folder that is not empty. Nothing in it was changed. Choose another name, or move it away.

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
error: `my-worker` already exists and is a file. Nothing in it was changed. Choose another name, or move it away.

"#]]);
    assert_eq!(folder.read("my-worker"), "mine");
}

#[test]
fn a_link_of_that_name_is_not_followed() {
    let folder = Folder::empty();
    symlink("nowhere", folder.path("my-worker")).expect("the link can be created");
    folder
        .new_worker(&["my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: `my-worker` already exists and is a symbolic link. Nothing in it was changed. Choose another name, or move it away.

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
error: cannot create `notes.txt/some/worker` because `notes.txt` is a file. Choose another path.

"#]]);
}

/// Nobody can create a folder in `/proc`, not even root, as whom the tests may run.
#[test]
fn a_folder_that_nobody_may_write_into_is_named() {
    let folder = Folder::empty();
    folder
        .new_worker(&["/proc/my-worker"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: cannot write to the folder `/proc`: [..]. Nothing was created. Choose a folder that you may write to.

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
  [possible values: basic, stream, model, chat, embed, speech, ocr]

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
error: --runpod-path: `.` contains no Cargo.toml; name the folder of the package runpod-worker.

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
error: --runpod-path: `[..]/runpod-local` contains the package runpod-local; name the folder of the package runpod-worker.

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
error: `fn` cannot be the name of a worker: it is a Rust keyword.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and contain only lower-case ASCII letters, digits, `-` and `_`. Try `my-fn`.
error: --runpod-git: the address contains a user name or a password, which everybody could read in Cargo.toml. Remove it, and let git's credential helper supply it.

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
error: --runpod-git: cargo cannot read this address; use one that begins like `https://`, `ssh://git@host/path` or `file:///path`.

"#]]);
    assert!(folder.entries().is_empty());
}
