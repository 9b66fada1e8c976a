//! The port on which `cargo runpod dev` serves its endpoint.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroU16;

use super::finding::Finding;

/// The default port of `cargo runpod dev`.
pub(super) const USUAL: NonZeroU16 = NonZeroU16::new(8000).expect("8000 is not zero");

/// How many ports after the wanted one are tried for the suggestion.
const MOST_TRIED: u16 = 100;

pub(super) fn of_dev(port: NonZeroU16) -> Finding {
    let subject = "port";
    let port = port.get();
    match bind(port) {
        Ok(()) => Finding::ok(
            subject,
            format!("port {port} is free for `cargo runpod dev`"),
        ),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let last = port.saturating_add(MOST_TRIED);
            let free = (port..=last).skip(1).find(|port| bind(*port).is_ok());
            let other = free.map_or_else(
                || "--port 0, which chooses a free port".to_owned(),
                |free| format!("--port {free}"),
            );
            Finding::warning(
                subject,
                format!("another program uses port {port}, perhaps a running `cargo runpod dev`"),
                format!("stop that program, or start `cargo runpod dev` with {other}"),
            )
        }
        Err(error) => Finding::warning(
            subject,
            format!("port {port} cannot be used: {error}"),
            "start `cargo runpod dev` with --port and a port above 1023",
        ),
    }
}

fn bind(port: u16) -> io::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop)
}
