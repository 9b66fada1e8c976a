//! Waits until the endpoint opens a gate: the handler sends a request, which the endpoint answers when the gate
//! opens.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn request(job: &str) -> Option<(String, String)> {
    let address = std::env::var("CHAOS_GATE").ok()?;
    let request = format!("GET /gate/{job} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n");
    Some((address, request))
}

/// Waits on a thread that may block.
pub(crate) fn pass(job: &str) {
    let wait = || -> io::Result<()> {
        let Some((address, request)) = request(job) else {
            return Ok(());
        };
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    };
    // An error means that the endpoint is gone, and the gate then counts as open.
    let _ = wait();
}

/// Waits without holding a thread.
pub(crate) async fn pass_async(job: &str) {
    let wait = async || -> io::Result<()> {
        let Some((address, request)) = request(job) else {
            return Ok(());
        };
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok(())
    };
    let _ = wait().await;
}
