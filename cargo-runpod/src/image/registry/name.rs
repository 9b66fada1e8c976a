//! The name of an image: its registry, its repository and its tag or digest.

use std::fmt;
use std::net::IpAddr;

use oci_spec::distribution::{ParseError, Reference};
use reqwest::Url;

use crate::failure::Failure;

/// The host that serves Docker Hub's images.
const DOCKER_HUB: &str = "registry-1.docker.io";

#[derive(Debug, Clone)]
pub(crate) struct Name {
    reference: Reference,
    /// The registry's address.
    address: Url,
}

impl Name {
    /// Reads a name. `flag` is the place where the user wrote it. Registries on this machine are spoken to over plain
    /// HTTP, others only if `is_insecure`.
    pub(crate) fn parse(text: &str, flag: &str, is_insecure: bool) -> Result<Self, Failure> {
        let expected = "expected the name of an image, such as ghcr.io/me/worker:1";
        let invalid = |why: &dyn fmt::Display| {
            Failure::new(format!("{flag}: found {text:?}; {expected} ({why})"))
        };
        if text.contains("://") {
            return Err(invalid(&"a name has no scheme such as https://"));
        }
        let reference: Reference = text.parse().map_err(|error: ParseError| invalid(&error))?;
        let host = match reference.registry() {
            "docker.io" | "index.docker.io" => DOCKER_HUB,
            host => host,
        };
        let https = Url::parse(&format!("https://{host}/")).map_err(|error| invalid(&error))?;
        let address = if is_insecure || is_loopback(&https) {
            Url::parse(&format!("http://{host}/")).map_err(|error| invalid(&error))?
        } else {
            https
        };
        Ok(Self { reference, address })
    }

    /// Returns the registry as the user knows it.
    pub(crate) fn registry(&self) -> &str {
        self.reference.registry()
    }

    pub(crate) fn repository(&self) -> &str {
        self.reference.repository()
    }

    /// Returns the digest, otherwise the tag.
    pub(crate) fn version(&self) -> &str {
        let tag = self.reference.tag().unwrap_or("latest");
        self.reference.digest().unwrap_or(tag)
    }

    pub(crate) fn has_digest(&self) -> bool {
        self.reference.digest().is_some()
    }

    pub(crate) fn is_in_registry_of(&self, other: &Self) -> bool {
        self.address == other.address
    }

    pub(crate) fn address(&self) -> &Url {
        &self.address
    }

    pub(crate) fn is_on_this_machine(&self) -> bool {
        is_loopback(&self.address)
    }

    /// Tells whether a password may go to this token server of the registry, if it has no encryption. A registry on this
    /// machine must not send it to another one.
    pub(super) fn allows_plain(&self, realm: &Url) -> bool {
        self.address.scheme() == "http" && (!self.is_on_this_machine() || is_loopback(realm))
    }

    /// Returns the address of an operation on the repository.
    pub(crate) fn url(&self, operation: &str) -> String {
        format!("{}v2/{}/{operation}", self.address, self.repository())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reference)
    }
}

/// Tells whether the address is this machine's, so that plain HTTP is safe.
fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str, is_insecure: bool) -> String {
        Name::parse(text, "--push", is_insecure).map_or_else(
            |failure| failure.to_string(),
            |name| name.url(&format!("manifests/{}", name.version())),
        )
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (name, expected) in [
            (
                "localhost:5000/a/b:1",
                "http://localhost:5000/v2/a/b/manifests/1",
            ),
            (
                "127.0.0.1:5000/a",
                "http://127.0.0.1:5000/v2/a/manifests/latest",
            ),
            ("ghcr.io/me/a:1", "https://ghcr.io/v2/me/a/manifests/1"),
            (
                "debian:12",
                "https://registry-1.docker.io/v2/library/debian/manifests/12",
            ),
            (
                "127.0.0.1.example.com/a:1",
                "https://127.0.0.1.example.com/v2/a/manifests/1",
            ),
        ] {
            assert_eq!(url(name, false), expected);
        }
        assert_eq!(url("host:80/a:1", true), "http://host/v2/a/manifests/1");
    }

    #[test]
    fn a_registry_on_this_machine_does_not_send_a_password_to_another_one_in_plain() {
        let allows = |name, is_insecure, realm| {
            let name = Name::parse(name, "--push", is_insecure).unwrap();
            name.allows_plain(&Url::parse(realm).unwrap())
        };
        assert!(allows(
            "localhost:5000/a",
            false,
            "http://127.0.0.1:5001/token"
        ));
        assert!(!allows(
            "localhost:5000/a",
            false,
            "http://auth.example/token"
        ));
        assert!(!allows("ghcr.io/me/a", false, "http://127.0.0.1/token"));
        assert!(allows("registry.lan/a", true, "http://auth.lan/token"));
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_the_flag() {
        for name in ["", "https://ghcr.io/a", "Upper/Case:1", "a b", "a:b:c"] {
            let said = url(name, false);
            assert!(said.starts_with("error: --push: found"), "{name}: {said}");
        }
    }
}
