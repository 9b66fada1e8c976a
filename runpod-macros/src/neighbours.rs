//! Checks the other attributes of a function: a second attribute of ours, and attributes of async runtimes.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Ident};

use crate::diagnostics::Faults;
use crate::model::{Function, Options, Place};

/// The names of our attributes.
const OURS: [&str; 4] = ["handler", "main", "fitness_check", "on_shutdown"];

/// Reports attributes that cannot be combined with our attribute.
pub(crate) fn check(function: &Function, place: Place, options: &Options, faults: &mut Faults) {
    for attribute in &function.attributes {
        if is_ours(attribute, options) {
            let (wrong, help) = match place {
                Place::Main => (
                    "`main` cannot have two runpod attributes",
                    "keep one `#[runpod::main]` here; `#[runpod::handler]` is for functions with another name",
                ),
                Place::FitnessCheck | Place::OnShutdown => (
                    "a function cannot have two runpod attributes",
                    "keep one of them; to do both, write a second function",
                ),
                _ => (
                    "a handler cannot have two runpod attributes",
                    "keep `#[runpod::main]` if this handler is the whole worker, or `#[runpod::handler]` if it is one of several",
                ),
            };
            faults.add(attribute, wrong, help);
        } else if is_runtime_main(attribute) {
            let name = words(attribute).join("::");
            another_runtime(attribute, &name, place, faults);
        }
    }
    // An attribute above this one is already expanded, so only the function's body still shows it.
    if function.block().is_some_and(made_by_tokio) {
        // The error is reported at our attribute, with the hygiene of user code.
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
        "remove it: the worker starts its own tokio runtime",
    );
}

/// Returns whether `#[tokio::main]` generated this body. The text that this function searches for is unlikely to
/// occur anywhere else.
fn made_by_tokio(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Literal(text) => text.to_string() == "\"Failed building the Runtime\"",
        TokenTree::Group(group) => made_by_tokio(group.stream()),
        _ => false,
    })
}

/// Returns whether an attribute has the name of one of our attributes.
pub(crate) fn is_ours(attribute: &Attribute, options: &Options) -> bool {
    let root = options.root.as_ref().map_or_else(
        || Some("runpod".to_owned()),
        |root| root.value.segments.last().map(|it| it.ident.to_string()),
    );
    let is_name = |name: &str| OURS.contains(&name);
    match words(attribute).as_slice() {
        [name] => is_name(name),
        [first, name] => Some(first) == root.as_ref() && is_name(name),
        _ => false,
    }
}

/// Returns whether an attribute is the `main` attribute of an async runtime, such as `#[tokio::main]`.
pub(crate) fn is_runtime_main(attribute: &Attribute) -> bool {
    let words = words(attribute);
    words.len() > 1 && words.last().is_some_and(|last| last == "main")
}

fn words(attribute: &Attribute) -> Vec<String> {
    let segments = attribute.path().segments.iter();
    segments.map(|it| it.ident.to_string()).collect()
}
