//! How many crates a worker is made of.

use std::collections::BTreeSet;

use super::candidate::Prepared;
use crate::step::{self, Failure};

#[derive(Debug)]
pub(super) struct Tree {
    /// All that is compiled for a production build: dependencies and build dependencies, macros among them, without
    /// the worker itself. Two versions of one crate are two.
    pub(super) compiled: usize,
    /// Those of them that are linked into the binary.
    pub(super) linked: usize,
    /// The version of the crate that the comparison is about.
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
            "{command:?} failed and said:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}

/// The crates under the first line's, as `name vVERSION`.
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
