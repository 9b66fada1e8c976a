//! The file `tests.json` of the Runpod Hub.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::invoke::code;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    tests: Vec<Case>,
    #[serde(default)]
    config: Config,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) input: Box<RawValue>,
    /// In milliseconds.
    pub(super) timeout: u32,
}

/// The machine of the tests. This machine is what it is, so only the variables apply.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    #[serde(default)]
    env: Vec<Variable>,
    #[serde(rename = "gpuTypeId")]
    _gpu_type_id: Option<String>,
    #[serde(rename = "gpuCount")]
    _gpu_count: Option<u32>,
    #[serde(rename = "cpuFlavor")]
    _cpu_flavor: Option<String>,
    #[serde(rename = "allowedCudaVersions", default)]
    _allowed_cuda_versions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    key: String,
    value: String,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            usage(format!(
                "cannot read the tests in {shown}: {error}; the workers of `cargo runpod new` have such a file, and --file \
                 names another one"
            ))
        })?;
        let file: Self = serde_json::from_str(&text)
            .map_err(|error| usage(format!("{shown}: {error}; correct the file")))?;
        file.check()
            .map_err(|fault| usage(format!("{shown}: {fault}")))?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        if self.tests.is_empty() {
            return Err("`tests` is empty; the Hub needs at least one test".to_owned());
        }
        let mut names = BTreeSet::new();
        for case in &self.tests {
            if !names.insert(&case.name) {
                return Err(format!("two tests have the name {:?}", case.name));
            }
            if case.timeout == 0 {
                return Err(format!(
                    "the test {:?} has the timeout 0; expected milliseconds",
                    case.name
                ));
            }
        }
        for Variable { key, value } in &self.config.env {
            if key.is_empty() || key.contains(['=', '\0']) || value.contains('\0') {
                return Err(format!(
                    "`config.env` has the key {key:?}, which cannot be a variable"
                ));
            }
        }
        Ok(())
    }

    /// Returns the tests whose names contain the text.
    pub(super) fn chosen(&self, part: Option<&str>) -> Result<Vec<&Case>, Failure> {
        let part = part.unwrap_or_default();
        let chosen: Vec<_> = self
            .tests
            .iter()
            .filter(|case| case.name.contains(part))
            .collect();
        if chosen.is_empty() {
            let names: Vec<_> = self
                .tests
                .iter()
                .map(|case| format!("{:?}", case.name))
                .collect();
            return Err(usage(format!(
                "no test has a name with {part:?}; the tests are {}",
                names.join(", ")
            )));
        }
        Ok(chosen)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.config
            .env
            .iter()
            .map(|variable| (&*variable.key, &*variable.value))
    }
}

fn usage(text: String) -> Failure {
    Failure::new(text).with_code(code::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("tests.json");
        fs::write(&path, text).unwrap();
        File::read(&path).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_the_hub_would_refuse_is_refused_with_the_place() {
        for (text, told) in [
            (r#"{"tests": []}"#, "at least one test"),
            (
                r#"{"tests": [{"name": "a", "input": {}}]}"#,
                "missing field `timeout`",
            ),
            (
                r#"{"tests": [{"name": "a", "input": {}, "timeout": "1"}]}"#,
                "line 1 column",
            ),
            (
                r#"{"tests": [{"name": "a", "input": {}, "timeout": 0}]}"#,
                "milliseconds",
            ),
            (
                r#"{"tests": [{"name": "a", "input": {}, "timeout": 1, "wait": 1}]}"#,
                "unknown field `wait`",
            ),
            (
                r#"{"tests": [{"name": "a", "input": {}, "timeout": 1}, {"name": "a", "input": {}, "timeout": 1}]}"#,
                "two tests have the name \"a\"",
            ),
            (
                r#"{"tests": [{"name": "a", "input": {}, "timeout": 1}], "config": {"env": [{"key": "A=B", "value": ""}]}}"#,
                "cannot be a variable",
            ),
        ] {
            let fault = fault(text);
            assert!(
                fault.contains(told) && fault.contains("tests.json"),
                "{fault}"
            );
        }
    }
}
