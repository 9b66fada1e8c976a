//! The TLS configuration of every HTTP client: the bundled root certificates, with ring as the provider of cryptography.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Creates the configuration of a client that trusts the bundled root certificates.
///
/// # Errors
///
/// Returns an error if the provider does not support the default protocol versions.
pub(crate) fn client_config() -> Result<ClientConfig, rustls::Error> {
    client_config_trusting(RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    })
}

/// Creates the configuration of a client that trusts `roots`.
///
/// # Errors
///
/// Returns an error if the provider does not support the default protocol versions.
pub(crate) fn client_config_trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
