//! Every schedule of the two threads that share a result's copy on disk: the one that writes it, and the one that delivers
//! the result. Tried out by loom, which runs the real code on its own threads.

#[path = "../src/worker/copy.rs"]
mod copy;

/// What the crate builds on, as loom has it.
mod sync {
    pub(super) use loom::sync::{Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use copy::{Copy, Left};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// A directory in which files are only counted.
#[derive(Default)]
struct Disk {
    files: AtomicUsize,
}

impl Disk {
    fn write(&self) {
        self.files.fetch_add(1, Ordering::SeqCst);
    }

    fn remove(&self) {
        let before = self.files.fetch_sub(1, Ordering::SeqCst);
        assert_eq!(
            before, 1,
            "a file is removed once, and after it was written"
        );
    }

    fn files(&self) -> usize {
        self.files.load(Ordering::SeqCst)
    }
}

/// As the handler's thread does it.
fn write(copy: &Copy<()>, disk: &Disk, succeeds: bool) {
    if !copy.begin() {
        return;
    }
    if !succeeds {
        copy.failed();
        return;
    }
    disk.write();
    if copy.written(()).is_some() {
        disk.remove();
    }
}

/// The writer, and `deliver` at the same time; then how many files there are.
fn raced(succeeds: bool, deliver: impl FnOnce(&Copy<()>, &Disk) + Send + 'static) -> usize {
    let shared = Arc::new((Copy::new(), Disk::default()));
    let other = Arc::clone(&shared);
    let writer = thread::spawn(move || write(&other.0, &other.1, succeeds));
    deliver(&shared.0, &shared.1);
    writer.join().expect("the writer does not panic");
    shared.1.files()
}

fn settle(copy: &Copy<()>, disk: &Disk) {
    if copy.settle().is_some() {
        disk.remove();
    }
}

/// As a delivery does it that gave up; where there is no copy it writes one.
fn leave(copy: &Copy<()>, disk: &Disk) {
    if copy.leave() == Left::Missing {
        disk.write();
    }
}

#[test]
fn a_result_that_was_accepted_leaves_no_copy_whoever_comes_first() {
    loom::model(|| assert_eq!(raced(true, settle), 0));
}

#[test]
fn a_result_that_was_given_up_has_one_copy_whoever_comes_first() {
    loom::model(|| assert_eq!(raced(true, leave), 1));
}

#[test]
fn a_copy_that_cannot_be_written_is_not_removed() {
    loom::model(|| assert_eq!(raced(false, settle), 0));
}

#[test]
fn a_result_that_was_settled_twice_is_removed_once() {
    loom::model(|| {
        let files = raced(true, |copy, disk| {
            settle(copy, disk);
            settle(copy, disk);
        });
        assert_eq!(files, 0);
    });
}

#[test]
fn a_copy_that_was_to_stay_and_cannot_be_written_is_known_to_be_lost() {
    loom::model(|| {
        let shared = Arc::new((Copy::<()>::new(), Disk::default()));
        let other = Arc::clone(&shared);
        let writer = thread::spawn(move || other.0.begin() && other.0.failed());
        leave(&shared.0, &shared.1);
        let told = writer.join().expect("the writer does not panic");
        assert_eq!(shared.1.files() + usize::from(told), 1);
    });
}
