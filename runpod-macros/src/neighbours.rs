//! The other attributes of a function: ours a second time, and those of runtimes.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Ident};

use crate::diagnostics::Faults;
use crate::model::{Function, Options, Place};

/// Finds fault with attributes that cannot stand beside ours.
pub(crate) fn check(function: &Function, place: Place, options: &Options, faults: &mut Faults) {
    for attribute in &function.attributes {
        if is_ours(attribute, options) {
            let (wrong, help) = match place {
                Place::Main => (
                    "`main` needs one attribute only",
                    "keep `#[runpod::main]`; `#[runpod::handler]` goes on a function of another name",
                ),
                _ => (
                    "a handler needs one attribute only",
                    "keep `#[runpod::main]` on the function that is the whole worker, `#[runpod::handler]` on any other",
                ),
            };
            faults.add(attribute, wrong, help);
        } else if is_runtime_main(attribute) {
            let name = words(attribute).join("::");
            another_runtime(attribute, &name, place, faults);
        }
    }
    // Above ours it was expanded first, and only the body tells of it.
    if function.block().is_some_and(made_by_tokio) {
        // At our attribute, and no macro's own code.
        let here = function
            .signature
            .ident
            .span()
            .located_at(Span::call_site());
        another_runtime(Ident::new("main", here), "tokio::main", place, faults);
    }
}

fn another_runtime(at: impl ToTokens, name: &str, place: Place, faults: &mut Faults) {
    faults.add(
        at,
        format!("`#[{name}]` cannot be used with `{}`", place.attribute()),
        "remove it: the worker starts a tokio runtime itself",
    );
}

/// Whether this is the body of a function that `#[tokio::main]` has made: nobody else writes these words.
fn made_by_tokio(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Literal(text) => text.to_string() == "\"Failed building the Runtime\"",
        TokenTree::Group(group) => made_by_tokio(group.stream()),
        _ => false,
    })
}

/// Whether an attribute is one of this crate's, by its name.
pub(crate) fn is_ours(attribute: &Attribute, options: &Options) -> bool {
    let root = options.root.as_ref().map_or_else(
        || Some("runpod".to_owned()),
        |root| root.value.segments.last().map(|it| it.ident.to_string()),
    );
    match words(attribute).as_slice() {
        [name] => name == "handler" || name == "main",
        [first, name] => Some(first) == root.as_ref() && (name == "handler" || name == "main"),
        _ => false,
    }
}

/// Whether an attribute is that of a runtime, such as `#[tokio::main]`.
pub(crate) fn is_runtime_main(attribute: &Attribute) -> bool {
    let words = words(attribute);
    words.len() > 1 && words.last().is_some_and(|last| last == "main")
}

fn words(attribute: &Attribute) -> Vec<String> {
    let segments = attribute.path().segments.iter();
    segments.map(|it| it.ident.to_string()).collect()
}
