//! A handler's arguments, as the generated adapter uses them.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Type};

use crate::model::{Function, named};
use crate::places;

/// An argument. Its pattern does not matter because the adapter passes it by position.
pub(crate) struct Argument<'a> {
    /// The `cfg` attributes of the argument.
    pub(crate) conditions: Vec<&'a Attribute>,
    pub(crate) ty: &'a Type,
    /// The variable that holds the argument in the adapter.
    pub(crate) variable: Ident,
    pub(crate) span: Span,
}

impl Argument<'_> {
    /// Returns the argument as it is written in a call.
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

/// Returns the adapter's name for an argument: the user's own name if the adapter does not use it yet, so that the
/// expansion reads well. In the output of a `macro_rules` macro, two arguments can have the same name, and only
/// hygiene tells them apart.
fn variable(argument: &PatType, index: usize, taken: impl Fn(&Ident) -> bool) -> Ident {
    let own = match &*argument.pat {
        Pat::Ident(name) => free(&name.ident.to_string()),
        _ => None,
    };
    own.filter(|name| !taken(name))
        .unwrap_or_else(|| Ident::new(&format!("__rp_{index}"), Span::mixed_site()))
}

/// Returns the name if generated code can use it. Generated code may have another edition than the function, and
/// `gen` may be a keyword there.
fn free(name: &str) -> Option<Ident> {
    let plain = name.starts_with(char::is_alphabetic) && name != "gen";
    // Parsing fails for keywords, and raw names contain `#`. Generated code uses neither.
    let parsed = plain.then(|| syn::parse_str::<Ident>(name).ok())?;
    let raw = name.starts_with("r#");
    parsed
        .filter(|_| !raw)
        .map(|_| Ident::new(name, Span::mixed_site()))
}
