//! Uploads that end early: the registry gives them up, or the user interrupts the push.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{WORKER, a_crate, command, text};
use crate::push::{a_large_one, built, push, pushed};
use crate::registry::{Act, Registry, digest, length, proxy};

#[test]
fn an_upload_that_the_registry_always_gives_up_ends_with_an_error() {
    let registry = Registry::start();
    let folder = a_crate("", WORKER);
    for status in ["416 Range Not Satisfiable", "404 Not Found"] {
        // The registry still knows the upload, so asking for its state succeeds each time.
        let front = proxy(&registry, move |head| {
            if head.starts_with("PUT") && head.contains("/blobs/") {
                Act::Answer(status)
            } else {
                Act::Pass
            }
        });
        let output = push(&folder, &format!("{front}/me/of{}:1", &status[..3]), &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the registry gave the upload up"), "{said}");
        assert!(said.contains(status), "{said}");
    }
}

#[test]
fn an_upload_of_an_earlier_run_that_the_registry_has_forgotten_starts_again() {
    let registry = Registry::start();
    let (held, is_held) = mpsc::channel();
    let held = Mutex::new(held);
    let forgets = Arc::new(AtomicBool::new(false));
    let has_forgotten = Arc::clone(&forgets);
    let front = proxy(&registry, move |head| {
        let forgets = has_forgotten.load(Ordering::SeqCst);
        if forgets && head.starts_with("GET") && head.contains("/blobs/uploads/") {
            return Act::Answer("404 Not Found");
        }
        if !forgets && head.starts_with("PUT") && length(head) > 2_000_000 {
            held.lock().unwrap().send(()).unwrap();
            return Act::Hold;
        }
        Act::Pass
    });
    let folder = a_large_one();
    let name = format!("{front}/me/large:1");
    let mut run = command(folder.path(), &["--profile=dev", "--push", &name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    is_held.recv_timeout(Duration::from_mins(2)).unwrap();
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130));

    forgets.store(true, Ordering::SeqCst);
    let said = pushed(&folder, &name, &[]);
    assert!(said.contains("uploaded"), "{said}");
    let image = format!("docker://{}", registry.name("me/large:1"));
    assert_eq!(digest(&image), built(&folder));
}

#[test]
fn a_push_that_is_interrupted_says_so_and_the_next_one_continues() {
    let registry = Registry::start();
    let (held, is_held) = mpsc::channel();
    let held = Mutex::new(held);
    let front = proxy(&registry, move |head| {
        // The small blobs pass, the last part of the large one does not.
        if head.starts_with("PUT") && length(head) > 2_000_000 {
            held.lock().unwrap().send(()).unwrap();
            return Act::Hold;
        }
        Act::Pass
    });
    let folder = a_large_one();
    let name = format!("{front}/me/large:1");
    let mut run = command(folder.path(), &["--profile=dev", "--push", &name])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let errors = BufReader::new(run.stderr.take().unwrap());
    is_held.recv_timeout(Duration::from_mins(2)).unwrap();
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    let said: Vec<_> = errors.lines().map(Result::unwrap).collect();
    let said = said.join("\n");
    assert_eq!(run.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("the push was interrupted"), "{said}");
    assert!(said.contains("of 3 blobs are in 127.0.0.1"), "{said}");
    assert!(said.contains("Run the command again to continue"), "{said}");

    let said = pushed(&folder, &registry.name("me/large:1"), &[]);
    assert!(
        said.contains("already there") && said.contains("uploaded"),
        "{said}"
    );
}
