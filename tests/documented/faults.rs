//! Finds faults in a crate's documentation.

use crate::examples::{Example, examples};
use crate::exported::{Exported, Surface};

/// The exceptions from the rules. Each list of exceptions has a comment with the reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed<'a> {
    /// The paths of items that may lack an example.
    pub(crate) without_example: &'a [&'a str],
}

/// Returns one line for each fault.
pub(crate) fn faults_of(surface: &Surface, allowed: Allowed<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    if !has_example(&surface.front) {
        faults.push("the crate's documentation has no example".to_owned());
    }
    faults.extend(examples(&surface.front).iter().filter_map(of_example));
    for item in &surface.items {
        let of_item = of_item(item, &surface.front);
        if !allowed.without_example.contains(&item.path.as_str()) {
            faults.extend(of_item);
        } else if of_item.is_empty() {
            faults.push(format!("{}: no longer needs its exception", item.path));
        }
    }
    for path in allowed.without_example {
        if !surface.items.iter().any(|item| item.path == *path) {
            faults.push(format!("{path}: has an exception, but does not exist"));
        }
    }
    faults
}

fn of_item(item: &Exported, front: &str) -> Vec<String> {
    let path = &item.path;
    let mut faults = Vec::new();
    let is_at_the_root = path.matches("::").count() == 1;
    if is_at_the_root && !is_named(front, path) {
        faults.push(format!(
            "{path}: the crate's documentation does not mention it"
        ));
    }
    if item.is_crate {
        return faults;
    }
    if item.docs.trim().is_empty() {
        faults.push(format!("{path}: has no documentation"));
    }
    if !has_example(&item.docs) {
        faults.push(format!("{path}: has no example that compiles"));
    }
    let mut all = examples(&item.docs);
    for method in &item.methods {
        if method.docs.trim().is_empty() {
            faults.push(format!("{path}::{}: has no documentation", method.name));
        }
        all.extend(examples(&method.docs));
    }
    for method in &item.methods {
        let is_shown = all
            .iter()
            .any(|example| example.works() && example.calls(&method.name));
        if !is_shown {
            let name = &method.name;
            faults.push(format!("{path}::{name}: no example of the type calls it"));
        }
    }
    let bad = all.iter().filter_map(of_example);
    faults.extend(bad.map(|fault| format!("{path}: {fault}")));
    faults
}

fn has_example(docs: &str) -> bool {
    examples(docs).iter().any(Example::works)
}

/// Returns whether `front` mentions the item as code: `` `Name` ``, `` `Name<T>` `` or `` `name!` ``.
fn is_named(front: &str, path: &str) -> bool {
    let name = path.rsplit("::").next().unwrap_or(path);
    front.split('`').skip(1).step_by(2).any(|code| {
        let code = code.trim_start_matches("#[runpod::");
        let rest = code.strip_prefix(name);
        rest.is_some_and(|rest| {
            !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
        })
    })
}

fn of_example(example: &Example) -> Option<String> {
    if example.is("ignore") {
        Some("an example has `ignore`: at least let it compile".to_owned())
    } else if example.whole.contains("runpod_runtime") {
        Some(
            "an example uses `runpod_runtime`, which users do not depend on: write `runpod`"
                .to_owned(),
        )
    } else if example.is("no_run") && !example.starts_a_worker() {
        Some("an example has `no_run`, but starts no worker: let it run".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::Source;

    /// Returns the faults of a crate with one type in a module, with this documentation.
    fn faults(type_docs: &str, method_docs: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let lib = "//! A `Thing`, a `thing`.\n//! ```\n//! ```\nmod inner;\npub use inner::Thing;";
        fs::write(folder.path().join("lib.rs"), lib).expect("written");
        let inner = format!(
            "{type_docs}\npub struct Thing;\nimpl Thing {{\n{method_docs}\npub fn new() {{}} }}"
        );
        fs::write(folder.path().join("inner.rs"), inner).expect("written");
        let source = Source::read("it", &folder.path().join("lib.rs"));
        let allowed = Allowed {
            without_example: &[],
        };
        faults_of(&Surface::of(source, Vec::new()), allowed)
    }

    const SHOWN: &str = "/// A thing.\n/// ```\n/// it::Thing::new();\n/// ```";

    #[test]
    fn a_type_that_shows_its_method_is_documented() {
        assert_eq!(faults(SHOWN, "/// Makes one."), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_found() {
        for (type_docs, method_docs, fault) in [
            (
                "/// A thing.",
                SHOWN,
                "it::Thing: has no example that compiles",
            ),
            (SHOWN, "", "it::Thing::new: has no documentation"),
            (
                "/// A thing.\n/// ```\n/// 1;\n/// ```",
                "/// Makes one.",
                "it::Thing::new: no example of the type calls it",
            ),
            (
                SHOWN,
                "/// Makes one.\n/// ```ignore\n/// ```",
                "it::Thing: an example has `ignore`: at least let it compile",
            ),
            (
                SHOWN,
                "/// Makes one.\n/// ```no_run\n/// ```",
                "it::Thing: an example has `no_run`, but starts no worker: let it run",
            ),
        ] {
            assert_eq!(faults(type_docs, method_docs), [fault]);
        }
    }

    #[test]
    fn the_front_page_names_what_there_is() {
        assert!(is_named("[`Thing<T>`](Thing)", "it::Thing"));
        assert!(is_named("[`#[runpod::main]`](macro@main)", "it::main"));
        assert!(!is_named("[`Things`], a Thing", "it::Thing"));
    }
}
