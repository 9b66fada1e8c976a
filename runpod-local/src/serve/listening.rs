//! The listening sockets: one for each address of a host name, all on the same port.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, lookup_host};

/// The maximum number of attempts to find a port that is free at all addresses.
const MOST_TRIES: u32 = 32;

/// The reason why the endpoint cannot listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error("cannot look up the host name: {0}")]
    Lookup(#[source] io::Error),
    #[error("the host name has no address")]
    NoAddress,
    #[error("{}", refused(*.address, .source, *.is_alone))]
    Address {
        address: SocketAddr,
        source: io::Error,
        /// Whether the host has only this address, so the message need not name it.
        is_alone: bool,
    },
}

fn refused(address: SocketAddr, error: &io::Error, is_alone: bool) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse if is_alone => "the port is in use by another program".to_owned(),
        io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
        io::ErrorKind::PermissionDenied => {
            "this user may not listen there; ports below 1024 need privileges".to_owned()
        }
        _ if is_alone => format!("cannot listen on the address: {error}"),
        _ => format!("cannot listen on the address {address}: {error}"),
    }
}

impl ListenError {
    pub(crate) fn is_in_use(&self) -> bool {
        matches!(self, Self::Address { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }
}

/// Listens on every address of `host`. IPv4 comes first, because most documents and clients use it.
///
/// # Errors
///
/// Fails if the port is in use at one of the addresses, or if no address can be used.
pub(crate) async fn on_host(
    host: &str,
    port: u16,
) -> Result<Vec<(TcpListener, SocketAddr)>, ListenError> {
    // In a URL, an IPv6 address has brackets.
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let addresses: BTreeSet<SocketAddr> = lookup_host((host, port))
        .await
        .map_err(ListenError::Lookup)?
        .collect();
    // `BTreeSet` removes addresses that the resolver returns twice, and sorts IPv4 before IPv6.
    on_all(&Vec::from_iter(addresses)).await
}

async fn on_all(addresses: &[SocketAddr]) -> Result<Vec<(TcpListener, SocketAddr)>, ListenError> {
    let mut tries = 0;
    loop {
        match try_all(addresses).await {
            // A port that is free at the first address may be in use at another one.
            Err(error) if error.is_in_use() && tries < MOST_TRIES && wants_any_port(addresses) => {
                tries += 1;
            }
            result => return result,
        }
    }
}

fn wants_any_port(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| address.port() == 0)
}

async fn try_all(addresses: &[SocketAddr]) -> Result<Vec<(TcpListener, SocketAddr)>, ListenError> {
    let mut listeners = Vec::new();
    let mut unusable = None;
    let mut chosen = None;
    for address in addresses {
        let mut address = *address;
        if let Some(port) = chosen {
            address.set_port(port);
        }
        let bound = TcpListener::bind(address).await;
        match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((bound, listener)) => {
                chosen = Some(bound.port());
                listeners.push((listener, bound));
            }
            Err(source) => {
                let in_use = source.kind() == io::ErrorKind::AddrInUse;
                let error = ListenError::Address {
                    address,
                    source,
                    is_alone: addresses.len() == 1,
                };
                if in_use {
                    return Err(error);
                }
                tracing::debug!("{error}");
                unusable.get_or_insert(error);
            }
        }
    }
    match (listeners.is_empty(), unusable) {
        (false, _) => Ok(listeners),
        (true, Some(error)) => Err(error),
        (true, None) => Err(ListenError::NoAddress),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, SocketAddr, TcpListener as Blocking};

    use super::{ListenError, on_all, on_host};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// An address reserved for documentation. No machine has it.
    const NOWHERE: &str = "192.0.2.1:0";

    #[tokio::test]
    async fn all_addresses_get_the_same_free_port() {
        let listeners = on_all(&addresses(&["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"]))
            .await
            .unwrap();
        let bound: Vec<_> = listeners.iter().map(|(_, address)| *address).collect();
        assert_eq!(bound.len(), 3);
        assert_ne!(bound[0].port(), 0);
        assert!(bound.iter().all(|it| it.port() == bound[0].port()));
    }

    #[tokio::test]
    async fn an_address_that_this_machine_does_not_have_is_left_out() {
        let listeners = on_all(&addresses(&[NOWHERE, "127.0.0.1:0"])).await.unwrap();
        assert_eq!(listeners.len(), 1);
        let error = on_all(&addresses(&[NOWHERE])).await.unwrap_err();
        assert!(!error.is_in_use());
        assert!(error.to_string().contains("cannot listen on"), "{error}");
        assert!(matches!(on_all(&[]).await, Err(ListenError::NoAddress)));
    }

    #[tokio::test]
    async fn a_port_in_use_at_one_address_is_an_error_that_names_the_address() {
        let other = Blocking::bind("127.0.0.2:0").unwrap();
        let taken = other.local_addr().unwrap();
        let mut wanted = addresses(&["127.0.0.1:0", "127.0.0.2:0"]);
        for address in &mut wanted {
            address.set_port(taken.port());
        }
        let error = on_all(&wanted).await.unwrap_err();
        assert!(error.is_in_use());
        let text = format!("{taken} is in use by another program");
        assert_eq!(error.to_string(), text);
    }

    #[tokio::test]
    async fn a_host_name_is_served_at_ipv4_first_and_at_ipv6_where_the_machine_has_it() {
        let listeners = on_host("localhost", 0).await.unwrap();
        assert_eq!(listeners[0].1.ip().to_string(), "127.0.0.1");
        if Blocking::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            for host in ["::1", "[::1]"] {
                let listeners = on_host(host, 0).await.unwrap();
                assert!(listeners[0].1.is_ipv6());
            }
        }
    }
}
