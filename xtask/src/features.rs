//! Checks that the library compiles with each of its features alone. All other checks use all features, the default ones
//! or none, so they do not find code that needs a second feature.

use crate::step::{self, Failure};
use crate::workspace::Workspace;

const PACKAGE: &str = "runpod-worker";

pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--no-deps", "--format-version=1", "--locked"]);
    let output = step::capture(&mut metadata)?;
    let features = features(&String::from_utf8_lossy(&output.stdout));
    if features.is_empty() {
        return Err(Failure::new(format!(
            "cargo metadata lists no features of {PACKAGE}: {}",
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    for feature in features {
        let mut cargo = workspace.cargo();
        cargo
            .args(["check", "--locked", "--no-default-features", "--package"])
            .args([PACKAGE, "--features", &feature]);
        step::run(&format!("only the feature `{feature}`"), &mut cargo)?;
    }
    Ok(())
}

/// Returns the names of the package's features, in the order of `cargo metadata`. Its `features` are an object whose
/// values are lists of strings, and no other object of a package has this key.
fn features(metadata: &str) -> Vec<String> {
    let name = format!(r#"{{"name":"{PACKAGE}","#);
    let features = metadata
        .split_once(&name)
        .and_then(|(_, package)| package.split_once(r#""features":{"#))
        .and_then(|(_, features)| features.split_once('}'));
    let Some((features, _)) = features else {
        return Vec::new();
    };
    let lists = features.split(']');
    lists
        .filter_map(|list| list.split('"').nth(1).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_of_the_library_are_found() {
        let metadata = concat!(
            r#"{"packages":[{"name":"other","features":{"x":[]},"y":1},{"name":"runpod-worker","dependencies":[{"name":"#,
            r#""serde","features":["derive"]}],"features":{"default":["local"],"gpu":["a/gpu"],"local":[]},"z":{}}]}"#
        );
        assert_eq!(features(metadata), ["default", "gpu", "local"]);
        assert_eq!(features("{}"), [""; 0]);
    }
}
