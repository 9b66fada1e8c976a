//! The HTTP client: TLS with bundled root certificates, and the API key in a header that is never shown.

use std::net::ToSocketAddrs as _;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use tokio::runtime::Handle;

use crate::config::Secret;
use crate::error::with_causes;
use crate::process::threads;
use crate::tls;

/// The reason why the client could not be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
    #[error("RUNPOD_AI_API_KEY contains characters that are not allowed in an HTTP header")]
    Key,
}

/// Creates a client for the platform. The client never stores data of a job.
pub(super) fn build(key: Option<&Secret>, handlers: &Handle) -> Result<Client, ClientError> {
    build_with(tls::client_config()?, key, handlers)
}

fn build_with(
    tls: ClientConfig,
    key: Option<&Secret>,
    handlers: &Handle,
) -> Result<Client, ClientError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(agent) = HeaderValue::from_str(&user_agent()) {
        headers.insert(USER_AGENT, agent);
    }
    let mut key =
        HeaderValue::from_str(key.map_or("", Secret::expose)).map_err(|_| ClientError::Key)?;
    key.set_sensitive(true);
    headers.insert(AUTHORIZATION, key);
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers(headers)
        .connect_timeout(Duration::from_secs(10))
        .dns_resolver(Names {
            handlers: handlers.clone(),
        })
        .tcp_nodelay(true)
        // Redirects are not followed, because the API key must be sent only to the addresses that the platform gave.
        .redirect(Policy::none())
        .no_proxy()
        .build()?;
    Ok(client)
}

/// Looks up host names with the system's resolver. reqwest's own resolver panics if the system refuses a thread.
struct Names {
    handlers: Handle,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let handlers = self.handlers.clone();
        Box::pin(async move {
            // reqwest sets the port itself.
            let look_up = move || (name.as_str(), 0).to_socket_addrs();
            let found = threads::blocking_here_or_on(&handlers, look_up).await;
            let found = found.ok_or("the DNS lookup was interrupted")??;
            Ok(Box::new(found) as Addrs)
        })
    }
}

/// Returns a text such as `RunPod-Rust-SDK/0.1.0 (Linux 6.1.0; x86_64) Language/Rust 1.95`, in the Python SDK's format.
fn user_agent() -> String {
    format!(
        "RunPod-Rust-SDK/{} ({}; {}) Language/Rust {}",
        crate::platform::VERSION,
        crate::platform::debugger::operating_system(),
        std::env::consts::ARCH,
        env!("CARGO_PKG_RUST_VERSION"),
    )
}

/// Describes an error with its causes but without the URL, whose query may contain secrets.
pub(super) fn describe(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    /// Starts a real TLS server on loopback that accepts `connections` connections. Also returns the server's
    /// certificate.
    fn tls_server(connections: usize) -> (SocketAddr, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap()
            .der()
            .clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(connections) {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tls = StreamOwned::new(connection, stream.unwrap());
                let mut request = [0; 4096];
                // A client that does not trust the server closes the connection here.
                if tls.read(&mut request).is_ok_and(|length| length > 0) {
                    let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                    let _ = tls.flush();
                }
            }
        });
        (address, certificate)
    }

    #[tokio::test]
    async fn a_server_whose_certificate_nobody_vouches_for_gets_no_request() {
        let (address, certificate) = tls_server(2);
        let url = format!("https://localhost:{}/", address.port());

        let error = build(None, &Handle::current())
            .unwrap()
            .get(&url)
            .send()
            .await
            .unwrap_err();
        assert!(super::super::describe(error).contains("UnknownIssuer"));

        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let trusting = tls::client_config_trusting(roots).unwrap();
        let trusting = build_with(trusting, None, &Handle::current()).unwrap();
        assert_eq!(trusting.get(&url).send().await.unwrap().status(), 204);
    }

    #[tokio::test]
    async fn the_key_is_not_shown_by_the_client() {
        let key = Secret::new("very-secret-key");
        let client = build(Some(&key), &Handle::current()).unwrap();
        assert!(!format!("{client:?}").contains("very-secret-key"));
    }

    #[tokio::test]
    async fn a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it() {
        let key = Secret::new("line\nbreak");
        let error = build(Some(&key), &Handle::current()).unwrap_err();
        assert!(matches!(error, ClientError::Key));
        assert!(!error.to_string().contains("break"));
    }
}
