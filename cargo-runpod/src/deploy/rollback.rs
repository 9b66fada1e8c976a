//! Undoes the newest release of an endpoint.
//!
//! The API has no request for this. A release lists the fields that it has changed, with their old values, under the
//! platform's internal names. Only fields whose meaning is documented are set back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::secret;
use crate::invoke::safe_text;
use crate::rest::endpoint::{Body, Gpu};
use crate::rest::worker::{Difference, Release};

/// Returns the request that sets back the fields of the release, or the reason why it cannot be undone.
pub(super) fn of(release: &Release) -> Result<Body, String> {
    if release.diff.is_empty() {
        return Err(format!(
            "release {} has changed nothing that could be undone; it may be the endpoint's first release",
            safe_text::line(&release.id, 60)
        ));
    }
    let mut body = Body::default();
    let mut unknown = Vec::new();
    for difference in &release.diff {
        if set(&mut body, difference).is_none() {
            unknown.push(told(difference));
        }
    }
    if unknown.is_empty() {
        return Ok(body);
    }
    Err(format!(
        "release {} has changed fields that this command cannot set back. Set them in [package.metadata.runpod.deploy] and deploy \
         again. Their old values:\n  {}",
        safe_text::line(&release.id, 60),
        unknown.join("\n  ")
    ))
}

fn set(body: &mut Body, difference: &Difference) -> Option<()> {
    let old = &difference.old;
    match difference.field.as_str() {
        "template.imageName" => body.container.image = Some(old.as_str()?.to_owned()),
        "template.env" => body.container.env = Some(env(old)?),
        "gpuCount" => {
            let count = old.as_u64()?;
            body.gpu = Some(Gpu {
                count: Some(count),
                ..Gpu::default()
            });
        }
        "locations" => body.data_center_ids = Some(list(old)?),
        _ => return None,
    }
    Some(())
}

/// Reads variables as an object, or as a list of keys and values.
fn env(old: &Value) -> Option<BTreeMap<String, String>> {
    match old {
        Value::Null => Some(BTreeMap::new()),
        Value::Object(pairs) => pairs
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| {
                Some((
                    pair.get("key")?.as_str()?.to_owned(),
                    pair.get("value")?.as_str()?.to_owned(),
                ))
            })
            .collect(),
        _ => None,
    }
}

/// Reads a list, or a text with commas.
fn list(old: &Value) -> Option<Vec<String>> {
    match old {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        ),
        Value::Array(parts) => parts
            .iter()
            .map(|part| part.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

fn told(difference: &Difference) -> String {
    let field = safe_text::line(&difference.field, 100);
    let old = match &difference.old {
        // Variables may be secret, in whatever form they are.
        _ if field.to_lowercase().contains("env") => secret::HIDDEN.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{field}: {}", secret::shown(&field, &old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn release(diff: &Value) -> Release {
        serde_json::from_value(json!({
            "id": "rel_1", "version": 2, "createdAt": "2026-01-01T00:00:00Z", "diff": diff,
        }))
        .unwrap()
    }

    #[test]
    fn documented_fields_are_set_back() {
        let body = of(&release(&json!([
            { "field": "template.imageName", "old": "a:1", "new": "a:2" },
            { "field": "template.env", "old": [{ "key": "A", "value": "1" }], "new": null },
            { "field": "gpuCount", "old": 2, "new": 1 },
            { "field": "locations", "old": "US-TX-3, EU-1", "new": null },
        ])))
        .unwrap();
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({ "image": "a:1", "env": { "A": "1" }, "gpu": { "count": 2 }, "dataCenterIds": ["US-TX-3", "EU-1"] })
        );
    }

    #[test]
    fn a_release_with_other_fields_is_not_undone_by_half() {
        let told = of(&release(&json!([
            { "field": "template.imageName", "old": "a:1", "new": "a:2" },
            { "field": "gpuIds", "old": "ADA_24,-x", "new": "AMPERE_48" },
            { "field": "template.env", "old": { "nested": { "a": "very-secret" } }, "new": null },
        ])))
        .unwrap_err();
        assert!(told.contains("gpuIds: ADA_24,-x"), "{told}");
        assert!(told.contains("template.env: (hidden)"), "{told}");
        assert!(
            of(&release(&json!([])))
                .unwrap_err()
                .contains("changed nothing")
        );
    }
}
