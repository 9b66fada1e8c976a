//! Expands the attributes: emits the function itself, with its adapter and a `main`, or with errors.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Attribute, Ident};

use crate::diagnostics::Faults;
use crate::model::{Function, Options, Place};
use crate::parse::{self, NoFunction};
use crate::paths::Root;
use crate::{check, check_hook, entry, hook, kept, registration, show};

/// Expands `#[runpod::handler]`.
pub(crate) fn handler(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    match parse::function(item) {
        Ok(function) => annotated(Place::Handler, attribute, &function),
        Err(reason) => without_function(Place::Handler, attribute, item, reason),
    }
}

/// Expands `#[runpod::main]`.
pub(crate) fn main(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    match parse::function(item) {
        Ok(function) if function.is_main() => annotated(Place::Main, attribute, &function),
        Ok(function) => annotated(Place::MainOnHandler, attribute, &function),
        Err(reason) => {
            let main = (!matches!(reason, NoFunction::Closure(_))).then(|| empty_main(&[]));
            let tokens = without_function(Place::MainOnHandler, attribute, item, reason);
            quote!(#tokens #main)
        }
    }
}

/// Expands `#[runpod::fitness_check]` and `#[runpod::on_shutdown]`.
pub(crate) fn hook(place: Place, attribute: TokenStream, item: &TokenStream) -> TokenStream {
    match parse::function(item) {
        Ok(function) => annotated(place, attribute, &function),
        Err(reason) => without_function(place, attribute, item, reason),
    }
}

fn annotated(place: Place, attribute: TokenStream, function: &Function) -> TokenStream {
    let mut faults = Faults::default();
    let says_crate = attribute
        .clone()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "crate"));
    let options = parse::options(attribute, place, &mut faults);
    if place.is_hook() {
        check_hook::function(function, place, &options, &mut faults);
    } else {
        check::function(function, place, &options, &mut faults);
    }
    let root = Root::of(&options);
    if !faults.is_empty() {
        // If the value of `crate` is not valid, the path to the traits is unknown, so the type checks cannot be
        // generated.
        let known = options.root.is_some() || !says_crate;
        let asked = known
            && matches!(place, Place::Handler | Place::MainOnHandler)
            && !check::stands_in_impl(function);
        let questions = asked.then(|| registration::questions(function, &options, &root));
        let rejected = rejected(place, function, &options, faults);
        return quote!(#rejected #questions);
    }
    let expansion = match place {
        Place::Handler => beside(function, &registration::of(function, &options, &root)),
        Place::MainOnHandler => beside(function, &entry::of_handler(function, &options, &root)),
        Place::Main => entry::with_setup(function, &options, &root),
        Place::FitnessCheck | Place::OnShutdown => {
            beside(function, &hook::of(place, function, &options, &root))
        }
    };
    let name = function.signature.ident.to_string();
    show::expansion(place.attribute(), &name, &expansion);
    expansion
}

/// Returns the function as written, followed by the generated code.
fn beside(function: &Function, made: &TokenStream) -> TokenStream {
    let (excuse, written) = (excuse(function), &function.written);
    quote!(#excuse #written #made)
}

/// Allows clippy's `needless_pass_by_value` on a plain `fn`. clippy cannot know that handlers take arguments by
/// value, and would advise the user to take `&State<T>`. The attribute is added only if the lint could fire, because
/// it would be an error in a crate that forbids the lint. An `async fn` moves its arguments into its future, so the
/// lint does not fire. If the function's own attributes set the lint, that setting stays.
fn excuse(function: &Function) -> Option<TokenStream> {
    const LINT: &str = "needless_pass_by_value";
    let lints = function.attributes_named(&["allow", "expect", "warn", "deny", "forbid"]);
    let said = lints
        .iter()
        .any(|it| quote!(#it).to_string().contains(LINT));
    let plain = function.signature.asyncness.is_none() && !function.signature.inputs.is_empty();
    (plain && !said).then(|| {
        let lint = Ident::new(LINT, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #[allow(clippy::#lint)])
    })
}

/// Returns the item as written, followed by the errors.
fn without_function(
    place: Place,
    attribute: TokenStream,
    item: &TokenStream,
    reason: NoFunction,
) -> TokenStream {
    let mut faults = Faults::default();
    parse::options(attribute, place, &mut faults);
    let is_closure = matches!(reason, NoFunction::Closure(_));
    match reason {
        NoFunction::OtherItem(first) => faults.add(
            first,
            format!("`{}` can only be used on a function", place.attribute()),
            format!("put it on the function that {}", place.purpose()),
        ),
        NoFunction::Closure(first) => faults.add(
            first,
            format!("`{}` can only be used on a function", place.attribute()),
            "write a function, or pass the closure to `Worker::builder()`",
        ),
        NoFunction::Unreadable(error) => faults.add_syntax(error),
    }
    let errors = faults.into_compile_errors();
    if is_closure {
        // A closure is an expression, so the expansion must be one expression.
        return quote!({ #errors #item });
    }
    quote!(#item #errors)
}

/// Returns the function without its registration, followed by the errors. A `main` is still generated, so that the
/// compiler does not report a missing `main` too.
fn rejected(place: Place, function: &Function, options: &Options, faults: Faults) -> TokenStream {
    let errors = faults.into_compile_errors();
    let conditions = function.attributes_named(&["cfg"]);
    let kept = kept::function(function, place, options);
    match place {
        Place::Handler | Place::FitnessCheck | Place::OnShutdown => quote!(#kept #errors),
        Place::MainOnHandler => {
            let main = empty_main(&conditions);
            quote!(#kept #main #errors)
        }
        Place::Main => {
            quote! {
                #(#conditions)*
                fn main() {
                    #[allow(dead_code, unused_qualifications, unreachable_pub)]
                    #kept
                }
                #errors
            }
        }
    }
}

fn empty_main(conditions: &[&Attribute]) -> TokenStream {
    quote!(#(#conditions)* fn main() {})
}
