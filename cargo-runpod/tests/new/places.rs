//! Where a worker may be made.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::command::Folder;

#[test]
fn folders_that_are_missing_on_the_way_are_made() {
    let folder = Folder::empty();
    folder
        .new_worker(&["some/where/my-worker"])
        .assert()
        .success();
    assert_eq!(folder.entries(), ["some"]);
    assert!(
        folder
            .read("some/where/my-worker/Cargo.toml")
            .contains("name = \"my-worker\"")
    );
}

#[test]
fn a_path_from_the_root_is_a_place() {
    let (folder, elsewhere) = (Folder::empty(), Folder::empty());
    folder
        .new_worker(&[elsewhere.path("my-worker")])
        .assert()
        .success();
    assert!(folder.entries().is_empty());
    assert_eq!(elsewhere.entries(), ["my-worker"]);
}

#[test]
fn an_empty_folder_is_filled() {
    let folder = Folder::empty();
    fs::create_dir(folder.path("my-worker")).expect("a folder");
    folder.new_worker(&["my-worker/"]).assert().success();
    assert_eq!(folder.entries(), ["my-worker"]);
    assert!(
        folder
            .read("my-worker/Cargo.toml")
            .contains("name = \"my-worker\"")
    );
}

#[test]
fn a_worker_has_the_permissions_of_any_new_folder() {
    let folder = Folder::empty();
    folder.new_worker(&["my-worker"]).assert().success();
    fs::create_dir(folder.path("any")).expect("a folder");
    let mode = |path: &str| {
        let metadata = fs::metadata(folder.path(path)).expect("it is there");
        metadata.permissions().mode()
    };
    assert_eq!(mode("my-worker"), mode("any"));
}
