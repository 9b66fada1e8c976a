//! A handler's arguments, seen from outside.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Type};

use crate::model::{Function, named};
use crate::places;

/// An argument. Its pattern does not matter, it is passed by position.
pub(crate) struct Argument<'a> {
    /// Its `cfg`s.
    pub(crate) conditions: Vec<&'a Attribute>,
    pub(crate) ty: &'a Type,
    /// The variable of the adapter.
    pub(crate) variable: Ident,
    pub(crate) span: Span,
}

impl Argument<'_> {
    /// The argument in a call.
    pub(crate) fn passed(&self) -> TokenStream {
        let (conditions, variable) = (&self.conditions, &self.variable);
        quote!(#(#conditions)* #variable)
    }
}

pub(crate) fn arguments(function: &Function) -> Vec<Argument<'_>> {
    let typed = function
        .signature
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
    typed
        .enumerate()
        .map(|(index, typed)| Argument {
            conditions: named(&typed.attrs, &["cfg"]),
            ty: &typed.ty,
            variable: variable(typed, index),
            span: places::at(typed.ty.span()),
        })
        .collect()
}

/// The argument's own name, so that the expansion reads well, where it has one that is free.
fn variable(argument: &PatType, index: usize) -> Ident {
    let name = match &*argument.pat {
        Pat::Ident(name) => name.ident.unraw().to_string(),
        _ => String::new(),
    };
    let plain = name.chars().next().is_some_and(char::is_alphabetic);
    // `call` is the adapter's parameter; what was raw stays away from keywords.
    let taken = name == "call" || name.starts_with("argument_");
    if plain && !taken && syn::parse_str::<Ident>(&name).is_ok() {
        Ident::new(&name, Span::mixed_site())
    } else {
        Ident::new(&format!("argument_{index}"), Span::mixed_site())
    }
}
