//! `$ref`: refers to parts of the document that are used in several places.

use serde_json::{Map, Value, json};

pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// Returns an object whose values are references to these names.
pub(super) fn references<'a>(
    kind: &str,
    names: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Map<String, Value> {
    names
        .into_iter()
        .map(|(key, name)| (key.to_owned(), reference(kind, name)))
        .collect()
}
