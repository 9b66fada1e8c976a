//! Tests against a server on loopback that behaves like a hostile or broken platform.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::oneshot::{Receiver, channel};

use super::*;

/// Far more than the client ever reads and more than all buffers between server and client hold.
const WITHOUT_END: usize = 256 << 20;

const JOB: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// The stream to the client. It counts the bytes that the client has taken.
struct Counted {
    stream: TcpStream,
    bytes: usize,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Answers one request until the client stops reading. Then sends how many bytes the client took.
fn server(
    answer: impl FnOnce(&mut Counted) -> io::Result<()> + Send + 'static,
) -> (SocketAddr, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, taken) = channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
        while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        let mut counted = Counted { stream, bytes: 0 };
        // An error means that the client has closed the connection.
        let _ = answer(&mut counted);
        sender.send(counted.bytes).unwrap();
    });
    (address, taken)
}

fn without_end(out: &mut impl Write, piece: &[u8]) -> io::Result<()> {
    let mut left = WITHOUT_END;
    while left > 0 {
        out.write_all(piece)?;
        left = left.saturating_sub(piece.len());
    }
    Ok(())
}

fn platform(address: SocketAddr) -> Runpod {
    let urls = PlatformUrls::for_tests(&format!("http://{address}"));
    let key = Secret::new("very-secret-key");
    Runpod::new(
        urls,
        Some(&key),
        Duration::from_secs(10),
        &Handle::current(),
    )
    .unwrap()
}

async fn taken(address: SocketAddr, want: usize) -> Taken {
    platform(address).take(want, false).await.read().await
}

fn result() -> Post {
    Post {
        job_id: "j".into(),
        worker_id: "w1".into(),
        kind: PostKind::Result { streaming: false },
        body: "{}".into(),
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed_so_that_the_key_goes_nowhere_else() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let there = elsewhere.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let redirect = move |out: &mut Counted| {
            write!(
                out,
                "HTTP/1.1 {status} Elsewhere\r\nLocation: http://{there}/\r\nContent-Length: 0\r\n\r\n"
            )
        };
        let (address, _) = server(redirect);
        let answer = taken(address, 1).await;
        assert!(
            matches!(&answer, Taken::Failed(why) if why.contains("not followed")),
            "{answer:?}"
        );
        let (address, _) = server(redirect);
        let posted = platform(address).post(&result()).await;
        assert!(matches!(posted, Posted::Later { .. }), "{posted:?}");
    }
    let nobody = elsewhere.accept().unwrap_err();
    assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn an_answer_without_end_is_given_up_after_what_a_job_may_have() {
    let (address, sent) = server(|out| {
        write!(out, "{JOB}\r\n")?;
        without_end(out, &[b' '; 1 << 12])
    });
    let answer = taken(address, 1).await;
    assert!(
        matches!(&answer, Taken::Failed(why) if why.contains("larger than")),
        "{answer:?}"
    );
    assert!(sent.await.unwrap() < 2 * LARGEST_JOB);
}

#[tokio::test]
async fn an_answer_for_several_jobs_is_bounded_too() {
    let (address, sent) = server(|out| {
        write!(out, "{JOB}\r\n")?;
        without_end(out, &[b'['; 1 << 12])
    });
    let answer = taken(address, 2).await;
    assert!(
        matches!(&answer, Taken::Failed(why) if why.contains("larger than")),
        "{answer:?}"
    );
    assert!(sent.await.unwrap() < 3 * LARGEST_JOB);
}

#[tokio::test]
async fn a_large_job_is_read() {
    let (address, _) = server(|out| {
        let input = "x".repeat(2 * LARGE_ANSWER);
        write!(out, "{JOB}\r\n{{\"id\":\"j\",\"input\":\"{input}\"}}")
    });
    let answer = taken(address, 1).await;
    let Taken::Jobs(jobs) = answer else {
        panic!("{answer:?}");
    };
    let job = jobs[0].as_ref().unwrap();
    assert_eq!(job.input.get().len(), 2 * LARGE_ANSWER + 2);
}

#[tokio::test]
async fn a_small_answer_that_unpacks_without_end_is_given_up_too() {
    let (address, sent) = server(|out| {
        write!(out, "{JOB}Content-Encoding: gzip\r\n\r\n")?;
        without_end(
            &mut GzEncoder::new(out, Compression::fast()),
            &[b' '; 1 << 12],
        )
    });
    let answer = taken(address, 1).await;
    assert!(
        matches!(&answer, Taken::Failed(why) if why.contains("larger than")),
        "{answer:?}"
    );
    assert!(sent.await.unwrap() < LARGEST_JOB);
}

#[tokio::test]
async fn headers_without_end_are_given_up() {
    for piece in [&[b'x'; 1 << 12][..], b"X-More: and more\r\n"] {
        let (address, sent) = server(move |out| {
            write!(out, "{JOB}X-Long: ")?;
            without_end(out, piece)
        });
        let answer = taken(address, 1).await;
        assert!(matches!(answer, Taken::Failed(_)), "{answer:?}");
        assert!(sent.await.unwrap() < LARGEST_JOB);
    }
}

#[tokio::test]
async fn an_accepted_post_is_accepted_whatever_follows_the_status() {
    let (address, sent) = server(|out| {
        write!(out, "HTTP/1.1 200 OK\r\n\r\n")?;
        without_end(out, &[b' '; 1 << 12])
    });
    let posted = platform(address).post(&result()).await;
    assert_eq!(posted, Posted::Accepted);
    assert!(sent.await.unwrap() < LARGEST_JOB);
}

#[tokio::test]
async fn a_date_in_retry_after_is_honoured_as_well() {
    let (address, _) = server(|out| {
        write!(
            out,
            "HTTP/1.1 503 Busy\r\nRetry-After: Tue, 31 Dec 2999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"
        )
    });
    let posted = platform(address).post(&result()).await;
    assert!(
        matches!(posted, Posted::Later { after, .. } if after == Some(LONGEST_PAUSE)),
        "{posted:?}"
    );
}

#[tokio::test]
async fn a_post_names_the_worker_and_the_job_whatever_is_in_their_ids() {
    for id in ["j-1", "a/../b?c#d&e=f", "ä\r\nX-Evil: 1", "%2e%2e", " "] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<_> = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            head
        });
        let post = Post {
            job_id: id.into(),
            worker_id: "another worker".into(),
            ..result()
        };
        assert_eq!(platform(address).post(&post).await, Posted::Accepted);
        let head = serving.join().unwrap();
        assert_eq!(
            head[0],
            format!(
                "POST /v2/ep/job-done/another%20worker/{}?gpu=test&isStream=false HTTP/1.1",
                crate::text::encode_component(id)
            )
        );
        let names: Vec<_> = head[1..]
            .iter()
            .map(|line| line.split_once(':').unwrap().0.to_ascii_lowercase())
            .collect();
        assert!(!names.contains(&"x-evil".to_owned()), "{head:?}");
        // The header is left out if it cannot contain the id.
        let has_id = names.iter().any(|name| name == "x-request-id");
        assert_eq!(has_id, !id.contains('\n'), "{head:?}");
    }
}

#[tokio::test]
async fn an_idle_worker_says_once_that_there_is_no_job() {
    let (address, _) = server(|out| {
        let empty = "HTTP/1.1 204 No Content\r\n\r\n";
        write!(out, "{empty}")?;
        let mut requests = BufReader::new(out.stream.try_clone()?).lines();
        for _ in 0..4 {
            while requests
                .next()
                .is_some_and(|line| line.is_ok_and(|it| !it.is_empty()))
            {}
            write!(out, "{empty}")?;
        }
        Ok(())
    });
    let platform = platform(address);
    let (logged, _guard) = crate::logging::captured_here();
    for _ in 0..5 {
        let taken = platform.take(1, false).await.read().await;
        assert!(matches!(taken, Taken::Nothing), "{taken:?}");
    }
    assert_eq!(logged().matches("no job").count(), 1, "{}", logged());
}
