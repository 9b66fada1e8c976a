//! Why an endpoint could not be started.

use crate::api_key::ApiKeyError;
use crate::serve::ListenError;

/// Why an endpoint could not be started: its port is taken, its address is none of this machine's, or its id or key
/// cannot be used.
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

/// The id as it was given, if it can be one.
pub(crate) fn checked_id(id: String) -> Result<String, BindErrorKind> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(is_plain) {
        return Err(BindErrorKind::Id(id));
    }
    Ok(id)
}

impl BindError {
    /// Another program listens on that port, at one of the host's addresses at least.
    pub fn is_in_use(&self) -> bool {
        matches!(&self.0, BindErrorKind::Listen(error) if error.is_in_use())
    }
}
