//! What the attributes turn a function into: the function itself, with its adapter and a `main`, or with errors.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Attribute, Ident};

use crate::diagnostics::Faults;
use crate::model::{Function, Options, Place};
use crate::parse::{self, NoFunction};
use crate::paths::Root;
use crate::{check, entry, kept, registration, show};

/// `#[runpod::handler]`
pub(crate) fn handler(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    match parse::function(item) {
        Ok(function) => annotated(Place::Handler, attribute, &function),
        Err(reason) => without_function(Place::Handler, attribute, item, reason),
    }
}

/// `#[runpod::main]`
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

fn annotated(place: Place, attribute: TokenStream, function: &Function) -> TokenStream {
    let mut faults = Faults::default();
    let says_crate = attribute
        .clone()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "crate"));
    let options = parse::options(attribute, place, &mut faults);
    check::function(function, place, &options, &mut faults);
    let root = Root::of(&options);
    if !faults.is_empty() {
        // With a `crate` that cannot be read, there is nothing to ask.
        let known = options.root.is_some() || !says_crate;
        let asked = known && place != Place::Main && !check::stands_in_impl(function);
        let questions = asked.then(|| registration::questions(function, &options, &root));
        let rejected = rejected(place, function, &options, faults);
        return quote!(#rejected #questions);
    }
    let expansion = match place {
        Place::Handler => beside(function, &registration::of(function, &options, &root)),
        Place::MainOnHandler => beside(function, &entry::of_handler(function, &options, &root)),
        Place::Main => entry::with_setup(function, &options, &root),
    };
    let name = function.signature.ident.to_string();
    show::expansion(place.attribute(), &name, &expansion);
    expansion
}

/// The function as written, and what is made of it.
fn beside(function: &Function, made: &TokenStream) -> TokenStream {
    let (excuse, written) = (excuse(function), &function.written);
    quote!(#excuse #written #made)
}

/// clippy cannot know that we ask for arguments by value, and would advise a plain `fn` to take `&State<T>`. Nothing is
/// excused where nothing is found fault with, which leaves room for a crate that forbids the lint: an `async fn` moves
/// its arguments into its future, and a function may say itself what is to become of the lint.
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

/// The item as written and the errors.
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
            format!("`{}` goes on a function", place.attribute()),
            "write it above the function that gets the jobs",
        ),
        NoFunction::Closure(first) => faults.add(
            first,
            format!("`{}` goes on a function", place.attribute()),
            "write a function, or give the closure to `Worker::builder()`",
        ),
        NoFunction::Unreadable(error) => faults.add_syntax(error),
    }
    let errors = faults.into_compile_errors();
    if is_closure {
        // One expression is all that there is room for.
        return quote!({ #errors #item });
    }
    quote!(#item #errors)
}

/// The function without registration, and the errors. There is a `main` all the same, so that the compiler does not
/// miss it as well.
fn rejected(place: Place, function: &Function, options: &Options, faults: Faults) -> TokenStream {
    let errors = faults.into_compile_errors();
    let conditions = function.attributes_named(&["cfg"]);
    let kept = kept::function(function, options);
    match place {
        Place::Handler => quote!(#kept #errors),
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
