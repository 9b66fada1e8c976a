//! Checks whether clients can send an API key.

/// The error for a text that cannot be an API key.
///
/// Clients send the key in a request header, which cannot carry line breaks, or spaces at its ends. The message says
/// where the problem is and does not repeat the key.
///
/// ```
/// let error = runpod_local::check_api_key("sk-1\n").unwrap_err();
/// assert_eq!(error.to_string(), "it ends with a line break, which no request header can carry");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ApiKeyError(#[from] ApiKeyErrorKind);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum ApiKeyErrorKind {
    #[error("it is empty")]
    Empty,
    #[error("it is blank")]
    Blank,
    #[error("it ends with a line break, which no request header can carry")]
    LineBreak,
    #[error("it begins or ends with a space, which a request header does not keep")]
    Space,
    #[error(
        "character {0} of {1} cannot be sent in a request header; expected visible ASCII characters"
    )]
    Character(usize, usize),
}

/// Checks an API key before anything is started with it.
///
/// [`Endpoint::bind`](crate::Endpoint::bind) does the same check. A program that reads the key from a variable can
/// check it first, to name the variable in its error.
///
/// ```
/// assert!(runpod_local::check_api_key("sk-1").is_ok());
/// for key in ["", " ", "sk-1\n", " sk-1", "sk\u{7}1", "schlüssel"] {
///     assert!(runpod_local::check_api_key(key).is_err(), "{key:?}");
/// }
/// ```
///
/// # Errors
///
/// Fails if no client can send the key as it is.
pub fn check_api_key(key: &str) -> Result<(), ApiKeyError> {
    let is_sent = |character: char| character.is_ascii_graphic() || character == ' ';
    let fault = if key.is_empty() {
        ApiKeyErrorKind::Empty
    } else if key.trim().is_empty() {
        ApiKeyErrorKind::Blank
    } else if key.ends_with(['\n', '\r']) {
        ApiKeyErrorKind::LineBreak
    } else if let Some(index) = key.chars().position(|character| !is_sent(character)) {
        ApiKeyErrorKind::Character(index + 1, key.chars().count())
    } else if key.starts_with(' ') || key.ends_with(' ') {
        ApiKeyErrorKind::Space
    } else {
        return Ok(());
    };
    Err(fault.into())
}
