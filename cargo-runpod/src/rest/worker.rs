//! The workers and the releases of an endpoint.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Workers {
    pub(crate) workers: Vec<Worker>,
    /// The current version of the endpoint's configuration.
    pub(crate) endpoint_version: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worker {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) is_stale: bool,
    pub(crate) version: Option<u64>,
    pub(crate) image: Option<String>,
    pub(crate) uptime_seconds: Option<u64>,
    pub(crate) gpu_type_id: Option<String>,
    pub(crate) data_center_id: Option<String>,
    pub(crate) started_at: Option<String>,
}

impl Worker {
    /// Tells whether the worker takes jobs.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "IDLE")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Releases {
    pub(crate) endpoint_version: Option<u64>,
    pub(crate) rollout: Rollout,
    /// The newest release is the first.
    #[serde(rename = "releases")]
    pub(crate) history: Vec<Release>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rollout {
    pub(crate) in_progress: bool,
    pub(crate) workers_on_latest: u64,
    pub(crate) workers_total: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    pub(crate) id: String,
    pub(crate) version: Option<u64>,
    pub(crate) created_at: String,
    pub(crate) diff: Vec<Difference>,
}

/// A field that a release has changed, under the platform's internal name.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) old: Value,
}

impl Releases {
    /// Returns the current version, or the newest release's if the API does not report it.
    pub(crate) fn version(&self) -> Option<u64> {
        self.endpoint_version.or_else(|| {
            self.history
                .iter()
                .filter_map(|release| release.version)
                .max()
        })
    }
}
