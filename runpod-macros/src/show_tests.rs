//! Tests how expansions are printed.

use quote::quote;

use crate::show::{is_wanted, tidy};

#[test]
fn all_expansions_are_shown_or_those_of_one_function() {
    assert!(is_wanted("1", "greet"));
    assert!(is_wanted("greet", "greet"));
    assert!(!is_wanted("greet", "shout"));
    assert!(!is_wanted("", "greet"));
}

#[test]
fn statements_stand_on_lines_of_their_own() {
    let tokens = quote! {
        #[cfg(unix)]
        const _: () = {
            use ::runpod::__private as __rp;
            let a = <Vec<u8> as __rp::FromJob<_>>::from_job(call)?;
            run(&[a, b], move || greet((a, !b), "x"), |it| it.0);
        };
        pub fn main() -> u8 {}
    };
    assert_eq!(
        tidy(&tokens),
        r#"#[cfg(unix)]
const _: () = {
    use ::runpod::__private as __rp;
    let a = <Vec<u8> as __rp::FromJob<_>>::from_job(call)?;
    run(&[a, b], move || greet((a, !b), "x"), |it| it.0);
};
pub fn main() -> u8 {}"#
    );
}

#[cfg(not(any(feature = "schema", feature = "validate")))]
#[test]
fn the_guide_shows_the_expansion_of_hello_which_is_short() {
    const HELLO: &str = include_str!("../../examples/hello.rs");
    const GUIDE: &str = include_str!("../../docs/explanation/what-the-attributes-generate.md");

    let (_, function) = HELLO
        .split_once("#[runpod::main]")
        .expect("the example contains the attribute");
    let function: proc_macro2::TokenStream = function.parse().expect("the example is valid Rust");
    let expansion = tidy(&crate::expand::main(quote!(), &function));

    let (_, shown) = GUIDE
        .split_once("<!-- expansion of hello -->\n```rust,ignore\n")
        .expect("the guide shows the expansion");
    let (shown, _) = shown.split_once("```").expect("the code block is closed");
    let solid = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(
        solid(shown),
        solid(&expansion),
        "docs/explanation/what-the-attributes-generate.md must show:\n{expansion}"
    );

    let generated = expansion.lines().count() - tidy(&function).lines().count();
    assert!(
        generated < 12,
        "expected fewer than 12 generated lines, got {generated}"
    );
}
