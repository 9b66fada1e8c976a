//! Finds the imports in the function's file, for names whose meaning the tokens do not show.
//!
//! An attribute does not see the imports. For example, `Context` may be our type or `anyhow`'s trait, and the
//! compiler's error about the trait does not help. So this module reads the file, but only if it finds such a name,
//! and only to choose the text of an error. If the meaning of the name remains uncertain, the compiler reports the
//! error.

use std::cell::OnceCell;

use syn::{Ident, Item, UseTree};

/// The imports in the file of a function.
pub(crate) struct Imports {
    function: String,
    file: OnceCell<Option<syn::File>>,
}

impl Imports {
    /// Returns the imports in the file that contains `function` and its attribute.
    pub(crate) fn beside(function: &Ident) -> Self {
        Self {
            function: function.to_string(),
            file: OnceCell::new(),
        }
    }

    /// Returns the path from which `name` is imported, such as `anyhow::Context`, or `None` if it is not certain.
    pub(crate) fn path_of(&self, name: &str) -> Option<String> {
        let file = self.file.get_or_init(read).as_ref()?;
        path_in(file, &self.function, name)
    }
}

fn read() -> Option<syn::File> {
    // Unit tests run outside the compiler, where a span has no file.
    if !proc_macro::is_available() {
        return None;
    }
    let path = proc_macro::Span::call_site().local_file()?;
    syn::parse_file(&std::fs::read_to_string(path).ok()?).ok()
}

/// Returns the path of `name`. If `function` is not at the top level of the file, other imports may apply to it, so
/// the result is `None`.
pub(crate) fn path_in(file: &syn::File, function: &str, name: &str) -> Option<String> {
    let is_there = |item: &Item| matches!(item, Item::Fn(it) if it.sig.ident == function);
    if file.items.iter().filter(|item| is_there(item)).count() != 1 {
        return None;
    }
    file.items.iter().find_map(|item| match item {
        Item::Use(import) => path_through(&import.tree, name),
        _ => None,
    })
}

fn path_through(tree: &UseTree, name: &str) -> Option<String> {
    match tree {
        UseTree::Path(path) => {
            let rest = path_through(&path.tree, name)?;
            Some(format!("{}::{rest}", path.ident))
        }
        UseTree::Name(import) => (import.ident == name).then(|| name.to_owned()),
        UseTree::Rename(import) => (import.rename == name).then(|| import.ident.to_string()),
        UseTree::Group(group) => group.items.iter().find_map(|it| path_through(it, name)),
        UseTree::Glob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
        use anyhow::{bail, Context};
        use serde::Serialize as Written;
        use runpod::prelude::*;
        use std::fmt::Write as _;

        fn greet() {}
        mod inner {
            fn hidden() {}
        }
    ";

    fn path(function: &str, name: &str) -> Option<String> {
        let file = syn::parse_file(FILE).expect("the file is valid Rust");
        path_in(&file, function, name)
    }

    #[test]
    fn an_import_tells_where_a_name_comes_from() {
        assert_eq!(path("greet", "Context").as_deref(), Some("anyhow::Context"));
        assert_eq!(
            path("greet", "Written").as_deref(),
            Some("serde::Serialize")
        );
        assert_eq!(path("greet", "bail").as_deref(), Some("anyhow::bail"));
    }

    #[test]
    fn what_the_file_does_not_tell_is_not_guessed() {
        assert_eq!(path("greet", "Job"), None, "a glob");
        assert_eq!(path("greet", "Serialize"), None, "renamed");
        assert_eq!(path("hidden", "Context"), None, "in a module");
    }
}
