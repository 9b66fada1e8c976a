//! Chooses the spans of generated code.
//!
//! For hygiene and lints, generated code counts as macro code (`mixed_site`), but its location is that of the user's
//! tokens (`located_at`). The compiler reports an unfit type at the path of the trait that the type should implement.
//! That path gets the spans of the user's type ([`Place`]), so the error points at the type and does not mention the
//! macro.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Ident, ReturnType};

use crate::model::Function;
use crate::types::{item_of, parts_of_result};

/// The spans of the first and the last of the user's tokens. (Stable Rust cannot join spans.)
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: Span,
    pub(crate) end: Span,
}

impl Place {
    pub(crate) fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|it| it.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        let end = spans.last().unwrap_or(start);
        Self { start, end }
    }
}

/// Returns a span for generated code at the user's `span`.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Returns the span of the function's name.
pub(crate) fn name(function: &Function) -> Span {
    at(function.signature.ident.span())
}

/// Returns the span of the function's return type.
pub(crate) fn result(function: &Function) -> Span {
    at(match &function.signature.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.signature.ident.span(),
    })
}

/// Returns the place of the whole return type.
pub(crate) fn whole_result(function: &Function) -> Place {
    match &function.signature.output {
        ReturnType::Type(_, ty) => Place::of(ty),
        ReturnType::Default => Place::of(&function.signature.ident),
    }
}

/// Returns the places of the value (or the stream's item) and of the error. If the tokens do not show them separately,
/// both places are the whole return type.
pub(crate) fn value_and_error(function: &Function) -> (Place, Place) {
    let ReturnType::Type(_, ty) = &function.signature.output else {
        let name = Place::of(&function.signature.ident);
        return (name, name);
    };
    let given = item_of(ty).unwrap_or(ty);
    let (value, error) = parts_of_result(given);
    (
        Place::of(value.unwrap_or(given)),
        Place::of(error.unwrap_or(given)),
    )
}

/// Returns the place of the error that a stream handler returns before or after its items.
pub(crate) fn error(function: &Function) -> Place {
    match &function.signature.output {
        ReturnType::Type(_, ty) => Place::of(parts_of_result(ty).1.unwrap_or(ty)),
        ReturnType::Default => Place::of(&function.signature.ident),
    }
}

/// Returns the function's name for generated code at `span`.
pub(crate) fn function_name(function: &Function, span: Span) -> Ident {
    let mut name = function.signature.ident.clone();
    name.set_span(span);
    name
}
