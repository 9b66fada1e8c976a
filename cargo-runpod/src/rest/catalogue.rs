//! The names that settings refer to: GPU pools, CPU flavors, data centers, registry credentials and templates.

use serde::Deserialize;

use super::endpoint::Container;

#[derive(Debug, Deserialize)]
pub(crate) struct Gpus {
    pub(crate) gpus: Vec<GpuType>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct GpuType {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None` if serverless endpoints cannot use this GPU.
    pub(crate) pool: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cpus {
    pub(crate) cpus: Vec<CpuType>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CpuType {
    pub(crate) id: String,
    pub(crate) vcpu: Range,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Range {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataCenters {
    pub(crate) data_centers: Vec<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Registries {
    pub(crate) registries: Vec<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Template {
    pub(crate) serverless: bool,
    #[serde(flatten)]
    pub(crate) container: Container,
}
