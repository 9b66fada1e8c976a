//! Jobs that a test cancels.

use std::process::Stdio;
use std::sync::Arc;

use runpod::CancelReason;
use runpod::prelude::*;
use runpod::{JobCall, JobResult, Next, testing};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::sync::{Notify, mpsc, oneshot};

async fn through(call: JobCall, next: Next) -> JobResult {
    next.run(call).await
}

#[tokio::test]
async fn an_async_handler_is_dropped() {
    struct Tells(Arc<Notify>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    for wrapped in [false, true] {
        let (started, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (starts, drops) = (Arc::clone(&started), Arc::clone(&dropped));
        let waits = move |_: Value| {
            let (starts, tells) = (Arc::clone(&starts), Tells(Arc::clone(&drops)));
            async move {
                let _tells = tells;
                starts.notify_one();
                std::future::pending::<()>().await;
            }
        };
        let mut job = testing::Job::new(json!(1));
        if wrapped {
            job = job.around(through);
        }
        let report = job
            .cancel_when(async move { started.notified().await })
            .run(waits)
            .await;
        assert!(report.cancelled);
        assert_eq!((report.output, report.error), (None, None));
        dropped.notified().await;
    }
}

#[tokio::test]
async fn a_plain_handler_sees_it_and_its_output_is_discarded() {
    for wrapped in [false, true] {
        let started = Arc::new(Notify::new());
        let starts = Arc::clone(&started);
        let waits = move |_: Value, ctx: JobContext| {
            starts.notify_one();
            while !ctx.is_cancelled() {
                std::thread::yield_now();
            }
            assert_eq!(ctx.cancel_reason(), Some(CancelReason::Stopped));
            "discarded"
        };
        let mut job = testing::Job::new(json!(1));
        if wrapped {
            job = job.around(through);
        }
        let job = job.cancel_when(async move { started.notified().await });
        let report = job.blocking(waits).await;
        assert!(report.cancelled);
        assert_eq!(report.output, None);
    }
}

#[tokio::test]
async fn a_stream_is_dropped() {
    let started = Arc::new(Notify::new());
    let starts = Arc::clone(&started);
    let endless = move |_: Value| {
        let starts = Arc::clone(&starts);
        stream! {
            yield 1;
            starts.notify_one();
            std::future::pending::<()>().await;
        }
    };
    let job = testing::Job::new(json!(1)).cancel_when(async move { started.notified().await });
    let report = job.stream(endless).await;
    assert!(report.cancelled);
}

#[tokio::test]
async fn a_job_that_finishes_first_is_not_cancelled() {
    let job = testing::Job::new(json!(1)).cancel_when(std::future::pending());
    let report = job.run(async |input: u8| input).await;
    assert!(!report.cancelled);
    assert_eq!(report.output, Some(json!(1)));
}

/// Starts a process that never ends, and hands its output to the test.
#[runpod::handler]
async fn run_program(_input: Value, output: State<Output>) -> std::io::Result<()> {
    let mut program = Command::new("sh")
        .args(["-c", "echo started; exec sleep 600"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let _ = output.0.send(program.stdout.take().unwrap());
    program.wait().await.map(drop)
}

struct Output(mpsc::UnboundedSender<ChildStdout>);

#[tokio::test]
async fn a_child_process_that_is_killed_on_drop_ends_with_its_job() {
    let (sender, mut outputs) = mpsc::unbounded_channel();
    let (has_started, started) = oneshot::channel();
    let reading = tokio::spawn(async move {
        let mut output = BufReader::new(outputs.recv().await.unwrap());
        let mut text = String::new();
        output.read_line(&mut text).await.unwrap();
        has_started.send(()).unwrap();
        // The output ends when the process has ended.
        output.read_to_string(&mut text).await.unwrap();
        text
    });
    let job = testing::Job::new(json!(1)).state(Output(sender));
    let job = job.cancel_when(async { started.await.unwrap() });
    assert!(job.run(run_program).await.cancelled);
    assert_eq!(reading.await.unwrap(), "started\n");
}
