//! The sources of downloads: URLs, and data URLs, which contain their content.

use std::fmt;
use std::path::PathBuf;

use data_url::DataUrl;
use reqwest::Url;

use super::error::Cause;
use super::file_name;
use super::sink;
use super::transfer::Fetched;

/// Returns a name of a source for messages. A URL's query and credentials may be secret, and a data URL is its own
/// content.
pub(crate) fn name_of(source: &str) -> String {
    if is_data_url(source) {
        return "the data URL".to_owned();
    }
    match Url::parse(source) {
        Ok(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            // These fail for URLs without a host, which have no credentials.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            crate::text::visible(url.as_str())
        }
        // A text that is no URL may be anything, so only its length is shown.
        Err(_) => format!("the URL of {} bytes", source.len()),
    }
}

pub(super) fn is_data_url(source: &str) -> bool {
    source
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

pub(super) async fn from_data_url(
    source: &str,
    directory: PathBuf,
    limit: u64,
) -> Result<Fetched, Cause> {
    let malformed =
        |why: &dyn fmt::Debug| Cause::Encoding(format!("it is not a valid data URL ({why:?})"));
    let url = DataUrl::process(source).map_err(|error| malformed(&error))?;
    let (content, _) = url.decode_to_vec().map_err(|error| malformed(&error))?;
    Ok(Fetched {
        written: sink::write_all(directory, content, limit).await?,
        name: file_name::FALLBACK.to_owned(),
        content_type: Some(url.mime_type().to_string()),
    })
}
