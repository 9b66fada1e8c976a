//! Tests the code that the features `schema` and `validate` add.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::handler;

#[track_caller]
fn assert_has(tokens: &TokenStream, part: &TokenStream, expected: bool) {
    let (all, part) = (tokens.to_string(), part.to_string());
    assert_eq!(all.contains(&part), expected, "{part}\nin\n  {all}");
}

#[test]
fn the_types_are_handed_over_for_their_schemas_with_the_feature_only() {
    let made = handler(
        quote!(),
        &quote!(
            async fn greet(input: Pair, #[cfg(unix)] ctx: JobContext) -> String {}
        ),
    );
    let types = quote!(.with_schemas(__rp::schemas!(Async greet(Pair, #[cfg(unix)] JobContext))));
    assert_has(&made, &types, cfg!(feature = "schema"));
    assert_has(&made, &quote!(with_schemas), cfg!(feature = "schema"));
}

#[test]
fn the_arguments_are_validated_before_the_call_with_the_feature_only() {
    let made = handler(
        quote!(),
        &quote!(
            fn greet(input: Pair, #[cfg(unix)] ctx: JobContext) {}
        ),
    );
    let checks = quote!(__rp::validate!(input, #[cfg(unix)] ctx); __rp::Blocking::run);
    assert_has(&made, &checks, cfg!(feature = "validate"));
    assert_has(&made, &quote!(validate), cfg!(feature = "validate"));
    let nothing = handler(
        quote!(),
        &quote!(
            fn greet() {}
        ),
    );
    assert_has(&nothing, &quote!(validate), false);
}
