use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::super::Spool;
use super::*;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(path: &Path) -> String {
    let error = Spool::open(path).unwrap_err().to_string();
    let start = format!("{} is not a safe place for results: ", path.display());
    let Some(why) = error.strip_prefix(&start) else {
        panic!("{error}")
    };
    why.to_owned()
}

fn files(path: &Path) -> usize {
    fs::read_dir(path).unwrap().count()
}

#[test]
fn a_directory_into_which_others_can_write_is_refused_with_its_owner_its_mode_and_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    fs::create_dir(&path).unwrap();
    let owner = fs::metadata(&path).unwrap().uid();
    for mode in [0o777, 0o1777, 0o770, 0o702] {
        set_mode(&path, mode);
        assert_eq!(
            refusal(&path),
            format!(
                "other users can write to it (owner {owner}, mode {mode:04o}); run `chmod go-w {}` if only this \
                 worker uses it, or use a directory inside it (RUNPOD_RESULT_SPOOL)",
                path.display()
            )
        );
        assert_eq!(files(&path), 0);
    }
    for mode in [0o700, 0o755] {
        set_mode(&path, mode);
        Spool::open(&path).unwrap().leave();
    }
}

#[test]
fn a_link_is_refused_as_a_directory_and_allowed_above_it() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    let link = directory.path().join("link");
    fs::DirBuilder::new().mode(0o700).create(&target).unwrap();
    symlink(&target, &link).unwrap();
    let why = refusal(&link);
    assert!(
        why.starts_with(&format!("it is a symbolic link to {}; ", target.display())),
        "{why}"
    );
    assert_eq!(files(&target), 0);
    Spool::open(link.join("spool")).unwrap();
    // A link to a missing target is refused too.
    let nowhere = directory.path().join("nowhere");
    symlink(directory.path().join("none"), &nowhere).unwrap();
    refusal(&nowhere);
}

#[test]
fn a_volume_that_others_share_is_fine_above_a_directory_of_this_user() {
    let volume = tempfile::tempdir().unwrap();
    for mode in [0o777, 0o1777] {
        set_mode(volume.path(), mode);
        Spool::open(volume.path().join(".runpod-spool/ep")).unwrap();
    }
}

/// Returns a system directory that belongs to root, unless this test runs as root.
fn of_another_user() -> Option<PathBuf> {
    let path = PathBuf::from("/usr");
    let owner = fs::metadata(&path).ok()?.uid();
    (owner != rustix::process::geteuid().as_raw()).then_some(path)
}

#[test]
fn a_directory_of_another_user_is_refused_and_left_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let root = rustix::process::geteuid().is_root();
    let path = if root {
        let path = directory.path().join("spool");
        fs::create_dir(&path).unwrap();
        set_mode(&path, 0o755);
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        path
    } else {
        let Some(path) = of_another_user() else {
            return;
        };
        path
    };
    let before = files(&path);
    let why = refusal(&path);
    assert!(why.starts_with("it belongs to user "), "{why}");
    assert!(
        why.contains("(mode 0755), but this worker runs as user "),
        "{why}"
    );
    assert_eq!(files(&path), before);
}

#[test]
fn a_directory_of_another_user_that_cannot_be_entered_is_named_for_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    set_mode(directory.path(), 0o700);
    let metadata = fs::metadata(directory.path()).unwrap();
    assert!(!may_be_foreign(&metadata));
    let error = foreign(directory.path(), &metadata).to_string();
    let user = rustix::process::geteuid().as_raw();
    assert!(
        error.contains(&format!(
            "it belongs to user {user} (mode 0700), but this worker runs as user {user}"
        )),
        "{error}"
    );
}
