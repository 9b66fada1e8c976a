//! The Prometheus endpoint: `GET /metrics` on `RUNPOD_METRICS_PORT`.
//!
//! It has a thread of its own, so that neither a handler nor a slow reader delays anything else. The exporter's own
//! server would need hyper, and the worker has no other use for it.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::error::{Error, ErrorKind};
use crate::process::threads::Refused;

/// The upper bounds of a histogram's buckets, in seconds. Jobs take from milliseconds to an hour.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0, 3600.0,
];

/// The upper bounds of the buckets for the number of jobs in a call.
const JOBS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The time in which a client must send its request and read the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the values of histograms are condensed. Until then, each value takes up memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// Requests of scrapers are far smaller.
const LONGEST_REQUEST: u64 = 16 << 10;

/// Collects metrics from now on, and serves them on `port`. If the program has installed a recorder itself, that
/// recorder gets the metrics, and nothing is served.
///
/// # Errors
///
/// Returns an error if the port or a thread cannot be had.
pub(super) fn serve(port: u16) -> Result<(), Error> {
    let fault = |text: String| Error::new(ErrorKind::System, text);
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .and_then(|builder| {
            let jobs = Matcher::Full("runpod_batch_jobs".to_owned());
            builder.set_buckets_for_metric(jobs, &JOBS)
        })
        .map_err(|error| {
            fault(format!(
                "the Prometheus endpoint cannot be started: {error}"
            ))
        })?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listener = TcpListener::bind(address).map_err(|error| {
        fault(format!(
            "the Prometheus endpoint cannot use port {port}: {error}. Set RUNPOD_METRICS_PORT to a free port, or unset \
             it to turn the endpoint off"
        ))
    })?;
    let Ok(handle) = builder.install_recorder() else {
        tracing::warn!(
            "RUNPOD_METRICS_PORT has no effect: this program has installed a metrics recorder of its own"
        );
        return Ok(());
    };
    let upkeep = handle.clone();
    let refused = |error: io::Error| {
        fault("the Prometheus endpoint cannot be started".to_owned())
            .with_source(Refused::from(error))
    };
    std::thread::Builder::new()
        .name("runpod-metrics".to_owned())
        .spawn(move || {
            for client in listener.incoming() {
                // A client that is too slow or breaks off gets no answer, and the next one is served.
                let _ = client.and_then(|client| answer(&client, &handle));
            }
        })
        .map_err(refused)?;
    std::thread::Builder::new()
        .name("runpod-metrics-upkeep".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(UPKEEP);
                upkeep.run_upkeep();
            }
        })
        .map_err(refused)?;
    tracing::info!("Metrics are served at http://{address}/metrics");
    Ok(())
}

fn answer(mut client: &TcpStream, metrics: &PrometheusHandle) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut request = BufReader::new(client.take(LONGEST_REQUEST));
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut header = String::new();
    while request.read_line(&mut header)? > 2 {
        header.clear();
    }
    let mut words = first.split_ascii_whitespace();
    let (status, body) = match (words.next(), words.next()) {
        (Some("GET"), Some("/metrics")) => ("200 OK", metrics.render()),
        (Some("GET"), _) => ("404 Not Found", "the metrics are at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "use GET\n".to_owned()),
    };
    write!(
        client,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}
