//! `$ref`: what the document names once and uses in several places.

use serde_json::{Map, Value, json};

pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// An object of the values that these names refer to.
pub(super) fn references<'a>(
    kind: &str,
    names: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Map<String, Value> {
    names
        .into_iter()
        .map(|(key, name)| (key.to_owned(), reference(kind, name)))
        .collect()
}
