//! The configuration of an image: how a container starts the worker.
//!
//! The configuration of a base image is changed as JSON, so that keys which the specification does not know, such as
//! Docker's `Healthcheck`, stay as they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::layer::Layer;

/// The command that the image starts, and the folder in which it starts.
const PROGRAM: &str = "/app/worker";
const FOLDER: &str = "/app";

/// Images have no time of their own, so that the same input gives the same digest.
const CREATED: &str = "1970-01-01T00:00:00Z";

#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    /// A folder of libraries that the loader searches before its own.
    pub(crate) libraries: Option<String>,
}

/// Returns the configuration of an image with these layers on top of the base's.
pub(crate) fn made(base: Option<&Value>, wanted: &Wanted, layers: &[Layer]) -> Value {
    let mut image = match base {
        Some(Value::Object(image)) => image.clone(),
        _ => Map::new(),
    };
    image.insert("created".to_owned(), json!(CREATED));
    image.insert("architecture".to_owned(), json!("amd64"));
    image.insert("os".to_owned(), json!("linux"));
    for key in ["container", "container_config", "docker_version", "id"] {
        // They describe how the base was built.
        image.remove(key);
    }
    let mut config = match image.remove("config") {
        Some(Value::Object(config)) => config,
        _ => Map::new(),
    };
    config.insert("Env".to_owned(), json!(environment(&config, wanted)));
    config.insert("Entrypoint".to_owned(), json!([PROGRAM]));
    config.remove("Cmd");
    config.insert("WorkingDir".to_owned(), json!(FOLDER));
    let mut labels = match config.remove("Labels") {
        Some(Value::Object(labels)) => labels,
        _ => Map::new(),
    };
    for (name, value) in &wanted.labels {
        labels.insert(name.clone(), json!(value));
    }
    config.insert("Labels".to_owned(), Value::Object(labels));
    image.insert("config".to_owned(), Value::Object(config));

    let mut ids = image
        .get("rootfs")
        .and_then(|rootfs| rootfs.get("diff_ids"))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut history = match image.remove("history") {
        Some(Value::Array(history)) => history,
        _ => Vec::new(),
    };
    for layer in layers {
        ids.push(json!(layer.diff_id));
        history.push(json!({ "created": CREATED, "created_by": layer.created_by }));
    }
    image.insert(
        "rootfs".to_owned(),
        json!({ "type": "layers", "diff_ids": ids }),
    );
    image.insert("history".to_owned(), Value::Array(history));
    Value::Object(image)
}

/// Returns the base's variables with the wanted ones on top.
fn environment(config: &Map<String, Value>, wanted: &Wanted) -> Vec<String> {
    let mut variables: Vec<(String, String)> = config
        .get("Env")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|pair| pair.as_str()?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if variables.iter().all(|(name, _)| name != "PATH") {
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        variables.push(("PATH".to_owned(), path.to_owned()));
    }
    for (name, value) in &wanted.env {
        set(&mut variables, name, value.clone());
    }
    if let Some(folder) = &wanted.libraries {
        let before = variables
            .iter()
            .find(|(name, value)| name == "LD_LIBRARY_PATH" && !value.is_empty());
        let path = match before {
            Some((_, before)) => format!("{folder}:{before}"),
            None => folder.clone(),
        };
        set(&mut variables, "LD_LIBRARY_PATH", path);
    }
    variables
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

fn set(variables: &mut Vec<(String, String)>, name: &str, value: String) {
    match variables.iter_mut().find(|(known, _)| known == name) {
        Some(known) => known.1 = value,
        None => variables.push((name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_keeps_its_settings_but_not_its_command() {
        let base = json!({
            "architecture": "amd64", "os": "linux", "container": "0123",
            "config": {
                "Cmd": ["bash"], "Env": ["PATH=/bin", "LD_LIBRARY_PATH=/usr/local/cuda/lib64", "A=1"],
                "Healthcheck": {"Test": ["NONE"]}, "Labels": {"of": "base"}
            },
            "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]},
            "history": [{"created_by": "base"}, {"created_by": "env", "empty_layer": true}]
        });
        let wanted = Wanted {
            env: [("A".to_owned(), "2".to_owned())].into(),
            labels: [("is".to_owned(), "ours".to_owned())].into(),
            libraries: Some("/app/lib".to_owned()),
        };
        let layer = Layer {
            digest: "sha256:c".to_owned(),
            diff_id: "sha256:2".to_owned(),
            bytes: 1,
            created_by: "us".to_owned(),
        };
        let made = made(Some(&base), &wanted, &[layer]);
        assert_eq!(
            made["config"],
            json!({
                "Env": ["PATH=/bin", "LD_LIBRARY_PATH=/app/lib:/usr/local/cuda/lib64", "A=2"],
                "Entrypoint": ["/app/worker"], "WorkingDir": "/app",
                "Healthcheck": {"Test": ["NONE"]}, "Labels": {"of": "base", "is": "ours"}
            })
        );
        assert_eq!(made["rootfs"]["diff_ids"], json!(["sha256:1", "sha256:2"]));
        assert_eq!(made["history"].as_array().map(Vec::len), Some(3));
        assert_eq!(made.get("container"), None);
    }
}
