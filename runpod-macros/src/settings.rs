//! Turns the values of options into code.
//!
//! A literal is checked when the attribute is parsed. For any other expression, the compiler checks at the expression's
//! own tokens that it is a constant of the option's type. A `const` assertion then checks its value.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprPath, Ident, LitStr};

use crate::model::{Function, Given, Key, Options, Setting};
use crate::paths::Item;
use crate::places;

/// The name of the constant in generated code.
const VALUE: &str = "__RP_VALUE";

/// Returns the value of a boolean option.
pub(crate) fn flag(given: Option<&Given<Setting<bool>>>) -> Option<TokenStream> {
    given.map(|given| value(given, &quote!(bool), None))
}

/// Returns the value of an option that is a number of 1 or more.
pub(crate) fn count(key: Key, given: Option<&Given<Setting<usize>>>) -> Option<TokenStream> {
    given.map(|given| count_of(key, given.span, &given.value))
}

/// Returns the value of an option that is a number of 1 or more. `span` is that of the option.
pub(crate) fn count_of(key: Key, span: Span, setting: &Setting<usize>) -> TokenStream {
    let wrong = format!("the option `{}` must be 1 or more", key.name());
    value_of(span, setting, &quote!(usize), Some((quote!(> 0), wrong)))
}

/// Returns the value of an option that is a number and may be 0.
pub(crate) fn number(given: Option<&Given<Setting<usize>>>) -> Option<TokenStream> {
    given.map(|given| value(given, &quote!(usize), None))
}

/// Returns the value of an option that is a string.
pub(crate) fn text(key: Key, given: &Given<Setting<LitStr>>) -> TokenStream {
    let wrong = format!("the option `{}` must not be empty", key.name());
    value(
        given,
        &quote!(&'static str),
        Some((quote!(.len() > 0), wrong)),
    )
}

/// Returns the name of the handler: the option `name`, or the function's name.
pub(crate) fn handler_name(options: &Options, function: &Function) -> TokenStream {
    let own = &function.signature.ident;
    match &options.name {
        Some(name) => text(Key::Name, name),
        None => LitStr::new(&own.unraw().to_string(), own.span()).into_token_stream(),
    }
}

/// Returns the modifier with an explicit type, so that a type error points at the user's expression.
pub(crate) fn modifier(given: &Given<Expr>) -> TokenStream {
    let (here, function) = (given.span, &given.value);
    let name = Ident::new("__rp_modifier", here);
    quote_spanned!(here=> { let #name: fn(usize) -> usize = #function; #name })
}

/// Returns the function that wraps handlers, with an explicit type, so that a type error points at the user's path.
pub(crate) fn around(given: &Given<ExprPath>) -> TokenStream {
    let (here, function) = (given.span, &given.value);
    let name = Ident::new("__rp_around", here);
    let (call, next) = (Item::JobCall.path(here), Item::Next.path(here));
    quote_spanned!(here=> { let #name: fn(#call, #next) -> _ = #function; #name })
}

fn value<T: ToTokens>(
    given: &Given<Setting<T>>,
    ty: &TokenStream,
    asserted: Option<(TokenStream, String)>,
) -> TokenStream {
    value_of(given.span, &given.value, ty, asserted)
}

fn value_of<T: ToTokens>(
    span: Span,
    setting: &Setting<T>,
    ty: &TokenStream,
    asserted: Option<(TokenStream, String)>,
) -> TokenStream {
    let expression = match setting {
        Setting::Literal(literal) => return literal.to_token_stream(),
        Setting::Expression(expression) => expression,
    };
    let (here, there) = (places::at(span), places::at(expression.span()));
    let name = Ident::new(VALUE, here);
    let assertion = asserted.map(|(fits, wrong)| {
        let name = Ident::new(VALUE, there);
        quote_spanned!(there=> const _: () = ::core::assert!(#name #fits, #wrong);)
    });
    // The type has the option's span, so a type error says that the option expects it.
    let ty: TokenStream = ty
        .clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(here);
            token
        })
        .collect();
    quote_spanned!(here=> { const #name: #ty = #expression; #assertion #name })
}
