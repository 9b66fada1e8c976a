//! `[package.metadata.runpod.deploy]`: the settings of the endpoint. A setting that is absent is not changed on an
//! existing endpoint.

use std::collections::BTreeMap;

use cargo_metadata::Package;
use serde::Deserialize;

use super::table::{self, Keys};
use crate::failure::Failure;
use crate::selection::Worker;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Deploy {
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kind>,
    /// The name under which the worker's image is pushed.
    pub(crate) push: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) gpu: Option<Gpu>,
    pub(crate) cpu: Option<Vec<Cpu>>,
    pub(crate) scaling: Option<Scaling>,
    #[serde(default)]
    pub(crate) workers: Workers,
    /// In seconds.
    pub(crate) execution_timeout: Option<u32>,
    pub(crate) flashboot: Option<FlashBoot>,
    pub(crate) volumes: Option<Vec<String>>,
    pub(crate) data_centers: Option<Vec<String>>,
    pub(crate) env: Option<BTreeMap<String, String>>,
    /// The names of variables whose values are read from the environment of the command.
    #[serde(default)]
    pub(crate) pass_env: Vec<String>,
    /// The name or the id of registry credentials.
    pub(crate) registry: Option<String>,
    /// In GB.
    pub(crate) disk: Option<u32>,
    pub(crate) args: Option<String>,
    pub(crate) ports: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Jobs go through the platform's queue
    Queue,
    /// Requests go directly to the workers' HTTP server
    LoadBalancer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FlashBoot {
    /// Workers always start from nothing
    Off,
    /// The platform may resume a stopped worker
    On,
    /// The same, with priority capacity
    Priority,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Gpu {
    #[serde(default)]
    pub(crate) pools: Vec<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    pub(crate) count: Option<u32>,
    pub(crate) cuda_versions: Option<Vec<String>>,
    pub(crate) min_cuda: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Cpu {
    pub(crate) id: String,
    pub(crate) vcpus: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Scaling {
    pub(crate) queue_delay: Option<f64>,
    pub(crate) request_count: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Workers {
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
    /// In seconds.
    pub(crate) idle_timeout: Option<u32>,
}

const KEYS: &[Keys] = &[
    (
        "",
        &[
            "name",
            "type",
            "push",
            "template",
            "gpu",
            "cpu",
            "scaling",
            "workers",
            "execution-timeout",
            "flashboot",
            "volumes",
            "data-centers",
            "env",
            "pass-env",
            "registry",
            "disk",
            "args",
            "ports",
        ],
    ),
    (
        "gpu",
        &["pools", "exclude", "count", "cuda-versions", "min-cuda"],
    ),
    ("cpu", &["id", "vcpus"]),
    ("scaling", &["queue-delay", "request-count"]),
    ("workers", &["min", "max", "idle-timeout"]),
];

impl Deploy {
    /// Reads the table of a worker's package.
    pub(crate) fn of(worker: &Worker) -> Result<Self, Failure> {
        table::read(&worker.package, "deploy", KEYS)
    }

    /// Returns the fault in the table of a package, if there is one.
    pub(super) fn fault(package: &Package) -> Option<String> {
        table::described::<Self>(package, "deploy", KEYS).err()
    }

    /// Reads a table without a package.
    #[cfg(test)]
    pub(crate) fn of_table(table: &serde_json::Value) -> Result<Self, String> {
        let metadata = serde_json::json!({ "runpod": { "deploy": table } });
        table::of(&metadata, "deploy", KEYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_with_every_key_is_read() {
        let deploy = Deploy::of_table(&json!({
            "name": "n", "type": "load-balancer", "push": "r/n:1", "template": "t",
            "gpu": { "pools": ["ADA_24"], "exclude": ["x"], "count": 2, "cuda-versions": ["12.8"], "min-cuda": "12.1" },
            "cpu": [{ "id": "cpu5c", "vcpus": 4 }], "scaling": { "queue-delay": 4, "request-count": 1 },
            "workers": { "min": 0, "max": 1, "idle-timeout": 5 }, "execution-timeout": 60, "flashboot": "priority",
            "volumes": ["v"], "data-centers": ["d"], "env": { "A": "b" }, "pass-env": ["C"], "registry": "r", "disk": 5,
            "args": "", "ports": ["80/http"],
        }))
        .unwrap();
        assert_eq!(deploy.scaling.unwrap().queue_delay, Some(4.0));
        assert_eq!(deploy.kind, Some(Kind::LoadBalancer));
        assert_eq!(deploy.gpu.unwrap().cuda_versions.unwrap(), ["12.8"]);
    }

    #[test]
    fn unknown_keys_are_reported_together_with_the_nearest_names() {
        let error = Deploy::of_table(&json!({ "flash-boot": true, "workers": { "minimum": 1 } }))
            .unwrap_err();
        assert!(
            error.contains("no setting flash-boot; did you mean flashboot?"),
            "{error}"
        );
        assert!(
            error.contains("no setting workers.minimum; did you mean min?"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_type_is_reported_with_its_path() {
        let error = Deploy::of_table(&json!({ "workers": { "min": "one" } })).unwrap_err();
        assert!(
            error.contains("workers.min: invalid type: string \"one\""),
            "{error}"
        );
        let error = Deploy::of_table(&json!({ "flashboot": "fast" })).unwrap_err();
        assert!(
            error.contains("flashboot: unknown variant `fast`"),
            "{error}"
        );
    }
}
