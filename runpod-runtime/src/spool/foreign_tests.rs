//! Tests with files in the directory that are not results of this user.

use super::*;

#[test]
fn what_killed_workers_left_is_cleared_away_after_a_while_and_nothing_else() {
    let place = place();
    let hour = Duration::from_hours(1);
    let begun = br#"{"format":1,"job_"#;
    let corrupt = |job: &str| format!("{}.corrupt", name_of(job));
    let unfinished = |time: u64| format!("{GONE}-{time}.unfinished");
    place.write(&unfinished(1), begun, Duration::ZERO);
    place.write(&unfinished(2), begun, 2 * hour);
    place.write(&unfinished(3), b"", 2 * hour);
    place.write(&format!("{GONE}.unfinished"), b"unknown\n", 2 * hour);
    place.write(&corrupt("new"), begun, 100 * hour);
    place.write(&corrupt("old"), begun, 200 * hour);
    // These files have the names or the contents of other programs' files.
    place.write(&unfinished(4), b"my notes", 1000 * hour);
    place.write(&corrupt("foreign"), b"my notes", 1000 * hour);
    for name in [
        "notes.txt",
        "notes.result",
        "old.unfinished",
        "old.result.corrupt",
        "old.alive",
    ] {
        place.write(name, begun, 1000 * hour);
    }
    place.write(&format!("{GONE}.alive"), b"my notes", 1000 * hour);
    assert_eq!(place.jobs(), Vec::<String>::new());
    let mut expected = vec![
        unfinished(1),
        unfinished(4),
        corrupt("foreign"),
        corrupt("new"),
        "notes.result".to_owned(),
        "notes.txt".to_owned(),
        "old.result.corrupt".to_owned(),
        "old.unfinished".to_owned(),
    ];
    expected.sort();
    assert_eq!(place.files(), expected);
    assert!(place.path().join("old.alive").exists());
    assert!(place.path().join(format!("{GONE}.alive")).exists());
}

#[test]
fn a_file_that_only_has_the_name_of_a_result_is_never_removed_and_pushes_out_no_result() {
    let place = place_with(Bounds {
        results: 2,
        bytes: u64::MAX,
    });
    let foreign = [name_of("a"), name_of("b"), name_of("c")];
    for name in &foreign {
        // Older than any result, and more files than may wait.
        place.write(name, b"my notes", Duration::ZERO);
    }
    // A result in a file with the name of another result.
    let moved = name_of("moved");
    let left = place.left("j", 0);
    fs::copy(place.spool.path(&left), place.path().join(&moved)).unwrap();
    place.left("k", 1);
    assert_eq!(place.jobs(), ["k", "j"]);
    for name in foreign.iter().chain([&moved]) {
        assert!(place.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_file_that_is_larger_than_any_result_is_left_alone_and_pushes_out_no_result() {
    let place = place_with(Bounds {
        results: 10,
        bytes: 100_000,
    });
    place.left("j", 0);
    let huge = name_of("huge");
    let file = File::create(place.path().join(&huge)).unwrap();
    file.set_len(1 << 40).unwrap();
    let log = captured(|| assert_eq!(place.jobs(), ["j"]));
    assert!(log.starts_with("WARN   | ignored 1 file in "), "{log}");
    assert!(log.contains(&huge), "{log}");
    // The log reports it only once.
    assert_eq!(captured(|| assert_eq!(place.jobs(), ["j"])), "");
}

#[cfg(unix)]
#[test]
fn nothing_but_regular_files_is_read_whatever_its_name_is() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let place = place();
    let secret = place.directory.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let fifo = |name: &str| {
        let path = place.path().join(name);
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    };
    std::os::unix::fs::symlink(&secret, place.path().join(name_of("link"))).unwrap();
    fs::create_dir(place.path().join(name_of("folder"))).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.path().join("0")).unwrap();
    fs::rename(place.path().join("0"), place.path().join(name_of("socket"))).unwrap();
    fifo(&name_of("fifo"));
    fifo(&format!("{GONE}.alive"));
    fifo(&format!("{GONE}-1.unfinished"));
    fifo(&format!("{}.corrupt", name_of("fifo")));
    let before = fs::read_dir(place.path()).unwrap().count();
    // The owner's file is a FIFO, so no worker holds this result.
    place.left("j", 0);
    assert_eq!(place.jobs(), ["j"]);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), before + 1);

    // This FIFO takes the place of a result after the result was found.
    let stored = place.spool.store(&record("k")).unwrap();
    fs::remove_file(place.spool.path(&stored)).unwrap();
    fifo(stored.file_name());
    let error = place.spool.load(&stored).unwrap_err().to_string();
    assert!(error.ends_with("it is not a regular file"), "{error}");
    place.spool.sync(&stored).unwrap_err();
}
