use std::io::Write as _;

use super::*;
use crate::logging::captured;

fn record(job_id: &str) -> JobResult {
    JobResult {
        job_id: job_id.into(),
        worker_id: "w1".into(),
        streaming: true,
        items: vec![r#"{"output":1}"#.into(), r#"{"output":"ä"}"#.into()],
        body: r#"{"output":["ä"]}"#.into(),
    }
}

/// The name of a worker that is gone.
const GONE: &str = "00000000000000000000000000000001";

/// Returns the name of a result that any worker may deliver.
fn name_of(job_id: &str) -> String {
    Entry::new(1, job_id, "w1", name::NOBODY, 0)
        .file_name()
        .to_owned()
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
    fn path(&self) -> &Path {
        &self.spool.0.directory
    }

    /// Opens the same spool for another worker.
    fn another(&self) -> Spool {
        Spool::open(self.path()).unwrap()
    }

    /// Returns all files except those that show which workers are alive.
    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(super::super::owner::ALIVE))
            .collect();
        names.sort();
        names
    }

    /// Stores a result as if a worker that is gone had left it this many seconds ago.
    fn left(&self, job_id: &str, seconds_ago: u64) -> Entry {
        let stored = self.spool.store(&record(job_id)).unwrap();
        let then = microseconds_since_1970() - seconds_ago * 1_000_000;
        let left = Entry::new(then, job_id, "w1", GONE, stored.bytes());
        fs::rename(self.spool.path(&stored), self.spool.path(&left)).unwrap();
        left
    }

    fn jobs(&self) -> Vec<String> {
        let waiting = self.spool.waiting().unwrap();
        let loaded = waiting.iter().map(|entry| self.spool.load(entry).unwrap());
        loaded
            .map(|record| record.unwrap().job_id.to_string())
            .collect()
    }

    fn write(&self, name: &str, content: &[u8], age: Duration) {
        let file = File::create(self.path().join(name)).unwrap();
        (&file).write_all(content).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

#[path = "foreign_tests.rs"]
mod foreign;

#[test]
fn a_stored_result_is_read_back_as_it_was_and_removed_once() {
    let place = place();
    let entry = place.spool.store(&record("j-1")).unwrap();
    place.spool.sync(&entry).unwrap();
    assert_eq!(place.spool.load(&entry).unwrap(), Some(record("j-1")));

    place.spool.remove(&entry).unwrap();
    assert_eq!(place.files(), Vec::<String>::new());
    // Another worker may have been faster.
    place.spool.remove(&entry).unwrap();
    assert_eq!(place.spool.load(&entry).unwrap(), None);
}

#[test]
fn a_large_result_is_read_back_as_it_was() {
    let place = place();
    let large = JobResult {
        body: format!("\"{}\"", "x".repeat(1 << 20)).into(),
        ..record("j")
    };
    let entry = place.spool.store(&large).unwrap();
    assert_eq!(place.spool.load(&entry).unwrap(), Some(large));
}

#[test]
fn a_result_on_its_way_waits_for_nobody_else_until_its_worker_is_gone() {
    let place = place();
    let other = place.another();
    let entry = place.spool.store(&record("j")).unwrap();
    assert_eq!(place.spool.waiting().unwrap(), []);
    assert_eq!(other.waiting().unwrap(), []);

    drop(place.spool);
    assert_eq!(other.waiting().unwrap(), std::slice::from_ref(&entry));
    let claimed = other.claim(&entry).unwrap().unwrap();
    assert_eq!(other.load(&claimed).unwrap(), Some(record("j")));
}

#[test]
fn a_result_that_was_released_is_anybodys_and_only_one_gets_it() {
    let place = place();
    let (first, second) = (place.another(), place.another());
    let stored = place.spool.store(&record("j")).unwrap();
    place.spool.release(&stored).unwrap();

    let (seen_by_first, seen_by_second) = (first.waiting().unwrap(), second.waiting().unwrap());
    assert_eq!(seen_by_first, seen_by_second);
    let claimed = second.claim(&seen_by_second[0]).unwrap().unwrap();
    assert_eq!(first.claim(&seen_by_first[0]).unwrap(), None);
    assert_eq!(first.waiting().unwrap(), []);

    // The second worker could not deliver the result, so another one may try.
    second.release(&claimed).unwrap();
    assert_eq!(first.waiting().unwrap(), seen_by_first);
}

#[test]
fn a_worker_that_ends_in_good_order_leaves_nothing_but_results() {
    let place = place();
    place.spool.store(&record("j")).unwrap();
    place.spool.leave();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    assert_eq!(place.another().waiting().unwrap().len(), 1);
}

#[test]
fn two_results_of_one_job_do_not_share_a_file() {
    let place = place();
    let first = place.spool.store(&record("j")).unwrap();
    let second = place.spool.store(&record("j")).unwrap();
    place.spool.remove(&first).unwrap();
    assert_eq!(place.spool.load(&second).unwrap(), Some(record("j")));
}

#[test]
fn results_come_oldest_first() {
    let place = place();
    for (job, age) in [("b", 20), ("c", 10), ("a", 30)] {
        place.left(job, age);
    }
    assert_eq!(place.jobs(), ["a", "b", "c"]);
}

#[test]
fn of_two_results_of_the_same_job_in_the_same_worker_the_later_one_counts() {
    let place = place();
    place.left("j", 5);
    place.left("j-2", 5);
    let later = place.left("j", 0);
    let log = captured(|| assert_eq!(place.jobs(), ["j-2", "j"]));
    assert_eq!(
        log,
        "ERROR  | j | an undelivered result is discarded: a later result of the same job exists\n"
    );
    assert!(place.files().contains(&later.file_name().to_owned()));
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
        // Long ids with the same beginning do not replace each other.
        &format!("{long}y"),
    ];
    for id in ids {
        place.left(id, 0);
    }
    assert_eq!(place.files().len(), ids.len());
    let mut jobs = place.jobs();
    jobs.sort();
    let mut expected: Vec<_> = ids.iter().map(ToString::to_string).collect();
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
    place.spool.store(&record("j")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path()), 0o700);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
    for file in fs::read_dir(place.path()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_corrupt_file_is_set_aside_with_a_warning_and_the_others_are_read() {
    let place = place();
    place.left("good", 0);
    let bad = place.left("bad", 1);
    let whole = fs::read(place.spool.path(&bad)).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() = b'\xff';
    let contents: [&[u8]; 8] = [
        b"",
        b"\xff\xff",
        b"{\"format\":1}\n",
        b"{\"format\":2,\"job_id\":\"\",\"worker_id\":\"\",\"is_stream\":false,\"items\":[],\"body\":2}\n{}",
        b"{\"format\":1,\"job_id\":\"\",\"worker_id\":\"\",\"is_stream\":false,\"items\":[18446744073709551615],\"body\":3}\n{}",
        &whole[..whole.len() - 1],
        &changed,
        &[&whole[..], b" "].concat(),
    ];
    for content in contents {
        place.write(bad.file_name(), content, Duration::ZERO);
        let waiting = place.spool.waiting().unwrap();
        assert_eq!(waiting.len(), 2);
        let log = captured(|| assert_eq!(place.spool.load(&waiting[0]).unwrap(), None));
        assert!(
            log.starts_with("WARN   | bad | the file of an undelivered result is corrupt ("),
            "{log}"
        );
        assert!(log.contains(&format!("it is kept as {}", place.path().display())));
        assert_eq!(place.jobs(), ["good"]);
        let aside = format!("{}.corrupt", bad.file_name());
        assert!(place.files().contains(&aside));
    }
}

#[test]
fn the_oldest_results_make_room_when_there_are_too_many() {
    let place = place_with(Bounds {
        results: 2,
        bytes: u64::MAX,
    });
    for (job, age) in [("a", 3), ("b", 2), ("c", 1)] {
        place.left(job, age);
    }
    // A result that is being delivered does not count as waiting.
    place.spool.store(&record("on its way")).unwrap();
    let log = captured(|| assert_eq!(place.jobs(), ["b", "c"]));
    assert_eq!(
        log,
        "ERROR  | a | an undelivered result is discarded: the spool is full, and this is the oldest result in it\n"
    );
    assert_eq!(place.files().len(), 3);
}

#[test]
fn the_oldest_results_make_room_when_they_are_too_large_and_none_is_larger_than_the_spool() {
    let size = {
        let place = place();
        fs::metadata(place.spool.path(&place.left("a", 0)))
            .unwrap()
            .len()
    };
    let place = place_with(Bounds {
        results: 100,
        bytes: 3 * size + 1,
    });
    for (job, age) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
        place.left(job, age);
    }
    assert_eq!(place.jobs(), ["b", "c", "d"]);

    let huge = JobResult {
        body: "1".repeat(usize::try_from(4 * size).unwrap()).into(),
        ..record("huge")
    };
    let error = place.spool.store(&huge).unwrap_err().to_string();
    assert!(
        error.starts_with("a result of ") && error.ends_with(&format!("({} bytes)", 3 * size + 1)),
        "{error}"
    );
    assert_eq!(place.jobs(), ["b", "c", "d"]);
}

#[test]
fn a_result_is_not_discarded_for_its_age_alone_since_a_clock_may_have_jumped() {
    let place = place();
    let day = 24 * 60 * 60;
    let old = place.left("old", 20 * 365 * day);
    let young = place.left("young", day - 60);
    assert_eq!(place.jobs(), ["old", "young"]);
    assert!(Spool::is_older_than_its_job(&old) && !Spool::is_older_than_its_job(&young));
}

#[test]
fn a_result_that_takes_the_place_of_another_one_keeps_its_time() {
    let place = place();
    let first = place.left("j", 3600);
    let first = place.spool.claim(&first).unwrap().unwrap();
    let other = JobResult {
        items: Vec::new(),
        ..record("j")
    };
    let second = place.spool.replace(&first, &other).unwrap();
    assert_eq!(second.stored_at(), first.stored_at());
    assert_eq!(place.files().len(), 1);
    assert_eq!(place.spool.load(&second).unwrap(), Some(other));
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Spool::open(&file).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{} cannot be created: ", file.display())),
        "{error}"
    );
    let error = Spool::open(file.join("below")).unwrap_err().to_string();
    assert!(error.contains("/file/below cannot be created: "), "{error}");
}

#[test]
fn a_directory_that_is_gone_is_an_error_and_no_panic() {
    let place = place();
    fs::remove_dir_all(place.path()).unwrap();
    let error = place.spool.store(&record("j")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(".unfinished cannot be written: "),
        "{error}"
    );
    let error = place.spool.waiting().unwrap_err();
    assert!(
        error.to_string().contains("spool cannot be read: "),
        "{error}"
    );
}
