use std::fs;
use std::path::Path;
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::*;
use crate::config::SpoolDirectory;
use crate::logging::captured;
use crate::spool::SpoolWriter;

fn result(job_id: &str) -> JobResult {
    JobResult {
        job_id: job_id.into(),
        worker_id: "w1".into(),
        streaming: false,
        items: Vec::new(),
        body: r#"{"output":1}"#.into(),
    }
}

fn open(directory: &Path) -> Spool {
    Spool::open(directory.join("spool")).unwrap()
}

fn files(spool: Spool) -> Files {
    Files::new(spool, Arc::default())
}

/// Returns the names of the result files in the directory.
fn results(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory.join("spool")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".result")).collect()
}

/// Sends a message and returns the thread's answer.
fn asked<T>(files: &mut Files, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> T {
    let (reply, answer) = oneshot::channel();
    files.handle_all(vec![message(reply)]);
    answer.blocking_recv().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_settled_before_its_turn_comes_is_never_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = files(open(directory.path()));
    let watched = crate::spool::watched::Watched::new(&directory.path().join("spool"));
    let bytes = SpoolStatus::cost(&result("a")) + SpoolStatus::cost(&result("b"));
    files.status.bytes.store(bytes, Ordering::Relaxed);
    files.handle_all(vec![
        Message::Keep(1, result("a")),
        Message::Keep(2, result("b")),
        Message::Settle(1),
    ]);
    assert_eq!(watched.seen().renamed.len(), 1);
    assert_eq!(results(directory.path()).len(), 1);
    files.handle_all(vec![Message::Settle(2)]);
    assert_eq!(results(directory.path()), [""; 0]);
    assert_eq!(files.status.bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn a_result_that_is_released_right_after_it_was_to_be_kept_is_there_and_anybodys() {
    let directory = tempfile::tempdir().unwrap();
    let (mut files, other) = (files(open(directory.path())), open(directory.path()));
    let (reply, mut released) = oneshot::channel();
    files.handle_all(vec![
        Message::Keep(1, result("j")),
        Message::Release(1, result("j"), reply),
    ]);
    assert_eq!(released.try_recv().unwrap(), Ok(()));
    let waiting = other.long_waiting().unwrap();
    assert_eq!(other.load(&waiting[0]).unwrap(), Some(result("j")));
}

#[test]
fn a_claim_has_its_turn_though_results_are_kept_and_settled_all_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let (mut files, other) = (files(open(directory.path())), open(directory.path()));
    let (mut claims, mut answers) = (Vec::new(), Vec::new());
    for (key, id) in [(1, "first"), (2, "second")] {
        let stored = other.store(&result(id)).unwrap();
        let free = other.release(&stored).unwrap();
        let (reply, answer) = oneshot::channel();
        claims.push(Message::Claim(key, free, reply));
        answers.push(answer);
    }
    let busy = |key| [Message::Keep(key, result("busy")), Message::Settle(key)];
    files.turn(claims.into_iter().chain(busy(3)));
    assert_eq!(
        answers[0].try_recv().unwrap().unwrap(),
        Some(result("first"))
    );
    assert!(answers[1].try_recv().is_err());
    files.turn(busy(4).into_iter());
    assert_eq!(
        answers[1].try_recv().unwrap().unwrap(),
        Some(result("second"))
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_to_be_kept_is_written_before_others_are_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, other) = (open(directory.path()), open(directory.path()));
    let stored = other.store(&result("waits")).unwrap();
    let free = other.release(&stored).unwrap();
    let (sender, messages) = mpsc::channel();
    let (reply, claimed) = oneshot::channel();
    sender.send(Message::Claim(1, free, reply)).unwrap();
    sender.send(Message::Keep(2, result("new"))).unwrap();
    let watched = crate::spool::watched::Watched::new(&directory.path().join("spool"));
    let worker = std::thread::spawn(move || files(spool).work(&messages));
    assert_eq!(
        claimed.blocking_recv().unwrap().unwrap(),
        Some(result("waits"))
    );
    let renamed = watched.seen().renamed;
    assert!(renamed[0].contains("-new-"), "{renamed:?}");
    drop(sender);
    worker.join().unwrap();
}

#[test]
fn a_release_that_nobody_waits_for_any_more_leaves_the_result_to_who_settles_it() {
    let directory = tempfile::tempdir().unwrap();
    let (mut files, other) = (files(open(directory.path())), open(directory.path()));
    let release = |key, id: &str| {
        let (reply, answer) = oneshot::channel();
        drop(answer);
        Message::Release(key, result(id), reply)
    };
    files.handle_all(vec![release(1, "stopped"), release(2, "abandoned")]);
    assert_eq!(other.waiting().unwrap(), []);
    // The first job was stopped in the meantime. Some worker must deliver the result of the second one.
    files.handle_all(vec![Message::Settle(1), Message::Abandon(2)]);
    let waiting = other.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(other.load(&waiting[0]).unwrap(), Some(result("abandoned")));
}

#[test]
fn a_result_that_cannot_be_written_is_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = files(open(directory.path()));
    let (spool, aside) = (
        directory.path().join("spool"),
        directory.path().join("aside"),
    );
    fs::rename(&spool, &aside).unwrap();
    let log = captured(|| files.handle_all(vec![Message::Keep(1, result("j"))]));
    assert!(log.contains("results have no copy on disk"), "{log}");
    assert!(files.status.failing.load(Ordering::Relaxed));
    fs::rename(&aside, &spool).unwrap();
    files.look_after();
    assert!(!files.status.failing.load(Ordering::Relaxed));
    assert_eq!(results(directory.path()).len(), 1);
    files.handle_all(vec![Message::Settle(1)]);
    assert_eq!(results(directory.path()), [""; 0]);
}

#[test]
fn a_result_that_nobody_in_the_worker_has_any_more_is_anybodys() {
    let directory = tempfile::tempdir().unwrap();
    let (mut files, other) = (files(open(directory.path())), open(directory.path()));
    files.handle_all(vec![Message::Keep(1, result("j"))]);
    assert_eq!(other.waiting().unwrap(), []);
    files.handle_all(vec![Message::Abandon(1)]);
    assert_eq!(other.waiting().unwrap().len(), 1);
}

#[test]
fn a_claimed_result_that_cannot_be_put_back_is_put_back_later() {
    let directory = tempfile::tempdir().unwrap();
    let (mut files, other) = (files(open(directory.path())), open(directory.path()));
    let stored = other.store(&result("j")).unwrap();
    let free = other.release(&stored).unwrap();
    let claim = |reply| Message::Claim(1, free.clone(), reply);
    assert_eq!(asked(&mut files, claim).unwrap(), Some(result("j")));

    // The name that the file would get again is in use.
    let in_the_way = directory.path().join("spool").join(free.file_name());
    fs::create_dir(&in_the_way).unwrap();
    let log = captured(|| files.handle_all(vec![Message::Abandon(1)]));
    assert!(
        log.contains("a kept result cannot be released to other workers yet"),
        "{log}"
    );
    files.look_after();
    assert_eq!(other.waiting().unwrap(), []);
    fs::remove_dir(&in_the_way).unwrap();
    files.look_after();
    assert_eq!(other.waiting().unwrap(), [free]);
}

#[test]
fn a_result_that_cannot_be_removed_is_removed_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = files(open(directory.path()));
    files.handle_all(vec![Message::Keep(1, result("j"))]);
    let path = directory
        .path()
        .join("spool")
        .join(&results(directory.path())[0]);
    let aside = directory.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    // A directory in its place cannot be removed as a file.
    fs::create_dir(&path).unwrap();
    let log = captured(|| files.handle_all(vec![Message::Settle(1)]));
    assert!(
        log.contains("cannot be removed from the spool yet"),
        "{log}"
    );
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    files.look_after();
    assert_eq!(results(directory.path()), [""; 0]);
}

#[test]
fn a_result_that_the_platform_does_not_know_is_discarded_only_when_it_is_older_than_its_job() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = files(open(directory.path()));
    files.handle_all(vec![Message::Keep(1, result("j"))]);
    let expire = |reply| Message::Expire(1, "nobody knows it", reply);
    assert!(!asked(&mut files, expire));
    assert_eq!(results(directory.path()).len(), 1);

    // According to this clock, the result was stored two days ago.
    let stored = files.stored.get_mut(&1).unwrap();
    let long_ago = stored.entry.stored_at() - 2 * 24 * 3600 * 1_000_000;
    let old = Entry::new(
        long_ago,
        "j",
        "w1",
        stored.entry.owner(),
        stored.entry.bytes(),
    );
    let spool = directory.path().join("spool");
    fs::rename(
        spool.join(stored.entry.file_name()),
        spool.join(old.file_name()),
    )
    .unwrap();
    stored.entry = old;
    let log = captured(|| assert!(asked(&mut files, expire)));
    assert_eq!(
        log,
        "ERROR  | j | an undelivered result is discarded: nobody knows it\n"
    );
    assert_eq!(results(directory.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_files_of_other_workers_are_looked_at_once_at_the_start_and_then_only_for_old_results() {
    let directory = tempfile::tempdir().unwrap();
    let others: Vec<_> = (0..20).map(|_| open(directory.path())).collect();
    for (number, other) in others.iter().enumerate() {
        other.store(&result(&format!("j{number}"))).unwrap();
    }
    let mut files = files(open(directory.path()));
    let watched = crate::spool::watched::Watched::new(&directory.path().join("spool"));
    let opened = || {
        let opened = watched.seen().opened;
        opened.iter().filter(|it| it.contains(".alive")).count()
    };
    assert_eq!(asked(&mut files, Message::List).unwrap(), []);
    assert!(opened() >= others.len());
    assert_eq!(asked(&mut files, Message::List).unwrap(), []);
    assert_eq!(opened(), 0);
}

#[tokio::test]
async fn without_a_directory_that_can_be_used_a_result_cannot_be_released_and_the_error_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let writer = SpoolWriter::start(vec![SpoolDirectory {
        path: file,
        volume: None,
    }])
    .unwrap();
    let copy = crate::spool::DiskCopy::new(Some(&writer));
    let error = copy.release(result("j")).await.unwrap_err();
    assert_eq!(error, "there is no usable directory for results");
    assert!(!writer.keeps_results());
    assert_eq!(writer.waiting().await.unwrap().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_holds_up_nobody_and_takes_no_more_than_so_much_memory() {
    let (release, held) = mpsc::channel::<()>();
    let writer = SpoolWriter::start_with(move || {
        let _ = held.recv();
        None
    })
    .unwrap();
    let copies: Vec<_> = (0..4)
        .map(|_| crate::spool::DiskCopy::new(Some(&writer)))
        .collect();
    let large = JobResult {
        body: vec![b'1'; 100 << 20].into(),
        ..result("large")
    };
    for copy in &copies {
        copy.keep(large.clone());
    }
    let kept: Vec<_> = copies.iter().map(crate::spool::DiskCopy::is_kept).collect();
    assert_eq!(kept, [true, true, false, false]);
    assert!(!writer.keeps_results());
    drop(release);
}
