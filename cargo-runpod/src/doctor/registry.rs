//! The login of an image registry, in docker's configuration. No name and no password is shown.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::finding::Finding;
use super::programs::{Answer, ask};

const SUBJECT: &str = "registry";

/// The key under which docker keeps the login of Docker Hub.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: Map<String, Value>,
    cred_helpers: Map<String, Value>,
    creds_store: Option<String>,
}

/// Checks the login for the registry of `image`. Without an image, checks that there is any login.
pub(super) async fn login(image: Option<&str>) -> Finding {
    let Some(path) = path() else {
        return Finding::warning(
            SUBJECT,
            "neither DOCKER_CONFIG nor HOME is set, so there is no docker configuration",
            "set HOME",
        );
    };
    let shown = path.display().to_string();
    let config = match fs::read(&path) {
        Ok(text) => match serde_json::from_slice::<Config>(&text) {
            Ok(config) => config,
            Err(error) => {
                return Finding::problem(
                    SUBJECT,
                    format!("{shown} is not a docker configuration: {}", place(&error)),
                    "correct the file, or remove it and log in again",
                );
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Config::default(),
        Err(error) => {
            return Finding::problem(
                SUBJECT,
                format!("cannot read {shown}: {error}"),
                "make the file readable for you",
            );
        }
    };
    match image {
        Some(image) => of_registry(&config, &shown, host(image)).await,
        None => any(&config, &shown),
    }
}

fn any(config: &Config, shown: &str) -> Finding {
    let mut hosts: Vec<_> = config
        .auths
        .keys()
        .chain(config.cred_helpers.keys())
        .map(|it| bare(it))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    if hosts.is_empty() && config.creds_store.is_none() {
        return Finding::warning(
            SUBJECT,
            format!("{shown} has no login; you need one to push an image"),
            "log in with `docker login REGISTRY` or `skopeo login`; --image NAME checks a certain registry",
        );
    }
    let hosts = if hosts.is_empty() {
        "in the credential store".to_owned()
    } else {
        format!("for {}", hosts.join(", "))
    };
    Finding::ok(
        SUBJECT,
        format!("{shown} has logins {hosts}; --image NAME checks one of them"),
    )
}

async fn of_registry(config: &Config, shown: &str, host: &str) -> Finding {
    let log_in = format!("run `docker login {host}`");
    let entry = config.auths.iter().find(|(key, _)| bare(key) == host);
    let helper = config
        .cred_helpers
        .iter()
        .find(|(key, _)| bare(key) == host);
    let helper = helper
        .and_then(|(_, name)| name.as_str())
        .or(config.creds_store.as_deref());
    let has_secret = |value: &Value| {
        ["auth", "identitytoken"]
            .iter()
            .any(|key| value[*key].as_str().is_some_and(|it| !it.is_empty()))
    };
    if entry.is_some_and(|(_, value)| has_secret(value)) {
        return Finding::ok(SUBJECT, format!("{shown} has a login for {host}"));
    }
    let Some(helper) = helper else {
        return Finding::problem(SUBJECT, format!("{shown} has no login for {host}"), log_in);
    };
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if !helper.chars().all(is_plain) {
        return Finding::problem(
            SUBJECT,
            format!("{shown} names a credential helper that cannot be a program"),
            "correct `credsStore` and `credHelpers` in the file",
        );
    }
    let program = format!("docker-credential-{helper}");
    let asked = entry.map_or(host, |(key, _)| key);
    let asked = if asked == "docker.io" {
        DOCKER_HUB
    } else {
        asked
    };
    match ask(&program, &["get"], asked).await {
        // The answer contains the password.
        Answer::Said(_) => Finding::ok(SUBJECT, format!("`{program}` has a login for {host}")),
        // A helper's message could contain a secret, too.
        Answer::Failed(_) => Finding::problem(
            SUBJECT,
            format!("`{program}` has no login for {host}"),
            log_in,
        ),
        other => Finding::problem(
            SUBJECT,
            other.told(&program),
            format!(
                "install the helper that {shown} names, or remove it from the file and log in again"
            ),
        ),
    }
}

fn path() -> Option<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    let folder = variable("DOCKER_CONFIG").or_else(|| Some(variable("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}

/// Returns the registry of an image by docker's rule: the first part, if it looks like a host.
fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => bare(first),
        _ => "docker.io",
    }
}

/// Returns the host of a key in the configuration.
fn bare(key: &str) -> &str {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    match key.split('/').next().unwrap_or(key) {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    }
}

/// Describes a syntax error without the text of the file, which may contain a password.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_of_an_image_follows_the_rule_of_docker() {
        for (image, expected) in [
            ("hello", "docker.io"),
            ("ada/hello:1", "docker.io"),
            ("docker.io/ada/hello", "docker.io"),
            ("index.docker.io/ada/hello", "docker.io"),
            ("ghcr.io/ada/hello@sha256:00", "ghcr.io"),
            ("localhost/hello", "localhost"),
            ("127.0.0.1:5000/hello", "127.0.0.1:5000"),
        ] {
            assert_eq!(host(image), expected, "{image}");
        }
    }
}
