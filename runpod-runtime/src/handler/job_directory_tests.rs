use std::fs::{self, File};
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::{LOCK, Locked, PREFIX, remove_abandoned};
use crate::handler::failure::Failure;
use crate::handler::in_use::InUse;
use crate::handler::invocation::Invocation;
use crate::testing;

#[test]
fn a_directory_is_private_and_disappears_with_the_call() {
    let (context, _job) = testing::context();
    let directory = context.directory().unwrap();
    assert_eq!(context.directory().unwrap(), directory);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = fs::metadata(directory.parent().unwrap()).unwrap();
        assert_eq!(outer.permissions().mode() & 0o777, 0o700);
    }
    fs::create_dir(directory.join("folder")).unwrap();
    fs::write(directory.join("folder/file"), "x").unwrap();
    drop(InUse::of(&context));
    assert!(!directory.exists());
    assert!(context.has_ended());
    let error = context.directory().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the job has ended, and its directory was removed"
    );
}

#[tokio::test]
async fn the_directory_of_a_cancelled_job_stays_until_its_plain_function_has_returned() {
    let (context, _job) = testing::context();
    let directory = context.directory().unwrap();
    let (has_started, started) = oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let in_use = InUse::of(&context);
    let function = Invocation::blocking(move || {
        has_started.send(()).unwrap();
        released.recv().unwrap();
        Err(Failure::new("error", "no output"))
    });
    let function = function.using(in_use.clone());
    let call = tokio::spawn(async move {
        let _in_use = in_use;
        drop(function.finish(None, &mut None).await);
    });
    started.await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(!context.has_ended());
    assert!(directory.exists());
    release.send(()).unwrap();
    while !context.has_ended() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_lock_of_a_directory_is_held_until_the_directory_is_removed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let entered = runtime.enter();
    let (context, _job) = testing::context();
    let directory = context.directory().unwrap();
    let lock = directory.with_file_name(LOCK);
    // The only blocking thread is in use, so the removal waits for it.
    let (release, released) = mpsc::channel::<()>();
    let busy = runtime.spawn_blocking(move || released.recv());
    drop(InUse::of(&context));
    assert!(directory.exists());
    assert!(File::open(&lock).unwrap().try_lock().is_err());
    release.send(()).unwrap();
    runtime.block_on(busy).unwrap().unwrap();
    // This waits for the removal, too.
    drop(entered);
    drop(runtime);
    assert!(!directory.exists());
}

#[test]
fn a_context_without_a_worker_removes_its_directory_too() {
    let (context, job) = testing::context();
    let directory = context.directory().unwrap();
    let clone = context.clone();
    drop(context);
    assert!(directory.exists());
    drop((clone, job));
    assert!(!directory.exists());
}

#[test]
fn directories_of_dead_processes_are_removed_and_those_of_living_ones_are_not() {
    let temporary = tempfile::tempdir().unwrap();
    let living = Locked::new_in(temporary.path()).unwrap();
    let Locked { directory, lock } = Locked::new_in(temporary.path()).unwrap();
    let dead = directory.keep();
    fs::write(dead.join("files/file"), "x").unwrap();
    // The lock ends with the process.
    drop(lock);
    let starting = temporary.path().join(format!("{PREFIX}starting"));
    fs::create_dir(&starting).unwrap();
    let other = temporary.path().join("other");
    fs::create_dir(&other).unwrap();
    File::create(other.join(LOCK)).unwrap();

    remove_abandoned(temporary.path());
    assert!(living.files().exists());
    assert!(!dead.exists());
    assert!(starting.exists(), "its process has not locked it yet");
    assert!(other.exists());
    drop(living);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 2);
}
