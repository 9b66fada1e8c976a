//! Finds the mistakes that the macros can see in a function. The compiler checks everything that needs types, and the
//! runtime checks the rest when the worker starts.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{FnArg, GenericParam, Ident, ReturnType, Safety, Signature, Type};

use crate::diagnostics::Faults;
use crate::imports::Imports;
use crate::model::{Function, Options, Place};
use crate::paths::Root;
use crate::show::tidy;
use crate::types::{
    Borrowing, borrowings, gives_nothing, impl_traits, is_emitter, is_one_of, item_source,
    returned_impl, surely_no_emitter, surely_no_input, wrapped_emitter,
};
use crate::{batch, neighbours, unfit};

/// Checks `function` at its `place`.
pub(crate) fn function(function: &Function, place: Place, options: &Options, faults: &mut Faults) {
    let signature = &function.signature;
    let imports = Imports::beside(&signature.ident);
    name(signature, place, faults);
    qualifiers(signature, place, faults);
    generics(signature, place, faults);
    if place == Place::Main {
        no_arguments(signature, faults);
    } else {
        arguments(signature, &imports, &Root::of(options), faults);
        stream(signature, place, options, faults);
        if let Some(unfit) = unfit::result(function, options, &imports) {
            faults.add(unfit.at, unfit.wrong, unfit.help);
        }
    }
    if place == Place::MainOnHandler {
        no_state(signature, faults);
    }
    choice(options, faults);
    if place != Place::Main {
        batch::check(function, place, options, faults);
    }
    neighbours::check(function, place, options, faults);
    needs_body(function, place, faults);
    no_yield(function, faults);
}

fn name(signature: &Signature, place: Place, faults: &mut Faults) {
    if place == Place::Handler && signature.ident == "main" {
        faults.add(
            &signature.ident,
            "`main` cannot be a handler",
            "rename the handler; if this function makes the worker's state, put `#[runpod::main]` on it instead",
        );
    }
}

pub(crate) fn qualifiers(signature: &Signature, place: Place, faults: &mut Faults) {
    let subject = place.subject();
    if let Some(constness) = &signature.constness {
        faults.add(
            constness,
            format!("{subject} cannot be a `const fn`"),
            "remove `const`: the worker calls the function at run time",
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        faults.add(
            token,
            format!("{subject} cannot be `unsafe`"),
            "remove `unsafe` here, and put an `unsafe` block around the code that needs it",
        );
    }
    if let Some(abi) = &signature.abi {
        faults.add(
            abi,
            format!("{subject} cannot be `extern`"),
            "remove `extern`: the worker calls the function from Rust",
        );
    }
    if let Some(variadic) = &signature.variadic {
        faults.add(
            variadic,
            format!("{subject} cannot take variadic arguments (`...`)"),
            "to take any number of values, use a `Vec<T>` as the input or as one of its fields",
        );
    }
}

fn generics(signature: &Signature, place: Place, faults: &mut Faults) {
    let subject = place.subject();
    let (lifetimes, types): (Vec<_>, Vec<_>) = signature
        .generics
        .params
        .iter()
        .partition(|parameter| matches!(parameter, GenericParam::Lifetime(_)));
    if !types.is_empty() {
        faults.add(
            quote!(#(#types),*),
            format!("{subject} cannot be generic"),
            "write the concrete type: the worker cannot know which one to use",
        );
    }
    // If an argument borrows, its own error says more than this one.
    if !lifetimes.is_empty() && !types_of(signature).any(|(_, ty)| !borrowings(ty).is_empty()) {
        faults.add(
            quote!(#(#lifetimes),*),
            format!("{subject} cannot have lifetime parameters"),
            match place {
                Place::Main => "return a type that owns its data: all jobs share it",
                _ => "remove them: a handler owns its arguments",
            },
        );
    }
}

pub(crate) fn types_of(signature: &Signature) -> impl Iterator<Item = (&FnArg, &Type)> {
    signature
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some((argument, &*typed.ty)),
            FnArg::Receiver(_) => None,
        })
}

fn no_arguments(signature: &Signature, faults: &mut Faults) {
    if !signature.inputs.is_empty() {
        let inputs = &signature.inputs;
        faults.add(
            inputs,
            "`main` takes no arguments",
            "`main` makes the worker's state before the first job; to handle jobs, give this function another name",
        );
    }
}

/// Rejects `State<T>`: if the user has not written a `main`, there is no state.
fn no_state(signature: &Signature, faults: &mut Faults) {
    for (argument, ty) in types_of(signature) {
        if is_one_of(ty, &["State"]) {
            faults.add(
                argument,
                "a handler with `#[runpod::main]` cannot take a `State<T>`: there is no `main` function that makes the state",
                "put `#[runpod::handler]` on this function, and add `#[runpod::main] async fn main() -> T { … }`, which makes the state",
            );
        }
    }
}

fn arguments(signature: &Signature, imports: &Imports, root: &Root, faults: &mut Faults) {
    if let Some(receiver) = signature.receiver() {
        faults.add(
            receiver,
            "a handler cannot be a method",
            "move the function out of the `impl`; handlers share data through `State<T>`",
        );
    }
    if signature.receiver().is_none()
        && let Some(word) = own_type(quote!(#signature))
    {
        faults.add(
            word,
            "a handler cannot be inside an `impl`",
            "move the function out of the `impl`, and write the type's name instead of `Self`",
        );
    }
    for (_, ty) in types_of(signature) {
        for bounds in impl_traits(ty) {
            faults.add(
                bounds,
                "a handler's argument cannot be an `impl Trait`",
                "write the concrete type: the worker cannot know which one to make",
            );
        }
        if let Some(unfit) = unfit::argument(ty, imports, root) {
            faults.add(unfit.at, unfit.wrong, unfit.help);
            continue;
        }
        match borrowings(ty).into_iter().next() {
            Some(Borrowing::Whole(reference)) => {
                let target = &reference.elem;
                faults.add(
                    reference,
                    "a handler's argument cannot be a reference",
                    by_value(target),
                );
            }
            Some(Borrowing::Inside(tokens)) => faults.add(
                tokens,
                "a handler's argument cannot contain borrowed data",
                "use an owned type, such as `String` instead of `&str`: a handler owns its arguments",
            ),
            None => {}
        }
    }
}

/// Returns the advice for an argument that is a reference to `target`.
fn by_value(target: &Type) -> String {
    let text = tidy(&quote!(#target));
    let owned = owned(&text);
    if surely_no_input(target) || owned != text {
        format!("take `{owned}` by value")
    } else {
        format!(
            "take `{owned}` by value if it is the input, or `State<{owned}>` if `main` makes it"
        )
    }
}

/// Returns whether the tokens show that the function is in an `impl` or a trait, where generated items cannot be
/// placed next to it.
pub(crate) fn stands_in_impl(function: &Function) -> bool {
    let signature = &function.signature;
    signature.receiver().is_some()
        || own_type(quote!(#signature)).is_some()
        || function.block().is_none()
}

/// Returns the first `Self` in `tokens`.
pub(crate) fn own_type(tokens: TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match &token {
        TokenTree::Ident(word) if word == "Self" => Some(token),
        TokenTree::Group(group) => own_type(group.stream()),
        _ => None,
    })
}

/// Returns the owned type for the target of a reference.
fn owned(target: &str) -> &str {
    match target {
        "str" => "String",
        "Path" => "PathBuf",
        "[u8]" => "Vec<u8>",
        other => other,
    }
}

fn stream(signature: &Signature, place: Place, options: &Options, faults: &mut Faults) {
    let emitter = types_of(signature).find(|(_, ty)| is_emitter(ty));
    let wrapped = types_of(signature).find_map(|(_, ty)| Some((ty, wrapped_emitter(ty)?)));
    let attribute = place.attribute().trim_end_matches(']');
    match (&options.stream, emitter) {
        (Some(_), None) if wrapped.is_some() => {
            // A reference to an emitter is already reported as a reference.
            if let Some((ty, emitter)) = wrapped.filter(|(ty, _)| borrowings(ty).is_empty()) {
                faults.add(
                    ty,
                    "an `Emitter` must be an argument of its own, not part of another type",
                    format!("take `{}` as an argument", tidy(&quote!(#emitter))),
                );
            }
        }
        // If an argument's type may be an alias of `Emitter`, this check is left to the compiler.
        (Some(stream), None)
            if gives_nothing(&signature.output)
                && types_of(signature).all(|(_, ty)| surely_no_emitter(ty)) =>
        {
            let at = match &signature.output {
                ReturnType::Type(_, ty) => quote!(#ty),
                ReturnType::Default => {
                    let option = Ident::new("stream", stream.span);
                    quote!(#option)
                }
            };
            faults.add(
                at,
                "a `stream` handler that returns nothing has no way to send items",
                "return `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or take an `Emitter<T>`",
            );
        }
        (Some(_), Some((argument, _))) if item_source(&signature.output).is_some() => faults.add(
            argument,
            "a `stream` handler returns its items or sends them through an `Emitter`, not both",
            "remove the `Emitter`, or return `()` or `Result<(), E>`",
        ),
        (Some(_), None) if signature.asyncness.is_some() => {
            if let Some(returned) = returned_impl(&signature.output, &["Iterator"]) {
                faults.add(
                    returned,
                    "an `async` handler cannot return an iterator: it would block other jobs",
                    "remove `async`, or return `impl Stream<Item = T>`",
                );
            }
        }
        (None, Some((argument, _))) => faults.add(
            argument,
            "only a `stream` handler can take an `Emitter`",
            format!("add the option: `{attribute}(stream)]`"),
        ),
        (None, None) => {
            if let Some(returned) = item_source(&signature.output) {
                faults.add(
                    returned,
                    "a handler that returns a stream of items needs the option `stream`",
                    format!("add it: `{attribute}(stream)]`"),
                );
            }
        }
        _ => {}
    }
}

fn choice(options: &Options, faults: &mut Faults) {
    if let (Some(_), Some(route)) = (&options.handler, &options.route) {
        faults.add(
            Ident::new("route", route.span),
            "`route` and `handler` cannot be used together",
            "keep `handler` to send every job to one handler, or `route` to choose the handler by the job's input",
        );
    }
}

pub(crate) fn needs_body(function: &Function, place: Place, faults: &mut Faults) {
    if function.block().is_none() {
        faults.add(
            &function.signature.ident,
            format!("{} needs a body", place.subject()),
            "give the function a body, `{ … }`, outside any trait or `extern` block",
        );
    }
}

fn no_yield(function: &Function, faults: &mut Faults) {
    if let Some(word) = bare_yield(function) {
        faults.add(
            word,
            "`yield` cannot be used directly in a function",
            "wrap the body in `runpod::stream! { … }`, or in `runpod::try_stream! { … }` if it uses `?`, and return \
             `impl Stream<Item = T>`",
        );
    }
}

/// Returns the first `yield` in the body of `function` that is not inside a macro call.
pub(crate) fn bare_yield(function: &Function) -> Option<TokenTree> {
    yield_in(function.block()?)
}

/// Returns the first `yield` in `tokens` that is not inside a macro's delimiters.
fn yield_in(tokens: TokenStream) -> Option<TokenTree> {
    // The two previous tokens, which show whether a group belongs to a macro call: a word, `!` and a group.
    let mut before: [Option<TokenTree>; 2] = [None, None];
    for token in tokens {
        match &token {
            TokenTree::Ident(word) if word == "yield" => return Some(token),
            TokenTree::Group(group) if !calls_macro(&before) => {
                let found = yield_in(group.stream());
                if found.is_some() {
                    return found;
                }
            }
            _ => {}
        }
        let [_, last] = before;
        before = [last, Some(token)];
    }
    None
}

fn calls_macro(before: &[Option<TokenTree>; 2]) -> bool {
    matches!(
        before,
        [Some(TokenTree::Ident(_)), Some(TokenTree::Punct(mark))] if mark.as_char() == '!'
    )
}
