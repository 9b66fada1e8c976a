//! Whether the environment routes a URL through a proxy.

use std::env;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// Returns the name of the environment's variable that routes `url` through a proxy. The value is not shown, because it
/// may contain a password.
pub(super) fn of(url: &Url) -> Option<&'static str> {
    let target = url.as_str().parse().ok()?;
    Matcher::from_env().intercept(&target)?;
    let of_scheme: &[&'static str] = if url.scheme() == "https" {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
    };
    let is_set = |name: &&&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    Some(
        of_scheme
            .iter()
            .find(is_set)
            .copied()
            .unwrap_or("a proxy variable"),
    )
}
