//! The rules of the Runpod Hub's publishing guide for `hub.json` and `tests.json`, written as types. Keys that the
//! types do not have are not allowed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Hub {
    title: String,
    description: String,
    #[serde(rename = "type")]
    _type: Type,
    #[serde(rename = "category")]
    _category: Category,
    icon_url: Option<String>,
    pub(crate) config: HubConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Type {
    Serverless,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Category {
    Audio,
    Embedding,
    Language,
    Video,
    Image,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HubConfig {
    runs_on: RunsOn,
    container_disk_in_gb: u32,
    gpu_count: Option<u32>,
    gpu_ids: Option<String>,
    allowed_cuda_versions: Option<Vec<String>>,
    cpu_flavor: Option<String>,
    /// `LB` for a load balancer. Otherwise the endpoint has a queue.
    endpoint_type: Option<EndpointType>,
    #[serde(default)]
    env: Vec<Variable>,
    #[serde(default)]
    presets: Vec<Preset>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum RunsOn {
    #[serde(rename = "GPU")]
    Gpu,
    #[serde(rename = "CPU")]
    Cpu,
}

#[derive(Debug, Deserialize)]
enum EndpointType {
    #[serde(rename = "LB")]
    LoadBalancer,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Variable {
    Fixed(Fixed),
    Asked(Box<Asked>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    key: String,
    #[serde(rename = "value")]
    _value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    key: String,
    input: Input,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    #[serde(rename = "type")]
    kind: InputKind,
    description: String,
    default: Value,
    #[serde(default, rename = "advanced")]
    _advanced: bool,
    #[serde(default, rename = "required")]
    _required: bool,
    #[serde(default)]
    options: Vec<Choice>,
    min: Option<f64>,
    max: Option<f64>,
    #[serde(rename = "trueValue")]
    true_value: Option<String>,
    #[serde(rename = "falseValue")]
    false_value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    label: String,
    value: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum InputKind {
    String,
    Number,
    Boolean,
    /// The name of a model on Hugging Face.
    Huggingface,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    name: String,
    defaults: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tests {
    pub(crate) tests: Vec<Case>,
    config: TestsConfig,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) input: Map<String, Value>,
    /// In milliseconds.
    timeout: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TestsConfig {
    gpu_type_id: Option<String>,
    gpu_count: Option<u32>,
    cpu_flavor: Option<String>,
    #[serde(default)]
    env: Vec<Fixed>,
    #[serde(default)]
    allowed_cuda_versions: Vec<String>,
}

/// Checks a `hub.json`.
pub(crate) fn hub(text: &str) -> Result<Hub, String> {
    let hub: Hub = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let config = &hub.config;
    require(!hub.title.trim().is_empty(), "title is empty")?;
    require(!hub.description.trim().is_empty(), "description is empty")?;
    require(
        hub.icon_url
            .as_deref()
            .is_none_or(|url| url.starts_with("https://")),
        "iconUrl is not an address",
    )?;
    require(config.container_disk_in_gb > 0, "containerDiskInGb is 0")?;
    // A worker of this project takes its jobs from a queue.
    require(
        !matches!(config.endpoint_type, Some(EndpointType::LoadBalancer)),
        "the endpoint is a load balancer",
    )?;
    let has_gpu = config.gpu_count.is_some_and(|count| count > 0)
        && config.gpu_ids.as_deref().is_some_and(are_gpus)
        && config
            .allowed_cuda_versions
            .as_deref()
            .is_some_and(are_versions);
    let mentions_gpu = config.gpu_count.is_some()
        || config.gpu_ids.is_some()
        || config.allowed_cuda_versions.is_some();
    match config.runs_on {
        RunsOn::Gpu => {
            require(
                has_gpu,
                "a GPU needs gpuCount, gpuIds and allowedCudaVersions",
            )?;
            require(
                config.cpu_flavor.is_none(),
                "cpuFlavor is not allowed for a GPU",
            )?;
        }
        RunsOn::Cpu => {
            require(!mentions_gpu, "the GPU settings are not allowed for a CPU")?;
            let flavor = config.cpu_flavor.as_deref().unwrap_or_default();
            require(flavor.starts_with("cpu"), "a CPU needs cpuFlavor")?;
        }
    }
    let mut keys = Vec::new();
    for variable in &config.env {
        keys.push(match variable {
            Variable::Fixed(fixed) => &fixed.key,
            Variable::Asked(asked) => {
                asked.check()?;
                &asked.key
            }
        });
    }
    are_keys(&keys)?;
    for preset in &config.presets {
        require(!preset.name.is_empty(), "a preset has no name")?;
        for key in preset.defaults.keys() {
            require(
                keys.contains(&key),
                "a preset sets a variable that env does not contain",
            )?;
        }
    }
    Ok(hub)
}

/// Checks a `tests.json`.
pub(crate) fn tests(text: &str) -> Result<Tests, String> {
    let tests: Tests = serde_json::from_str(text).map_err(|error| error.to_string())?;
    require(!tests.tests.is_empty(), "there are no tests")?;
    let mut names: Vec<_> = tests.tests.iter().map(|case| &case.name).collect();
    names.sort();
    names.dedup();
    require(
        names.len() == tests.tests.len(),
        "two tests have the same name",
    )?;
    for case in &tests.tests {
        require(!case.name.is_empty(), "a test has no name")?;
        // At least a second, because the first test waits for the worker. More than an hour is probably a mistake in
        // the unit.
        require(
            (1_000..=3_600_000).contains(&case.timeout),
            "timeout is in milliseconds",
        )?;
    }
    let config = &tests.config;
    match (&config.gpu_type_id, &config.cpu_flavor) {
        (Some(id), None) => {
            require(!id.is_empty(), "gpuTypeId is empty")?;
            require(
                config.gpu_count.is_some_and(|count| count > 0),
                "gpuCount is 0",
            )?;
        }
        (None, Some(flavor)) => {
            require(flavor.starts_with("cpu"), "cpuFlavor is not a CPU")?;
            let mentions_gpu =
                config.gpu_count.is_some() || !config.allowed_cuda_versions.is_empty();
            require(!mentions_gpu, "the GPU settings are not allowed for a CPU")?;
        }
        _ => return Err("the tests need either gpuTypeId or cpuFlavor".to_owned()),
    }
    require(
        are_versions(&config.allowed_cuda_versions),
        "allowedCudaVersions contains something other than versions",
    )?;
    are_keys(
        &config
            .env
            .iter()
            .map(|fixed| &fixed.key)
            .collect::<Vec<_>>(),
    )?;
    Ok(tests)
}

impl Asked {
    fn check(&self) -> Result<(), String> {
        let input = &self.input;
        require(!input.name.is_empty(), "an input has no name")?;
        require(!input.description.is_empty(), "an input has no description")?;
        let fits = match input.kind {
            InputKind::String | InputKind::Huggingface => input.default.is_string(),
            InputKind::Number => input.default.is_number(),
            InputKind::Boolean => input.default.is_boolean(),
        };
        require(
            fits,
            "the default of an input does not have the input's type",
        )?;
        let is_choice = |it: &Choice| !it.label.is_empty() && input.default == it.value;
        require(
            input.options.is_empty() || input.options.iter().any(is_choice),
            "the default of an input is not one of its options",
        )?;
        require(
            input.min.is_none() && input.max.is_none() || input.kind == InputKind::Number,
            "only a number has min and max",
        )?;
        require(
            input.true_value.is_none() && input.false_value.is_none()
                || input.kind == InputKind::Boolean,
            "only a boolean has trueValue and falseValue",
        )
    }
}

fn are_gpus(ids: &str) -> bool {
    ids.split(',').all(|id| {
        let is_letter =
            |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        !id.is_empty() && id.chars().all(is_letter)
    })
}

fn are_versions(versions: &[String]) -> bool {
    versions.iter().all(|version| {
        version.split_once('.').is_some_and(|(major, minor)| {
            major.parse::<u8>().is_ok() && minor.parse::<u8>().is_ok()
        })
    })
}

fn are_keys(keys: &[&String]) -> Result<(), String> {
    let is_letter =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let mut seen = Vec::new();
    for key in keys {
        require(
            !key.is_empty() && key.chars().all(is_letter),
            "a key of env is not a valid variable name",
        )?;
        require(!seen.contains(key), "env contains a variable twice")?;
        seen.push(*key);
    }
    Ok(())
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}
