//! The handlers that the server offers, by the paths at which it offers them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::text::both_ends_of;

/// How much of an unknown path an answer repeats, in characters.
const LONGEST_FOUND: usize = 100;

/// A handler, as clients see it.
#[derive(Debug, Clone)]
pub(crate) struct HandlerEntry {
    pub(crate) streams: bool,
    /// The JSON Schemas of its input and of its output or items, if they are known.
    pub(crate) input: Option<Value>,
    pub(crate) output: Option<Value>,
}

/// All handlers of the server.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    /// Whether `POST /` leads to a handler: to the only one, or to the one that the input names.
    pub(crate) has_root: bool,
    pub(crate) handlers: BTreeMap<Arc<str>, HandlerEntry>,
    /// Whether a handler serves a route of `OpenAI`'s API.
    #[cfg(feature = "openai")]
    pub(crate) has_openai: bool,
}

/// The destination of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The only handler, or the handler that the input names.
    Root,
    Handler(Arc<str>),
}

impl Catalogue {
    /// Returns whether this is a request of an `OpenAI` client that the handlers serve.
    #[cfg(feature = "openai")]
    pub(super) fn is_openai_route(&self, method: &axum::http::Method, path: &str) -> bool {
        use axum::http::Method;

        use crate::openai::Route;

        let is_route = match *method {
            Method::POST => Route::ALL.into_iter().any(|route| route.path() == path),
            Method::GET => path == "/v1/models" || path.starts_with("/v1/models/"),
            _ => false,
        };
        self.has_openai && is_route
    }

    /// Returns the destination of `path`. The name in a path may be percent-encoded.
    pub(super) fn find(&self, path: &str) -> Option<Target> {
        let name = path.strip_prefix('/')?;
        if name.is_empty() && self.has_root {
            return Some(Target::Root);
        }
        let name = percent_encoding::percent_decode_str(name)
            .decode_utf8()
            .ok()?;
        let (name, _) = self.handlers.get_key_value(&*name)?;
        Some(Target::Handler(Arc::clone(name)))
    }

    /// Describes a path that leads nowhere.
    pub(super) fn unknown(&self, path: &str) -> String {
        let path = both_ends_of(path, LONGEST_FOUND);
        let paths: Vec<_> = self.paths().collect();
        format!(
            "nothing is served at {}; the handlers of this worker are at {}",
            path.escape_debug(),
            paths.join(", ")
        )
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        self.handlers.keys().map(|name| path_of(name))
    }
}

/// Returns the path of a handler.
pub(super) fn path_of(name: &str) -> String {
    format!("/{}", crate::text::encode_component(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_found_by_its_encoded_name() {
        let entry = HandlerEntry {
            streams: false,
            input: None,
            output: None,
        };
        let mut catalogue = Catalogue {
            #[cfg(feature = "openai")]
            has_openai: false,
            has_root: false,
            handlers: BTreeMap::from([("grüße".into(), entry.clone()), ("a/b".into(), entry)]),
        };
        let found = |path: &str| catalogue.find(path);
        assert_eq!(
            found(&path_of("grüße")),
            Some(Target::Handler("grüße".into()))
        );
        assert_eq!(found("/a/b"), Some(Target::Handler("a/b".into())));
        assert_eq!(found("/a%2Fb"), Some(Target::Handler("a/b".into())));
        for unknown in ["/", "/c", "/%FF", "a/b", ""] {
            assert_eq!(found(unknown), None, "{unknown}");
        }
        catalogue.has_root = true;
        assert_eq!(catalogue.find("/"), Some(Target::Root));
    }
}
