//! Counts the crates that a worker depends on.

use std::collections::BTreeSet;

use super::candidate::Prepared;
use crate::step::{self, Failure};

#[derive(Debug)]
pub(super) struct Tree {
    /// The number of crates that a production build compiles: dependencies, build dependencies and procedural macros,
    /// but not the worker itself. Two versions of a crate count as two.
    pub(super) compiled: usize,
    /// The number of these crates that are linked into the binary.
    pub(super) linked: usize,
    /// The version of the crate that is compared.
    pub(super) version: String,
}

pub(super) fn of(worker: &Prepared<'_>) -> Result<Tree, Failure> {
    let compiled = listed(worker, "normal,build")?;
    let version = compiled
        .iter()
        .find_map(|line| {
            line.strip_prefix(worker.candidate.subject)?
                .strip_prefix(" v")
        })
        .unwrap_or_default()
        .to_owned();
    Ok(Tree {
        compiled: compiled.len(),
        linked: listed(worker, "normal,no-proc-macro")?.len(),
        version,
    })
}

fn listed(worker: &Prepared<'_>, edges: &str) -> Result<BTreeSet<String>, Failure> {
    let mut command = worker.offline("tree");
    command.args(["--edges", edges, "--prefix", "none", "--format", "{p}"]);
    let output = step::capture(&mut command)?;
    if output.status.success() {
        Ok(crates(&String::from_utf8_lossy(&output.stdout)))
    } else {
        Err(Failure::new(format!(
            "{command:?} failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}

/// Returns the crates below the first line, each as `name vVERSION`.
fn crates(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_the_worker_does_not() {
        let tree = "worker v0.0.0 (/somewhere)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nsyn v2.0.0\n\
                    serde v1.0.0 (*)\nsyn v3.0.0\n";
        assert_eq!(
            crates(tree).into_iter().collect::<Vec<_>>(),
            [
                "serde v1.0.0",
                "serde_derive v1.0.0",
                "syn v2.0.0",
                "syn v3.0.0"
            ]
        );
    }
}
