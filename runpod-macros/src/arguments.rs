//! A handler's arguments, seen from outside.

use proc_macro2::{Span, TokenStream};
use quote::quote;
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
    let mut arguments: Vec<Argument<'_>> = Vec::new();
    for (index, typed) in typed.enumerate() {
        let taken = |name: &Ident| arguments.iter().any(|it| it.variable == *name);
        arguments.push(Argument {
            conditions: named(&typed.attrs, &["cfg"]),
            ty: &typed.ty,
            variable: variable(typed, index, taken),
            span: places::at(typed.ty.span()),
        });
    }
    arguments
}

/// The argument's own name, so that the expansion reads well, where that name is free in the adapter. Two arguments can
/// have one name: in what a `macro_rules` makes, names are told apart by more than their letters.
fn variable(argument: &PatType, index: usize, taken: impl Fn(&Ident) -> bool) -> Ident {
    let own = match &*argument.pat {
        Pat::Ident(name) => free(&name.ident.to_string()),
        _ => None,
    };
    own.filter(|name| !taken(name))
        .unwrap_or_else(|| Ident::new(&format!("__rp_{index}"), Span::mixed_site()))
}

/// The name for generated code, which is of another edition than the function may be: `gen` is a keyword there.
fn free(name: &str) -> Option<Ident> {
    let plain = name.starts_with(char::is_alphabetic) && name != "gen";
    // Keywords and raw names are none.
    let parsed = plain.then(|| syn::parse_str::<Ident>(name).ok())?;
    let raw = name.starts_with("r#");
    parsed
        .filter(|_| !raw)
        .map(|_| Ident::new(name, Span::mixed_site()))
}
