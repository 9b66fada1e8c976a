//! Emits a function that has errors, without the parts that the compiler would report a second time.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, Signature, Type, parse_quote};

use crate::imports::Imports;
use crate::model::{Function, Options, Place};
use crate::paths::Root;
use crate::types::returns_stream;
use crate::unfit::{self, Then};
use crate::{check, neighbours};

pub(crate) fn function(function: &Function, place: Place, options: &Options) -> TokenStream {
    let root = Root::of(options);
    let ours = |it: &Attribute| neighbours::is_ours(it, options) || neighbours::is_runtime_main(it);
    let attributes: Vec<_> = function.attributes.iter().filter(|it| !ours(it)).collect();
    let visibility = &function.visibility;
    let (signature, has_body) = signature(function, place, options, &root);
    let written = &function.body;
    let body = if !has_body {
        quote!({ ::core::unimplemented!() })
    } else if returns_stream(&signature.output) && check::bare_yield(function).is_some() {
        // The compiler would report four more errors about this `yield`, so the expansion adds the missing macro.
        let stream = root.stream();
        quote!({ #stream! #written })
    } else {
        quote!(#written)
    };
    // These warnings about unused arguments would only distract from the error.
    quote! {
        #[allow(unused_variables, unused_mut)]
        #(#attributes)* #visibility #signature #body
    }
}

/// Returns the signature with unfit types replaced, and whether to keep the body.
fn signature(
    function: &Function,
    place: Place,
    options: &Options,
    root: &Root,
) -> (Signature, bool) {
    let imports = Imports::beside(&function.signature.ident);
    let mut signature = function.signature.clone();
    let mut has_body = function.block().is_some();
    if !function.is_main() && !place.is_hook() {
        for argument in &mut signature.inputs {
            let FnArg::Typed(typed) = argument else {
                continue;
            };
            match unfit::argument(&typed.ty, &imports, root).map(|unfit| unfit.then) {
                Some(Then::Has(owned)) => *typed.ty = Type::Verbatim(owned),
                Some(Then::WithoutBody) => has_body = false,
                Some(Then::Stays) | None => {}
            }
        }
        let result = unfit::result(function, options, &imports).map(|unfit| unfit.then);
        if let Some(Then::Has(other)) = result {
            signature.output = parse_quote!(-> #other);
            has_body = false;
        }
    }
    (signature, has_body)
}
