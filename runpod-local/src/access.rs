//! Additional host names and origins that may use the endpoint. The endpoint's own page and this machine's own names
//! may always use it.

use reqwest::Url;

/// The error for a host name or an origin that cannot be allowed.
///
/// ```
/// use runpod_local::Endpoint;
///
/// let error = Endpoint::new().allow_host("https://example.com/").unwrap_err();
/// assert!(error.to_string().contains("expected a host name"));
/// let error = Endpoint::new().allow_origin("example.com").unwrap_err();
/// assert!(error.to_string().contains("expected an origin"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct AllowError(#[from] AllowErrorKind);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum AllowErrorKind {
    #[error(
        "{0:?} cannot be allowed; expected a host name such as host.docker.internal, without a scheme, port or path. To allow \
         every name below a domain, put `*.` before it: *.proxy.runpod.net"
    )]
    Host(String),
    #[error(
        "{0:?} cannot be allowed; expected an origin such as http://localhost:3000: http or https, host and port, \
         without a path"
    )]
    Origin(String),
    #[error(
        "`*` cannot be allowed, because then any web page could use the endpoint; name each {0}"
    )]
    Every(&'static str),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    hosts: Vec<HostPattern>,
    /// The origins in the form that browsers send.
    origins: Vec<String>,
}

impl Access {
    pub(crate) fn allow_host(&mut self, name: &str) -> Result<(), AllowError> {
        self.hosts.push(HostPattern::parse(name)?);
        Ok(())
    }

    pub(crate) fn allow_origin(&mut self, origin: &str) -> Result<(), AllowError> {
        self.origins.push(parsed_origin(origin)?);
        Ok(())
    }

    /// Tells whether a host name is allowed. `name` has no port.
    pub(crate) fn has_host(&self, name: &str) -> bool {
        self.hosts.iter().any(|pattern| pattern.matches(name))
    }

    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

#[derive(Debug, Clone)]
struct HostPattern {
    name: String,
    /// Whether the pattern matches the names below the domain instead of the domain itself.
    below: bool,
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, AllowErrorKind> {
        let text = text.trim();
        if text == "*" {
            return Err(AllowErrorKind::Every("host"));
        }
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let is_label = |label: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.bytes().all(is_plain)
        };
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(AllowErrorKind::Host(text.to_owned()));
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            below,
        })
    }

    fn matches(&self, name: &str) -> bool {
        if !self.below {
            return name.eq_ignore_ascii_case(&self.name);
        }
        name.to_ascii_lowercase()
            .strip_suffix(&self.name)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|rest| !rest.is_empty())
    }
}

fn parsed_origin(text: &str) -> Result<String, AllowErrorKind> {
    let text = text.trim();
    if text == "*" {
        return Err(AllowErrorKind::Every("origin"));
    }
    let wrong = || AllowErrorKind::Origin(text.to_owned());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if is_bare && matches!(url.scheme(), "http" | "https") && url.host().is_some() {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn a_name_is_allowed_as_it_is_and_a_pattern_allows_what_is_below_it() {
        let mut access = Access::default();
        access.allow_host("Host.Docker.Internal").unwrap();
        access.allow_host("*.proxy.runpod.net").unwrap();
        for (name, allowed) in [
            ("host.docker.internal", true),
            ("HOST.docker.internal", true),
            ("x.host.docker.internal", false),
            ("pod1-8000.proxy.runpod.net", true),
            ("a.b.proxy.runpod.net", true),
            ("proxy.runpod.net", false),
            (".proxy.runpod.net", false),
            ("evilproxy.runpod.net", false),
            ("proxy.runpod.net.evil.example", false),
        ] {
            assert_eq!(access.has_host(name), allowed, "{name}");
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "a..b",
            "http://a",
            "a/b",
            "a:80",
            "[::1]",
            "a b",
            "*.*.a",
            "ä.example",
        ] {
            assert!(Access::default().allow_host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_compared_as_browsers_write_it() {
        let mut access = Access::default();
        access.allow_origin("HTTPS://Front.example:443/").unwrap();
        access.allow_origin("http://localhost:3000").unwrap();
        for (origin, allowed) in [
            ("https://front.example", true),
            ("http://front.example", false),
            ("http://localhost:3000", true),
            ("http://localhost:3001", false),
            ("http://localhost", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(access.has_origin(origin), allowed, "{origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "localhost:3000",
            "http://",
            "http://a/b",
            "http://a?b",
            "http://a#b",
            "http://u@a",
            "ftp://a",
            "file:///a",
        ] {
            assert!(Access::default().allow_origin(text).is_err(), "{text}");
        }
    }
}
