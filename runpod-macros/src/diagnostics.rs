//! Collects faults, so that all of them are reported at once, each at the user's own tokens.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The faults of an attribute and its function.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<syn::Error>);

impl Faults {
    /// Adds a fault at `tokens`: `wrong` says what is wrong, and `help` what to write instead.
    pub(crate) fn add(&mut self, tokens: impl ToTokens, wrong: impl Display, help: impl Display) {
        let text = format!("{wrong}\nhelp: {help}");
        self.0.push(syn::Error::new_spanned(tokens, text));
    }

    /// Adds an error of the parser, which has a place but no help.
    pub(crate) fn add_syntax(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0
            .into_iter()
            .map(syn::Error::into_compile_error)
            .collect()
    }
}

/// Formats names as `` `a`, `b` ``.
pub(crate) fn list(names: impl IntoIterator<Item = &'static str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
