//! Endpoints as the API describes them, and the bodies that create and change them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) request_urls: BTreeMap<String, String>,
    pub(crate) gpu: Option<Gpu>,
    pub(crate) cpu: Option<Vec<Cpu>>,
    pub(crate) workers: Workers,
    pub(crate) scaling: Scaling,
    #[serde(default)]
    pub(crate) data_center_ids: Vec<String>,
    #[serde(default)]
    pub(crate) network_volumes: Vec<String>,
    pub(crate) timeout: u64,
    pub(crate) flashboot: String,
    pub(crate) created_at: String,
    #[serde(flatten)]
    pub(crate) container: Container,
}

/// The settings of the container, which templates have, too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Container {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ports: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registry: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gpu {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pools: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) excluded_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_cuda_versions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_cuda_version: Option<String>,
}

/// A CPU flavor. The API also reports its memory, which follows from the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cpu {
    pub(crate) id: String,
    pub(crate) vcpu_count: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Workers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Scaling {
    QueueDelay {
        #[serde(serialize_with = "as_written")]
        queue_delay: f64,
    },
    RequestCount {
        request_count: u64,
    },
    /// A kind that was unknown when this was written. It is never sent.
    #[serde(other)]
    Other,
}

/// The body of a request that creates or changes an endpoint. A change contains only the fields that differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_id: Option<String>,
    #[serde(flatten)]
    pub(crate) container: Container,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu: Option<Gpu>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu: Option<Vec<Cpu>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workers: Option<Workers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scaling: Option<Scaling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_center_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_volumes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flashboot: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Endpoints {
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Endpoint {
    /// Returns the address of the endpoint for people who send jobs or requests.
    pub(crate) fn url(&self) -> Option<&str> {
        let urls = &self.request_urls;
        urls.get("run")
            .or_else(|| urls.get("base"))
            .map(String::as_str)
    }

    pub(crate) fn is_load_balancer(&self) -> bool {
        self.kind.as_deref() == Some("LOAD_BALANCER")
    }
}

/// Writes a whole number without a fraction, as people do.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn as_written<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number is whole and small"
    )]
    if number.fract() == 0.0 && number.abs() < 1e9 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_scaling_that_is_not_known_does_not_hide_the_endpoint() {
        let scaling: Scaling = serde_json::from_str(r#"{"type": "MAGIC", "wand": 1}"#).unwrap();
        assert_eq!(scaling, Scaling::Other);
    }

    #[test]
    fn a_body_has_only_the_fields_that_are_set() {
        let body = Body {
            scaling: Some(Scaling::QueueDelay { queue_delay: 4.0 }),
            workers: Some(Workers {
                min: Some(1),
                ..Workers::default()
            }),
            ..Body::default()
        };
        let json = serde_json::to_string(&body).unwrap();
        assert_eq!(
            json,
            r#"{"workers":{"min":1},"scaling":{"type":"QUEUE_DELAY","queueDelay":4}}"#
        );
        let json = serde_json::to_string(&Scaling::QueueDelay { queue_delay: 0.5 }).unwrap();
        assert_eq!(json, r#"{"type":"QUEUE_DELAY","queueDelay":0.5}"#);
    }
}
