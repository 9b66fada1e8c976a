//! The error of an endpoint that could not be started.

use crate::api_key::ApiKeyError;
use crate::serve::ListenError;

/// The error of an endpoint that could not be started.
///
/// For example, its port is in use, this machine does not have its address, or its id or key is not valid.
///
/// ```
/// use runpod_local::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let first = Endpoint::new().bind("127.0.0.1", 0).await?;
///
/// let error = Endpoint::new().bind("127.0.0.1", first.address().port()).await.unwrap_err();
/// assert!(error.is_in_use());
/// assert_eq!(error.to_string(), "the port is in use by another program");
///
/// let error = Endpoint::new().id("no/id").bind("127.0.0.1", 0).await.unwrap_err();
/// assert!(!error.is_in_use());
/// # first.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BindError(#[from] BindErrorKind);

#[derive(Debug, thiserror::Error)]
pub(crate) enum BindErrorKind {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(
        "{0:?} is not a valid endpoint id: expected letters, digits, `-` and `_`, at most {LONGEST_ID} characters"
    )]
    Id(String),
    #[error("the API key cannot be used: {0}")]
    ApiKey(#[from] ApiKeyError),
}

const LONGEST_ID: usize = 64;

/// Returns the id if it is valid.
pub(crate) fn checked_id(id: String) -> Result<String, BindErrorKind> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(is_plain) {
        return Err(BindErrorKind::Id(id));
    }
    Ok(id)
}

impl BindError {
    /// Returns whether another program listens on the port, at one or more of the host's addresses.
    pub fn is_in_use(&self) -> bool {
        matches!(&self.0, BindErrorKind::Listen(error) if error.is_in_use())
    }
}
