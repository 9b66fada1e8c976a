use std::convert::identity;
use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{LOCK, Locked, PREFIX, remove_abandoned};
use crate::handler::batch::{BatchCall, Batching, HandlerBatcher, join};
use crate::handler::call::{Call, Extracted};
use crate::handler::context::JobContext;
use crate::handler::failure::Failure;
use crate::handler::in_use::InUse;
use crate::handler::invocation::Invocation;
use crate::platform::read_job;
use crate::testing;

/// Waits until the job has ended and its directory has disappeared. Another thread removes it.
async fn until_removed(context: &JobContext, directory: &Path) {
    let removed = async {
        while !context.has_ended() || directory.exists() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_mins(1), removed).await.unwrap();
}

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
    until_removed(&context, &directory).await;
}

#[tokio::test]
async fn the_directory_of_a_cancelled_job_stays_until_the_call_of_its_batch_has_returned() {
    let batching = Batching::new().max_batch_size(2);
    let batcher = HandlerBatcher::new(batching.max_wait(Duration::from_mins(1)).limits);
    let (starts, mut started) = unbounded_channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let (context, _job) = testing::context();
    let (other_context, _other_job) = testing::context();
    let directory = context.directory().unwrap();
    // Both are announced before one of them joins, so they share a call.
    let seats = [
        (context.clone(), batcher.announce()),
        (other_context, batcher.announce()),
    ];
    let [cancelled, other] = seats.map(|(context, seat)| {
        let in_use = InUse::of(&context);
        let mut call = Call {
            job: read_job(r#"{"id":"j","input":0}"#).unwrap(),
            route: None,
            context,
            in_use: in_use.clone(),
            state: None,
            items: None,
            #[cfg(feature = "openai")]
            openai: None,
            extracted: Extracted::default(),
            seat: Some(seat),
        };
        let (starts, released) = (starts.clone(), Arc::clone(&released));
        let invocation = join(&mut call, 1, (), move |jobs: Vec<()>| {
            let (starts, released) = (starts.clone(), Arc::clone(&released));
            let number = jobs.len();
            let function = move || {
                starts.send(number).unwrap();
                let _ = released.lock().unwrap().recv();
                jobs
            };
            let no_output = |()| Err(Failure::new("error", "no output"));
            BatchCall::blocking(number, function, Ok, identity, no_output)
        });
        let invocation = invocation.unwrap();
        tokio::spawn(async move {
            let _in_use = in_use;
            drop(invocation.finish(None, &mut None).await);
        })
    });
    assert_eq!(started.recv().await, Some(2));
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    assert!(!context.has_ended());
    assert!(directory.exists());
    drop(release);
    other.await.unwrap();
    until_removed(&context, &directory).await;
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
