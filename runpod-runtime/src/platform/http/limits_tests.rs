//! Limits of time and size, tested against a server on loopback that stops in the middle of an answer.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::advance;

use super::*;
use crate::platform::BrokenJob;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const SECOND: Duration = Duration::from_secs(1);

/// A connection on which the head of a request was read.
struct Asked {
    stream: TcpStream,
    line: String,
}

impl Asked {
    fn send(&mut self, text: &str) {
        // An error means that the client has closed the connection.
        let _ = self.stream.write_all(text.as_bytes());
    }
}

/// Answers the requests of one connection. The server is a blocking task on the test's runtime. While it runs, a paused
/// clock stands still until the test advances it.
fn server(mut answer: impl FnMut(&mut Asked) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = spawn_blocking(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut requests = BufReader::new(stream.try_clone().unwrap());
        while let Some(line) = head(&mut requests) {
            let stream = stream.try_clone().unwrap();
            answer(&mut Asked { stream, line });
        }
    });
    (address, serving)
}

/// Returns the first line of the next request, or `None` if the client has closed the connection.
fn head(requests: &mut impl BufRead) -> Option<String> {
    let mut lines = requests.lines().map_while(io::Result::ok);
    let first = lines.next()?;
    lines.find(String::is_empty)?;
    Some(first)
}

fn platform(address: SocketAddr) -> Runpod {
    let urls = PlatformUrls::for_tests(&format!("http://{address}"));
    Runpod::new(urls, None, Duration::from_secs(10), &Handle::current()).unwrap()
}

/// Starts a server that sends half a job, one more byte for each message that it gets, and the rest after the last
/// message.
fn in_two_halves() -> (SocketAddr, JoinHandle<()>, Sender<()>) {
    let (next_byte, bytes): (_, Receiver<()>) = channel();
    let (address, serving) = server(move |asked| {
        asked.send(HEAD);
        asked.send("\r\n{\"id\": \"j\", ");
        while bytes.recv().is_ok() {
            asked.send(" ");
        }
        asked.send("\"input\": 1}");
        let _ = asked.stream.shutdown(std::net::Shutdown::Both);
    });
    (address, serving, next_byte)
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_answered_late_is_read_to_its_end() {
    let (asked, was_asked) = tokio::sync::oneshot::channel();
    let (go, gone): (_, Receiver<()>) = channel();
    let (rest, all): (_, Receiver<()>) = channel();
    let mut asked = Some(asked);
    let (address, serving) = server(move |connection| {
        asked.take().unwrap().send(()).unwrap();
        let _ = gone.recv();
        connection.send(HEAD);
        connection.send("Content-Length: 22\r\n\r\n{\"id\": \"j\", ");
        let _ = all.recv();
        connection.send("\"input\":1}");
    });
    let taking = tokio::spawn(async move { platform(address).take(1, false).await });
    was_asked.await.unwrap();
    advance(89 * SECOND).await;
    drop(go);
    let answer = taking.await.unwrap();
    assert!(matches!(answer, TakeAnswer::Begun(_)));
    let reading = tokio::spawn(answer.read());
    // Together, these pauses exceed the 90 s that a request may take.
    advance(20 * SECOND).await;
    drop(rest);
    let taken = reading.await.unwrap();
    assert!(
        matches!(&taken, Taken::Jobs(jobs) if jobs[0].as_ref().unwrap().id == "j"),
        "{taken:?}"
    );
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stalls_is_given_up_and_its_jobs_are_named() {
    let (address, serving, next_byte) = in_two_halves();
    let answer = platform(address).take(1, false).await;
    let reading = tokio::spawn(answer.read());
    while !reading.is_finished() {
        advance(SECOND).await;
    }
    let taken = reading.await.unwrap();
    assert!(
        matches!(&taken, Taken::Failed(why) if why.contains("did not arrive") && why.ends_with("in it: j")),
        "{taken:?}"
    );
    drop(next_byte);
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_byte_after_byte_is_given_up() {
    let (address, serving, next_byte) = in_two_halves();
    let answer = platform(address).take(1, false).await;
    let reading = tokio::spawn(answer.read());
    // No single pause is long enough for the answer to count as stalled.
    while !reading.is_finished() {
        next_byte.send(()).unwrap();
        advance(SECOND / 10).await;
    }
    let taken = reading.await.unwrap();
    assert!(matches!(taken, Taken::Failed(_)), "{taken:?}");
    drop(next_byte);
    serving.await.unwrap();
}

/// Returns the ids of the jobs that can be run. For the jobs that cannot, returns the id and the reason.
fn ids(taken: Taken) -> (Vec<String>, Vec<(Option<String>, String)>) {
    let Taken::Jobs(jobs) = taken else {
        panic!("{taken:?}");
    };
    let mut broken = Vec::new();
    let whole = jobs.into_iter().filter_map(|job| match job {
        Ok(job) => Some(job.id),
        Err(BrokenJob { id, reason }) => {
            broken.push((id, reason));
            None
        }
    });
    (whole.collect(), broken)
}

/// Sends a list of jobs whose inputs have these sizes in bytes.
fn jobs_of_size(asked: &mut Asked, sizes: &[(&str, usize)]) {
    asked.send(HEAD);
    asked.send("Connection: close\r\n\r\n[");
    for (number, (id, size)) in sizes.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        asked.send(&format!("{comma}{{\"id\":\"{id}\",\"input\":\""));
        asked.send(&"x".repeat(*size));
        asked.send("\"}");
    }
    asked.send("]");
    let _ = asked.stream.shutdown(std::net::Shutdown::Write);
}

#[tokio::test]
async fn an_answer_with_eight_of_the_largest_jobs_is_read() {
    let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (address, _) = server(move |asked| jobs_of_size(asked, &all.map(|id| (id, 19_000_000))));
    let taken = platform(address).take(8, false).await.read().await;
    assert_eq!(ids(taken).0, all);
}

#[tokio::test]
async fn of_an_answer_that_is_too_large_the_jobs_before_the_limit_are_run_and_the_next_one_fails() {
    let sizes = [("a", 10), ("b", LARGEST_JOB), ("c", 10)];
    let (address, _) = server(move |asked| jobs_of_size(asked, &sizes));
    let (logged, _guard) = crate::logging::captured_here();
    let taken = platform(address).take(1, false).await.read().await;
    let (whole, broken) = ids(taken);
    assert_eq!(whole, ["a"]);
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].0.as_deref(), Some("b"));
    assert!(broken[0].1.contains("larger than"), "{}", broken[0].1);
    assert!(
        logged().contains("in the rest of the answer are lost"),
        "{}",
        logged()
    );
}

#[tokio::test]
async fn of_an_answer_that_breaks_off_no_job_is_run_and_the_log_can_name_them() {
    let (address, _) = server(|asked| {
        asked.send(HEAD);
        asked.send("Content-Length: 1000\r\n\r\n[{\"id\":\"a\",\"input\":1},{\"id\":\"b\",\"inp");
        let _ = asked.stream.shutdown(std::net::Shutdown::Both);
    });
    let taken = platform(address).take(2, false).await.read().await;
    assert!(
        matches!(&taken, Taken::Failed(why) if why.ends_with("These jobs were in it: a, b")),
        "{taken:?}"
    );
}

#[tokio::test]
async fn one_take_asks_for_a_bounded_number_of_jobs() {
    let (sender, lines) = channel();
    let (address, _) = server(move |asked| {
        sender.send(asked.line.clone()).unwrap();
        asked.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    platform(address).take(1000, true).await.read().await;
    let line = lines.recv().unwrap();
    assert!(line.contains("&batch_size=16&job_in_progress=1"), "{line}");
}

/// Returns the jobs that heartbeats with a request line of at most `longest` bytes have named. The server refuses
/// longer lines with this status.
async fn named(jobs: &[String], longest: usize, status: u16) -> Vec<String> {
    let (sender, names) = channel();
    let (address, serving) = server(move |asked| {
        if asked.line.len() > longest {
            asked.send(&format!(
                "HTTP/1.1 {status} Too Long\r\nContent-Length: 0\r\n\r\n"
            ));
            return;
        }
        let (_, query) = asked.line.split_once("job_id=").unwrap();
        let (list, _) = query.split_once('&').unwrap();
        sender
            .send(list.split("%2C").map(str::to_owned).collect::<Vec<_>>())
            .unwrap();
        asked.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let platform = platform(address);
    platform.ping(Health::Working(jobs)).unwrap().await;
    drop(platform);
    serving.await.unwrap();
    names.iter().flatten().collect()
}

#[tokio::test]
async fn heartbeats_name_all_jobs_though_the_server_refuses_long_addresses() {
    let jobs: Vec<String> = (0..400)
        .map(|number| format!("3f2b8f0e-7c7b-4f0a-9a55-{number:012}-u1"))
        .collect();
    for (longest, status) in [(8192, 414), (4096, 414), (2100, 400), (3000, 431)] {
        assert_eq!(named(&jobs, longest, status).await, jobs, "{longest}");
    }
}

#[tokio::test]
async fn heartbeats_that_are_refused_for_another_reason_are_few() {
    let jobs: Vec<String> = (0..400).map(|number| format!("{number:040}")).collect();
    let (sender, lines) = channel();
    let (address, serving) = server(move |asked| {
        sender.send(asked.line.len()).unwrap();
        asked.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let platform = platform(address);
    platform.ping(Health::Working(&jobs)).unwrap().await;
    drop(platform);
    serving.await.unwrap();
    let lengths: Vec<usize> = lines.iter().collect();
    assert!(lengths.len() < 15, "{lengths:?}");
}
