//! The header `Authorization`: a password, or a token that the registry's token server gives for it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use http_auth::parser::ChallengeParser;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::credentials::Credentials;
use super::trouble::{self, Trouble};

pub(super) struct Access {
    credentials: Option<Credentials>,
    /// The header for each set of permissions that was asked for.
    headers: Mutex<HashMap<String, HeaderValue>>,
}

/// The registry's demand for a login.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: String },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Access {
    pub(super) fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            headers: Mutex::default(),
        }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Returns the header that was accepted for these permissions before.
    pub(super) fn known(&self, scopes: &[String]) -> Option<HeaderValue> {
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.get(&scopes.join(" ")).cloned()
    }

    /// Answers the registry's demand. Returns `None` if there is nothing to answer with.
    pub(super) async fn answer(
        &self,
        http: &reqwest::Client,
        refused: &HeaderMap,
        scopes: &[String],
        may_be_plain: bool,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let header = match challenge(refused) {
            Some(Challenge::Basic) => match &self.credentials {
                Some(Credentials::Password { user, password }) => {
                    // reqwest writes the header; it is read from a request that is never sent.
                    basic(http, user, password)
                }
                _ => None,
            },
            Some(Challenge::Bearer { realm, service }) => {
                let token = self
                    .token(http, &realm, &service, scopes, may_be_plain)
                    .await?;
                let header = HeaderValue::from_str(&format!("Bearer {token}"));
                header.ok().map(|mut header| {
                    header.set_sensitive(true);
                    header
                })
            }
            None => None,
        };
        if let Some(header) = &header {
            let mut headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
            headers.insert(scopes.join(" "), header.clone());
        }
        Ok(header)
    }

    async fn token(
        &self,
        http: &reqwest::Client,
        realm: &str,
        service: &str,
        scopes: &[String],
        may_be_plain: bool,
    ) -> Result<String, Trouble> {
        let unusable = |why: &str| {
            Trouble::Unreadable(format!("it demands a token from {realm:?}, and {why}"))
        };
        let mut url = Url::parse(realm).map_err(|_| unusable("this is not an address"))?;
        if url.scheme() != "https" && !may_be_plain {
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
                message: trouble::message(&body),
                retry_after: None,
                had_credentials: self.has_credentials(),
            });
        }
        // The body is not shown, because it may contain a token.
        let token: Token =
            serde_json::from_slice(&body).map_err(|_| unusable("the answer is not JSON"))?;
        token
            .token
            .or(token.access_token)
            .ok_or_else(|| unusable("the answer has no token"))
    }
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
