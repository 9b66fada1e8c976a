//! The header `Authorization`: a password, or a token that the registry's token server gives for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_auth::parser::ChallengeParser;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::credentials::Credentials;
use super::trouble::{self, Trouble};

/// How long a token is valid if the token server does not say it.
const LIFETIME: u64 = 60;
/// A token is replaced this long before it expires, because a part of an upload takes a while.
const MARGIN: Duration = Duration::from_secs(10);

pub(super) struct Access {
    credentials: Option<Credentials>,
    /// The header for each set of permissions that was asked for.
    headers: Mutex<HashMap<String, Known>>,
    /// The registry's last demand, which is the same for all its repositories.
    demand: Mutex<Option<Challenge>>,
    /// Held while a token is asked for, so that several uploads share one.
    asking: tokio::sync::Mutex<()>,
}

struct Known {
    header: HeaderValue,
    /// When the header is too old. `None` if it never is.
    until: Option<Instant>,
}

/// The registry's demand for a login.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: String },
}

/// The answer of a token server.
#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
    /// In seconds.
    expires_in: Option<u64>,
}

impl Access {
    pub(super) fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            headers: Mutex::default(),
            demand: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Removes the secret from a message, because a server may repeat it.
    pub(super) fn redacted(&self, message: String) -> String {
        let secret = match &self.credentials {
            Some(Credentials::Password { password, .. }) => password,
            Some(Credentials::Identity(identity)) => identity,
            None => return message,
        };
        if secret.is_empty() {
            return message;
        }
        message.replace(secret.as_str(), "[redacted]")
    }

    /// Returns the header for these permissions: the one that was accepted before, or a new one if the registry's demand
    /// is known. Without it, a request would carry its body to the registry only to be refused.
    pub(super) async fn known(
        &self,
        http: &reqwest::Client,
        scopes: &[String],
        is_plain_allowed: &dyn Fn(&Url) -> bool,
    ) -> Result<Option<HeaderValue>, Trouble> {
        if let Some(header) = self.fresh(scopes) {
            return Ok(Some(header));
        }
        let Some(demand) = lock(&self.demand).clone() else {
            return Ok(None);
        };
        let _asking = self.asking.lock().await;
        // Another upload may have asked meanwhile.
        if let Some(header) = self.fresh(scopes) {
            return Ok(Some(header));
        }
        self.satisfied(http, demand, scopes, is_plain_allowed).await
    }

    /// Returns the header for these permissions if it is not too old.
    fn fresh(&self, scopes: &[String]) -> Option<HeaderValue> {
        let headers = lock(&self.headers);
        let known = headers.get(&scopes.join(" "))?;
        let is_fresh = known.until.is_none_or(|until| Instant::now() < until);
        is_fresh.then(|| known.header.clone())
    }

    /// Answers the registry's demand. `sent` is the header that it has refused. Returns `None` if there is nothing to
    /// answer with.
    pub(super) async fn answer(
        &self,
        http: &reqwest::Client,
        refused: &HeaderMap,
        sent: Option<&HeaderValue>,
        scopes: &[String],
        is_plain_allowed: &dyn Fn(&Url) -> bool,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let Some(demand) = challenge(refused) else {
            return Ok(None);
        };
        *lock(&self.demand) = Some(demand.clone());
        let _asking = self.asking.lock().await;
        if let Some(header) = self.fresh(scopes).filter(|header| Some(header) != sent) {
            return Ok(Some(header));
        }
        self.satisfied(http, demand, scopes, is_plain_allowed).await
    }

    async fn satisfied(
        &self,
        http: &reqwest::Client,
        demand: Challenge,
        scopes: &[String],
        is_plain_allowed: &dyn Fn(&Url) -> bool,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let known = match demand {
            Challenge::Basic => match &self.credentials {
                Some(Credentials::Password { user, password }) => {
                    // reqwest writes the header; it is read from a request that is never sent.
                    let header = basic(http, user, password);
                    header.map(|header| Known {
                        header,
                        until: None,
                    })
                }
                _ => None,
            },
            Challenge::Bearer { realm, service } => {
                let asked = Instant::now();
                let (token, seconds) = self
                    .token(http, &realm, &service, scopes, is_plain_allowed)
                    .await?;
                let header = HeaderValue::from_str(&format!("Bearer {token}"));
                header.ok().map(|mut header| {
                    header.set_sensitive(true);
                    let lifetime = Duration::from_secs(seconds).saturating_sub(MARGIN);
                    Known {
                        header,
                        until: asked.checked_add(lifetime),
                    }
                })
            }
        };
        let header = known.as_ref().map(|known| known.header.clone());
        if let Some(known) = known {
            lock(&self.headers).insert(scopes.join(" "), known);
        }
        Ok(header)
    }

    /// Asks the token server for a token, and returns it with its lifetime in seconds.
    async fn token(
        &self,
        http: &reqwest::Client,
        realm: &str,
        service: &str,
        scopes: &[String],
        is_plain_allowed: &dyn Fn(&Url) -> bool,
    ) -> Result<(String, u64), Trouble> {
        let unusable = |why: &str| {
            Trouble::Unreadable(format!("it demands a token from {realm:?}, and {why}"))
        };
        let mut url = Url::parse(realm).map_err(|_| unusable("this is not an address"))?;
        if url.scheme() != "https" && !is_plain_allowed(&url) {
            return Err(unusable("the password would be sent without encryption"));
        }
        let request = if let Some(Credentials::Identity(identity)) = &self.credentials {
            let scope = scopes.join(" ");
            let mut form = Url::parse("form:").map_err(|_| unusable("this is not an address"))?;
            form.query_pairs_mut()
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "cargo-runpod")
                .append_pair("service", service)
                .append_pair("scope", &scope)
                .append_pair("refresh_token", identity);
            http.post(url)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form.query().unwrap_or_default().to_owned())
        } else {
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("service", service);
                for scope in scopes {
                    query.append_pair("scope", scope);
                }
            }
            match &self.credentials {
                Some(Credentials::Password { user, password }) => {
                    http.get(url).basic_auth(user, Some(password))
                }
                _ => http.get(url),
            }
        };
        let answer = request
            .send()
            .await
            .map_err(|error| Trouble::of_connection(&error))?;
        let status = answer.status();
        let body = answer
            .bytes()
            .await
            .map_err(|error| Trouble::of_connection(&error))?;
        if !status.is_success() {
            return Err(Trouble::Refused {
                status,
                message: self.redacted(trouble::message(&body)),
                retry_after: None,
                had_credentials: self.has_credentials(),
            });
        }
        // The body is not shown, because it may contain a token.
        let granted: Granted =
            serde_json::from_slice(&body).map_err(|_| unusable("the answer is not JSON"))?;
        let seconds = granted.expires_in.unwrap_or(LIFETIME);
        let token = granted.token.or(granted.access_token);
        token
            .map(|token| (token, seconds))
            .ok_or_else(|| unusable("the answer has no token"))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the header for a password.
fn basic(http: &reqwest::Client, user: &str, password: &str) -> Option<HeaderValue> {
    let request = http
        .get("http://localhost/")
        .basic_auth(user, Some(password))
        .build()
        .ok()?;
    request.headers().get(AUTHORIZATION).cloned()
}

fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut found = None;
    for header in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = header.to_str() else { continue };
        for challenge in ChallengeParser::new(text).flatten() {
            let value = |name: &str| {
                challenge
                    .params
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                // A token is better than a password in each request.
                return Some(Challenge::Bearer {
                    realm: value("realm")?,
                    service: value("service").unwrap_or_default(),
                });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                found = Some(Challenge::Basic);
            }
        }
    }
    found
}

/// Tells whether a status asks for a login.
pub(super) fn is_demand(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(text));
        challenge(&headers)
    }

    #[test]
    fn a_demand_is_read_in_the_forms_that_registries_use() {
        assert_eq!(
            read(r#"Basic realm="Registry Realm""#),
            Some(Challenge::Basic)
        );
        assert_eq!(
            read(
                r#"Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push""#
            ),
            Some(Challenge::Bearer {
                realm: "https://auth.example/token".to_owned(),
                service: "registry".to_owned()
            })
        );
        assert_eq!(read("Negotiate"), None);
        assert_eq!(read("Bearer ,,,\""), None);
    }
}
