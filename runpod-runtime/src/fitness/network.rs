//! Whether the worker reaches the network.

use tokio::net::TcpStream;

use super::check::Unfit;
use crate::config::fitness::NETWORK_ADDRESS;

/// Connects to `address` and closes the connection. The caller limits the time.
pub(super) async fn check(address: String) -> Result<String, Unfit> {
    match TcpStream::connect(&address).await {
        Ok(_) => Ok(format!("a connection to {address}")),
        Err(error) => Err(Unfit {
            found: format!("no connection to {address} ({error})"),
            expected: "one".to_owned(),
            remedy: format!("{NETWORK_ADDRESS} sets the address"),
        }),
    }
}
