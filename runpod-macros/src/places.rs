//! Where generated code pretends to stand.
//!
//! It has the hygiene and the lint treatment of a macro's own code (`mixed_site`), but is placed at the user's tokens
//! (`located_at`). What is wrong with a type comes up where a trait is named, and those names are given the very spans
//! of the user's type ([`Place`]): the compiler shows the type then, and says nothing of a macro.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Ident, ReturnType};

use crate::model::Function;
use crate::types::{item_of, parts_of_result};

/// From the first of the user's tokens to the last. (The span of several is not to be had on stable Rust.)
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

/// Generated code at the user's `span`.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The place of the function's name.
pub(crate) fn name(function: &Function) -> Span {
    at(function.signature.ident.span())
}

/// The place of the function's result.
pub(crate) fn result(function: &Function) -> Span {
    at(match &function.signature.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.signature.ident.span(),
    })
}

/// The result, as a whole.
pub(crate) fn whole_result(function: &Function) -> Place {
    match &function.signature.output {
        ReturnType::Type(_, ty) => Place::of(ty),
        ReturnType::Default => Place::of(&function.signature.ident),
    }
}

/// The places of the value, or of a stream's item, and of the error. Both are the whole result where its tokens do not
/// tell them apart.
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

/// The place of the error that a stream handler returns before its items or after them.
pub(crate) fn error(function: &Function) -> Place {
    match &function.signature.output {
        ReturnType::Type(_, ty) => Place::of(parts_of_result(ty).1.unwrap_or(ty)),
        ReturnType::Default => Place::of(&function.signature.ident),
    }
}

/// The function's name for generated code at `span`.
pub(crate) fn function_name(function: &Function, span: Span) -> Ident {
    let mut name = function.signature.ident.clone();
    name.set_span(span);
    name
}
