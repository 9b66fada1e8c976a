//! Reads one table of `[package.metadata.runpod]`. Every unknown key is an error that lists the known ones.

use cargo_metadata::Package;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::nearest::hint;
use crate::failure::Failure;

/// The tables that exist.
const TABLES: [&str; 2] = ["image", "deploy"];

/// The keys of a table, or of the tables below the key of this name. The name of the table itself is empty.
pub(super) type Keys = (&'static str, &'static [&'static str]);

/// Reads a table of a package. A table that is absent has the default settings.
pub(super) fn read<T: DeserializeOwned + Default>(
    package: &Package,
    name: &str,
    keys: &[Keys],
) -> Result<T, Failure> {
    described(package, name, keys).map_err(Failure::new)
}

/// Reads a table like [`read`], and returns the text of an error.
pub(super) fn described<T: DeserializeOwned + Default>(
    package: &Package,
    name: &str,
    keys: &[Keys],
) -> Result<T, String> {
    of(&package.metadata, name, keys).map_err(|fault| format!("{}: {fault}", package.manifest_path))
}

/// Reads a table from a package's metadata. All unknown keys are reported together.
pub(super) fn of<T: DeserializeOwned + Default>(
    metadata: &Value,
    name: &str,
    keys: &[Keys],
) -> Result<T, String> {
    let Some(tables) = metadata.get("runpod") else {
        return Ok(T::default());
    };
    if !tables.is_object() {
        return Err("[package.metadata.runpod] is not a table".to_owned());
    }
    let unknown = unknown(tables, "table ", &TABLES);
    if !unknown.is_empty() {
        return Err(format!("[package.metadata.runpod]: {}", unknown.join("\n")));
    }
    let Some(table) = tables.get(name) else {
        return Ok(T::default());
    };
    let place = format!("[package.metadata.runpod.{name}]");
    let unknown: Vec<String> = keys
        .iter()
        .flat_map(|(inner, known)| unknown_below(table, inner, known))
        .collect();
    if !unknown.is_empty() {
        return Err(format!("{place}: {}", unknown.join("\n")));
    }
    serde_path_to_error::deserialize(table)
        .map_err(|error| format!("{place}: {}: {}", error.path(), error.inner()))
}

fn unknown_below(table: &Value, inner: &str, known: &[&str]) -> Vec<String> {
    if inner.is_empty() {
        return unknown(table, "setting ", known);
    }
    match table.get(inner) {
        Some(Value::Array(all)) => {
            let each = all.iter().enumerate();
            each.flat_map(|(at, one)| unknown(one, &format!("setting {inner}[{at}]."), known))
                .collect()
        }
        Some(one) => unknown(one, &format!("setting {inner}."), known),
        None => Vec::new(),
    }
}

fn unknown(table: &Value, prefix: &str, known: &[&str]) -> Vec<String> {
    let keys = table.as_object().into_iter().flat_map(|table| table.keys());
    keys.filter(|key| !known.contains(&key.as_str()))
        .map(|key| format!("there is no {prefix}{key}; {}", hint(key, known)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_table_is_reported_with_the_known_ones() {
        let metadata = json!({ "runpod": { "imgae": {} } });
        let error = of::<Value>(&metadata, "deploy", &[]).unwrap_err();
        assert!(
            error.starts_with("[package.metadata.runpod]: there is no table imgae"),
            "{error}"
        );
        assert!(error.contains("image, deploy"), "{error}");
    }

    #[test]
    fn a_table_that_is_absent_has_no_settings() {
        for metadata in [Value::Null, json!({}), json!({ "runpod": { "image": {} } })] {
            assert_eq!(of::<Value>(&metadata, "deploy", &[]), Ok(Value::Null));
        }
    }
}
