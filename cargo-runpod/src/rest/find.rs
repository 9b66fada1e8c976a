//! Finds an endpoint by its name or its id.

use super::client::Client;
use super::endpoint::Endpoint;
use crate::failure::Failure;
use crate::invoke::{code, safe_text};
use crate::settings::nearest::nearest;

/// Returns the endpoint with this name or id, or `None`. Two endpoints may have the same name; then only the id decides.
pub(crate) fn among<'a>(
    endpoints: &'a [Endpoint],
    name: &str,
) -> Result<Option<&'a Endpoint>, Failure> {
    if let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.id == name) {
        return Ok(Some(endpoint));
    }
    let named: Vec<_> = endpoints
        .iter()
        .filter(|endpoint| endpoint.name == name)
        .collect();
    match &named[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => {
            let ids: Vec<_> = several
                .iter()
                .map(|endpoint| safe_text::line(&endpoint.id, 60))
                .collect();
            Err(Failure::new(format!(
                "{} endpoints are named {name}; pass the id of one of them instead of the name: {}",
                ids.len(),
                ids.join(", ")
            ))
            .with_code(code::USAGE))
        }
    }
}

/// Returns the endpoint with this name or id. If there is none, the error shows similar names.
pub(crate) async fn existing(client: &Client, name: &str) -> Result<Endpoint, Failure> {
    let endpoints = client.endpoints().await?;
    if let Some(endpoint) = among(&endpoints, name)? {
        return Ok(endpoint.clone());
    }
    let names: Vec<&str> = endpoints
        .iter()
        .map(|endpoint| endpoint.name.as_str())
        .collect();
    let near = match &nearest(name, &names)[..] {
        [] => String::new(),
        near => format!(
            "; did you mean {}",
            safe_text::line(&near.join(" or "), 200)
        ),
    };
    Err(Failure::new(format!(
        "the account of this key has no endpoint {}{near}; `cargo runpod endpoints` lists all",
        safe_text::line(name, 100)
    ))
    .with_code(code::USAGE))
}
