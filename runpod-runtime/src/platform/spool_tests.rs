use super::*;
use crate::logging::captured;

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn result(job_id: &str, stored_at_unix: u64) -> SpooledResult {
    SpooledResult {
        job_id: job_id.to_owned(),
        worker_id: "w1".to_owned(),
        body: r#"{"output": "ä"}"#.to_owned(),
        is_stream: true,
        failed_reason: Some("503".to_owned()),
        stored_at_unix,
    }
}

struct Place {
    directory: tempfile::TempDir,
    spool: Spool,
}

fn place_with(bounds: Bounds) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open_with(directory.path().join("a/spool"), bounds).unwrap();
    Place { directory, spool }
}

fn place() -> Place {
    place_with(BOUNDS)
}

impl Place {
    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.spool.directory)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn jobs(&self) -> Vec<String> {
        self.spool
            .entries()
            .unwrap()
            .iter()
            .map(|entry| self.spool.load(entry).unwrap().unwrap().job_id)
            .collect()
    }

    fn write(&self, name: &str, content: &[u8], age: Duration) {
        let file = File::create(self.spool.directory.join(name)).unwrap();
        (&file).write_all(content).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

#[test]
fn a_stored_result_is_read_back_as_it_was_and_removed_once() {
    let place = place();
    let stored = result("j-1", now());
    place.spool.store(&stored).unwrap();

    let again = Spool::open(&place.spool.directory).unwrap();
    let entries = again.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(again.load(&entries[0]).unwrap(), Some(stored));

    again.remove(&entries[0]).unwrap();
    assert_eq!(place.files(), Vec::<String>::new());
    // Another worker may have been faster.
    again.remove(&entries[0]).unwrap();
    assert_eq!(again.load(&entries[0]).unwrap(), None);
}

#[test]
fn results_come_oldest_first() {
    let place = place();
    for (job, age) in [("b", 20), ("c", 10), ("a", 30)] {
        place.spool.store(&result(job, now() - age)).unwrap();
    }
    assert_eq!(place.jobs(), ["a", "b", "c"]);
}

#[test]
fn a_later_result_of_the_same_job_and_worker_replaces_the_earlier_one() {
    let place = place();
    place.spool.store(&result("j", now() - 5)).unwrap();
    place.spool.store(&result("j-2", now() - 5)).unwrap();
    let later = SpooledResult {
        body: "later".to_owned(),
        ..result("j", now())
    };
    place.spool.store(&later).unwrap();
    assert_eq!(place.jobs(), ["j-2", "j"]);
    let entries = place.spool.entries().unwrap();
    assert_eq!(place.spool.load(&entries[1]).unwrap(), Some(later.clone()));

    let elsewhere = SpooledResult {
        worker_id: "w2".to_owned(),
        ..later
    };
    place.spool.store(&elsewhere).unwrap();
    assert_eq!(place.files().len(), 3);
}

#[test]
fn no_job_id_leads_out_of_the_directory_or_is_too_long_for_a_name() {
    let place = place();
    let long = "x".repeat(5000);
    let ids = [
        "../../evil",
        "/etc/passwd",
        "..",
        "",
        "a\0b\n",
        "ä/€",
        &long,
    ];
    for id in ids {
        place.spool.store(&result(id, now())).unwrap();
    }
    // Long ids that begin alike do not replace each other.
    place
        .spool
        .store(&result(&(long.clone() + "y"), now()))
        .unwrap();
    assert_eq!(place.files().len(), ids.len() + 1);
    let mut jobs = place.jobs();
    jobs.sort();
    let mut expected: Vec<_> = ids.iter().map(ToString::to_string).collect();
    expected.push(long.clone() + "y");
    expected.sort();
    assert_eq!(jobs, expected);
    let above: Vec<_> = fs::read_dir(place.directory.path()).unwrap().collect();
    assert_eq!(above.len(), 1);
}

#[cfg(unix)]
#[test]
fn only_this_user_can_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    place.spool.store(&result("j", now())).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = &place.spool.directory;
    assert_eq!(mode(directory), 0o700);
    assert_eq!(mode(directory.parent().unwrap()), 0o700);
    assert_eq!(mode(&directory.join(&place.files()[0])), 0o600);
}

#[test]
fn a_corrupt_file_is_set_aside_with_a_warning_and_the_others_are_read() {
    let place = place();
    place.spool.store(&result("good", now())).unwrap();
    place.spool.store(&result("bad", now() - 1)).unwrap();
    let bad = place.files()[0].clone();
    for content in [&b"{\"job_id\": \"bad\""[..], b"", b"\xff\xff"] {
        place.write(&bad, content, Duration::ZERO);
        let entries = place.spool.entries().unwrap();
        assert_eq!(entries.len(), 2);
        let log = captured(|| assert_eq!(place.spool.load(&entries[0]).unwrap(), None));
        assert!(
            log.starts_with("WARN   | bad | an undelivered result cannot be read ("),
            "{log}"
        );
        assert!(log.contains(&format!("set aside as {}", place.spool.directory.display())));
        assert_eq!(place.jobs(), ["good"]);
        assert!(place.files().contains(&format!("{bad}.corrupt")));
    }
}

#[test]
fn the_oldest_result_makes_room_when_there_are_too_many() {
    let place = place_with(Bounds {
        results: 2,
        bytes: u64::MAX,
    });
    place.spool.store(&result("a", now() - 3)).unwrap();
    place.spool.store(&result("b", now() - 2)).unwrap();
    let log = captured(|| place.spool.store(&result("c", now() - 1)).unwrap());
    assert_eq!(place.jobs(), ["b", "c"]);
    assert_eq!(
        log,
        "ERROR  | a | an undelivered result is discarded: the spool is full and it is the oldest in it\n"
    );
    // Even one that is older than all the others is kept when it comes last.
    place.spool.store(&result("d", now() - 9)).unwrap();
    assert_eq!(place.jobs(), ["d", "c"]);
}

#[test]
fn the_oldest_results_make_room_when_they_are_too_large() {
    let size = serde_json::to_vec(&result("a", now())).unwrap().len() as u64;
    let place = place_with(Bounds {
        results: 100,
        bytes: 3 * size + 1,
    });
    for (job, age) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
        place.spool.store(&result(job, now() - age)).unwrap();
    }
    assert_eq!(place.jobs(), ["b", "c", "d"]);

    let huge = SpooledResult {
        body: "x".repeat(usize::try_from(4 * size).unwrap()),
        ..result("huge", now())
    };
    let error = place.spool.store(&huge).unwrap_err().to_string();
    assert!(
        error.starts_with("a result of ") && error.ends_with(&format!("({} bytes)", 3 * size + 1)),
        "{error}"
    );
    assert_eq!(place.jobs(), ["b", "c", "d"]);
}

#[test]
fn a_result_older_than_a_day_is_discarded_with_a_log_line() {
    let place = place();
    let day = 24 * 60 * 60;
    place.spool.store(&result("old", now() - day - 60)).unwrap();
    place
        .spool
        .store(&result("young", now() - day + 60))
        .unwrap();
    // Storing clears up as well.
    assert_eq!(place.files().len(), 1);
    place.spool.store(&result("old", now() - day - 60)).unwrap();
    let log = captured(|| assert_eq!(place.jobs(), ["young"]));
    assert_eq!(
        log,
        "ERROR  | old | an undelivered result is discarded: it could not be delivered for 24 hours\n"
    );
}

#[test]
fn what_is_not_a_result_is_left_alone_and_what_killed_workers_left_is_cleared_away() {
    let place = place();
    let hour = Duration::from_hours(1);
    place.write("notes.txt", b"", 1000 * hour);
    place.write("notes.json", b"", 1000 * hour);
    place.write("new.unfinished", b"", Duration::ZERO);
    place.write("old.unfinished", b"", 2 * hour);
    place.write("new.json.corrupt", b"", 100 * hour);
    place.write("old.json.corrupt", b"", 200 * hour);
    fs::create_dir(place.spool.directory.join("000000000001-a-b.json")).unwrap();
    assert_eq!(place.jobs(), Vec::<String>::new());
    assert_eq!(
        place.files(),
        [
            "000000000001-a-b.json",
            "new.json.corrupt",
            "new.unfinished",
            "notes.json",
            "notes.txt",
        ]
    );
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Spool::open(&file).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{} cannot be made: ", file.display())),
        "{error}"
    );
    let error = Spool::open(file.join("below")).unwrap_err().to_string();
    assert!(error.contains("/file/below cannot be made: "), "{error}");
}

#[test]
fn a_directory_that_is_gone_is_an_error_and_no_panic() {
    let place = place();
    fs::remove_dir_all(&place.spool.directory).unwrap();
    let error = place.spool.store(&result("j", now())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(".unfinished cannot be written: "),
        "{error}"
    );
    let error = place.spool.entries().unwrap_err();
    assert!(
        error.to_string().contains("spool cannot be read: "),
        "{error}"
    );
}

#[test]
fn the_digest_in_a_name_is_the_same_in_every_build() {
    // FNV-1a, 128 bits, of `job`, 0xff, `w`, 0xff, by another implementation.
    assert_eq!(
        digest(&["job", "w"]),
        0x2238_b4f7_413c_64bf_6eff_3bb7_2054_ad1f
    );
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
}
