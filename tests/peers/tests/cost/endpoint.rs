//! An endpoint that has a number of jobs and reads the counts from results and items. It uses a thread for each
//! connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long a test waits before the worker counts as hung. No count depends on it.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    jobs: u64,
    /// The number of items of each job.
    items: u64,
    arrived: Mutex<Arrived>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Arrived {
    handed_out: u64,
    /// The counts that the worker has sent.
    results: Vec<u64>,
    items: Vec<u64>,
}

impl Endpoint {
    pub(crate) fn open(jobs: u64, items: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            jobs,
            items,
            arrived: Mutex::default(),
            changed: Condvar::new(),
        });
        let served = Arc::clone(&state);
        // The threads end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&served);
                thread::spawn(move || state.serve(stream.unwrap()));
            }
        });
        Self { address, state }
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let base = format!("http://{}", self.address);
        vec![
            ("RUNPOD_WEBHOOK_GET_JOB", format!("{base}/job-take/$ID?a=b")),
            (
                "RUNPOD_WEBHOOK_POST_OUTPUT",
                format!("{base}/job-done/$RUNPOD_POD_ID/$ID?a=b"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_STREAM",
                format!("{base}/job-stream/$RUNPOD_POD_ID/$ID?a=b"),
            ),
            ("RUNPOD_AI_API_KEY", "key".to_owned()),
            ("RUNPOD_POD_ID", "counted".to_owned()),
        ]
    }

    /// Waits until this many results have arrived and returns their counts.
    pub(crate) fn results(&self, number: u64) -> Vec<u64> {
        self.counts(number, |arrived| &arrived.results)
    }

    /// Waits until this many items have arrived and returns their counts.
    pub(crate) fn items(&self, number: u64) -> Vec<u64> {
        self.counts(number, |arrived| &arrived.items)
    }

    /// Sorts the counts, because results of jobs that run at the same time arrive in any order.
    fn counts(&self, number: u64, of: impl Fn(&Arrived) -> &Vec<u64>) -> Vec<u64> {
        let arrived = self.state.arrived.lock().unwrap();
        let is_short = |arrived: &mut Arrived| (of(arrived).len() as u64) < number;
        let waited = self
            .state
            .changed
            .wait_timeout_while(arrived, PATIENCE, is_short);
        let (arrived, timeout) = waited.unwrap();
        assert!(
            !timeout.timed_out(),
            "the worker has sent {} of {number} counts, and no more arrive",
            of(&arrived).len()
        );
        let mut counts = of(&arrived).clone();
        counts.sort_unstable();
        counts
    }
}

impl State {
    /// Serves a connection until the worker closes it.
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        while let Some((path, body)) = request(&mut reader) {
            let Some(answer) = self.answer(&path, &body) else {
                // The request is held forever.
                continue;
            };
            let length = answer.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            if writer.write_all((head + &answer).as_bytes()).is_err() {
                return;
            }
        }
    }

    /// Returns `None` if the request is never answered.
    fn answer(&self, path: &str, body: &str) -> Option<String> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut arrived = self.arrived.lock().unwrap();
        match path.split('/').nth(1)? {
            "job-take" => self.jobs(&mut arrived, 1).map(|mut jobs| jobs.remove(0)),
            "job-take-batch" => {
                let size = query
                    .split('&')
                    .find_map(|part| part.strip_prefix("batch_size="));
                let jobs = self.jobs(&mut arrived, size?.parse().ok()?)?;
                Some(format!("[{}]", jobs.join(",")))
            }
            "job-done" => {
                // The result of a stream has no count.
                arrived.results.extend(count(body));
                self.changed.notify_all();
                Some(String::new())
            }
            "job-stream" => {
                arrived.items.extend(count(body));
                self.changed.notify_all();
                Some(String::new())
            }
            _ => None,
        }
    }

    fn jobs(&self, arrived: &mut Arrived, wanted: u64) -> Option<Vec<String>> {
        let first = arrived.handed_out;
        arrived.handed_out = self.jobs.min(first + wanted);
        let items = self.items;
        let jobs: Vec<_> = (first..arrived.handed_out)
            .map(|job| {
                let is_last = job + 1 == self.jobs;
                format!(
                    r#"{{"id":"0b5e7a11-3c7d-4a52-9f04-{job:012}-u1","input":{{"items":{items},"is_last":{is_last}}}}}"#
                )
            })
            .collect();
        (!jobs.is_empty()).then_some(jobs)
    }
}

/// Reads the path and the body of a request. Returns `None` at the end of the connection.
fn request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).ok()?))
}

/// Reads the number in `{"output":{"allocations":123}}`.
fn count(body: &str) -> Option<u64> {
    let (_, rest) = body.split_once("\"allocations\":")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
