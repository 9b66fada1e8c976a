//! Keeps downloads on the public internet: it checks every URL, and every address that a host name resolves to.
//!
//! The addresses that were checked are the ones that the client connects to, because the guard *is* the client's
//! resolver. A name that resolves to another address a moment later (DNS rebinding) gains nothing.

mod address;
mod proxies;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::runtime::Handle;

use crate::process::threads;

/// Lets downloads reach addresses that are not public, as in the Python SDK.
pub(super) const ALLOW_PRIVATE: &str = "RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS";

/// Looks up a host name.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The reason why a download was blocked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blocked {
    #[error("the URL is malformed: {0}")]
    Malformed(String),
    #[error("the scheme `{0}` is not allowed; use an http or https URL")]
    Scheme(String),
    #[error("the URL contains a user name or a password; send them in a header instead")]
    Credentials,
    #[error(
        "{host} is not a public address, but {address}; set {ALLOW_PRIVATE}=true in the worker's environment if its \
         jobs may reach private addresses"
    )]
    Address { host: String, address: IpAddr },
    #[error(
        "the environment routes this URL through a proxy ({0}), which would look up the host again, so the address \
         could not be checked; add the host to NO_PROXY, or set {ALLOW_PRIVATE}=true"
    )]
    Proxy(&'static str),
}

/// The checks of a download's URLs and addresses. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Guard {
    /// Whether addresses that are not public are allowed.
    allow_private: bool,
    is_public: fn(IpAddr) -> bool,
    look_up: Arc<LookUp>,
}

impl Guard {
    /// Creates a guard with the system's resolver.
    pub(crate) fn new(allow_private: bool) -> Self {
        let look_up = |host: &str| {
            let found = (host, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        Self {
            allow_private,
            is_public: address::is_public,
            look_up: Arc::new(look_up),
        }
    }

    /// Creates a guard for a test, in which some loopback addresses count as public.
    #[cfg(test)]
    pub(crate) fn for_test(
        is_public: fn(IpAddr) -> bool,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            allow_private: false,
            is_public,
            look_up: Arc::new(look_up),
        }
    }

    pub(crate) fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Checks everything about a URL that can be checked before its host is looked up.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Blocked> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Blocked::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::Credentials);
        }
        // The parser has already read decimal, octal and hexadecimal forms of IPv4 addresses.
        let literal = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(url::Host::Domain(_)) => None,
            None => return Err(Blocked::Malformed("it has no host".to_owned())),
        };
        if self.allow_private {
            return Ok(());
        }
        if let Some(address) = literal {
            self.check_address(url.host_str().unwrap_or_default(), address)?;
        }
        proxies::of(url).map_or(Ok(()), |proxy| Err(Blocked::Proxy(proxy)))
    }

    /// Looks up a host name and checks all of its addresses. A name with a public and a private address is blocked.
    fn resolve_and_check(&self, host: &str) -> Result<Vec<SocketAddr>, LookUpError> {
        let found = (self.look_up)(host).map_err(LookUpError::Failed)?;
        if !self.allow_private {
            for address in &found {
                self.check_address(host, *address)
                    .map_err(LookUpError::Blocked)?;
            }
        }
        // The client sets the port itself.
        Ok(found
            .into_iter()
            .map(|address| SocketAddr::new(address, 0))
            .collect())
    }

    fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Blocked> {
        if (self.is_public)(address) {
            return Ok(());
        }
        Err(Blocked::Address {
            host: host.to_owned(),
            address,
        })
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// The reason why a host name could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookUpError {
    #[error(transparent)]
    Blocked(Blocked),
    #[error("the host name could not be looked up")]
    Failed(#[source] io::Error),
    #[error("the DNS lookup was interrupted")]
    Interrupted,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let look_up = move || guard.resolve_and_check(name.as_str());
            let found = threads::blocking_here_or_on(&Handle::current(), look_up)
                .await
                .ok_or(LookUpError::Interrupted)??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
