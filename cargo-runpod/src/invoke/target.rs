//! The destination of a job: an address and the key for it.
//!
//! The choice of the key depends only on the user's request, never on an answer. Runpod's key goes only to deployed
//! endpoints, and only over TLS.

use std::env::{self, VarError};
use std::time::Duration;

use reqwest::Url;

use super::arguments::Place;
use super::key::Key;
use super::safe_text;
use crate::failure::Failure;

/// The default address of a local endpoint.
pub(super) const LOCAL: &str = "http://127.0.0.1:8000";
const DEPLOYED: &str = "https://api.runpod.ai/v2";

/// The variable that Runpod's Python client also reads. Endpoints are at `<base>/<id>`.
const BASE: &str = "RUNPOD_ENDPOINT_BASE_URL";
const DEPLOYED_KEY: &str = "RUNPOD_API_KEY";
const LOCAL_KEY: &str = "RUNPOD_LOCAL_API_KEY";

#[derive(Debug)]
pub(super) struct Target {
    /// The address without a trailing slash. The operations are below it.
    pub(super) url: String,
    /// Whether the address is on this machine.
    pub(super) is_here: bool,
    pub(super) key: Option<Key>,
    /// The variable that the key is read from.
    pub(super) key_variable: &'static str,
    /// The id of a deployed endpoint.
    pub(super) endpoint: Option<String>,
}

impl Target {
    /// Returns how long requests are retried if the user chose no time.
    pub(super) fn usual_retry_for(&self) -> Duration {
        Duration::from_secs(if self.is_here { 10 } else { 60 })
    }
}

/// Returns the target that the flags or the variables name, or `None` if they name none.
pub(super) fn named(place: &Place) -> Result<Option<Target>, Failure> {
    if let Some(url) = &place.url {
        let url = address("--url", url)?;
        return at(&url, LOCAL_KEY, None).map(Some);
    }
    if let Some(port) = place.port {
        return here(&format!("http://127.0.0.1:{port}")).map(Some);
    }
    let base = base()?;
    match (&place.endpoint, base) {
        (Some(id), base) => {
            let base = match base {
                Some(base) => base,
                None => address("the address of Runpod", DEPLOYED)?,
            };
            of_id(&base, id).map(Some)
        }
        (None, Some(base)) if is_here(&base) => {
            at(&below(&base, "local")?, LOCAL_KEY, None).map(Some)
        }
        (None, _) => Ok(None),
    }
}

/// Returns the target at an address on this machine.
pub(super) fn here(url: &str) -> Result<Target, Failure> {
    at(&address("the local address", url)?, LOCAL_KEY, None)
}

fn of_id(base: &Url, id: &str) -> Result<Target, Failure> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if id.is_empty() || !id.bytes().all(is_plain) {
        let found = safe_text::line(id, 60);
        return Err(usage(format!(
            "--endpoint: found {found:?}; expected the id of an endpoint, letters and digits such as 3xk9d0q2m1n7aa; for an \
             address, use --url"
        )));
    }
    let url = below(base, id)?;
    let endpoint = Some(id.to_owned());
    if is_here(base) {
        return at(&url, LOCAL_KEY, endpoint);
    }
    if base.scheme() != "https" {
        return Err(usage(format!(
            "{BASE}: {} is not encrypted, so others could read the key in {DEPLOYED_KEY} on its way; expected an address that \
             begins with https://",
            shown(base)
        )));
    }
    let target = at(&url, DEPLOYED_KEY, endpoint)?;
    if target.key.is_none() {
        return Err(usage(format!(
            "{DEPLOYED_KEY} is not set, but a deployed endpoint requires a key; create one in the Runpod console under \
             Settings, API Keys, and set the variable to it"
        )));
    }
    Ok(target)
}

fn at(url: &Url, key_variable: &'static str, endpoint: Option<String>) -> Result<Target, Failure> {
    Ok(Target {
        url: shown(url),
        is_here: is_here(url),
        key: Key::from_variable(key_variable)?,
        key_variable,
        endpoint,
    })
}

fn base() -> Result<Option<Url>, Failure> {
    match env::var(BASE) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => address(BASE, text.trim()).map(Some),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(usage(format!("{BASE} is not UTF-8; expected an address")))
        }
    }
}

/// Parses an address. `whose` names the flag or the variable that it comes from.
pub(crate) fn address(whose: &str, text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_for_http = matches!(url.scheme(), "http" | "https");
        is_for_http && url.has_host()
    });
    let Some(url) = url else {
        let found = safe_text::line(text.split('?').next().unwrap_or_default(), 100);
        return Err(usage(format!(
            "{whose}: found {found:?}; expected an address that begins with http:// or https://, such as {LOCAL}"
        )));
    };
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_more {
        // The message does not repeat the address, because these parts often contain a secret.
        return Err(usage(format!(
            "{whose}: the address contains a user name, a `?` or a `#`; expected only host, port and path, such as {LOCAL}. \
             To send a key, set {LOCAL_KEY} or {DEPLOYED_KEY}"
        )));
    }
    Ok(url)
}

fn below(base: &Url, id: &str) -> Result<Url, Failure> {
    address(BASE, &format!("{}/{id}", shown(base)))
}

pub(crate) fn shown(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

pub(crate) fn is_here(url: &Url) -> bool {
    // For IPv6, `host_str` includes the brackets.
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn usage(text: String) -> Failure {
    Failure::new(text).with_code(super::code::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_several_names() {
        for url in [
            "http://localhost:8000",
            "http://127.0.0.2",
            "https://[::1]:9/v2",
        ] {
            assert!(is_here(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "http://localhost.example",
            "http://10.0.0.1",
            "https://api.runpod.ai/v2",
        ] {
            assert!(!is_here(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn an_address_that_may_carry_a_secret_is_refused_and_not_shown() {
        for url in [
            "http://u:very-secret@host",
            "http://host/?key=very-secret",
            "very-secret@host",
        ] {
            let error = address("--url", url).unwrap_err().to_string();
            assert!(error.contains("--url"), "{error}");
        }
        let error = address("--url", "http://u:very-secret@host")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("very-secret"), "{error}");
    }

    #[test]
    fn operations_are_below_the_address_with_or_without_a_slash_at_its_end() {
        let base = Url::parse("https://api.runpod.ai/v2/").unwrap();
        assert_eq!(
            shown(&below(&base, "abc").unwrap()),
            "https://api.runpod.ai/v2/abc"
        );
        assert_eq!(
            shown(&Url::parse("http://127.0.0.1:8000/").unwrap()),
            "http://127.0.0.1:8000"
        );
    }
}
