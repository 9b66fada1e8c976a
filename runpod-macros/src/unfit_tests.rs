//! Tests types that the macros must not report. For types that they do report, `tests/ui/fail` has the messages,
//! including those that the compiler adds.

use quote::quote;

use crate::check_tests::{assert_errors, on_handler, stream};

#[test]
fn types_that_may_fit_are_left_to_the_compiler() {
    for function in [
        quote! { fn greet(context: Context, rows: [[u8; 32]; 32], n: [u8; LENGTH]) {} },
        quote! { fn greet(texts: Box<str>, path: Arc<Path>, of: State<[u8; 512]>) {} },
        quote! { fn greet(of: State<Box<dyn Model>>, text: Cow<'static, str>) -> Box<dyn erased_serde::Serialize> {} },
    ] {
        assert_errors(&on_handler(&function), &[]);
    }
    for function in [
        quote! { fn greet(out: Emitter<&'static str>) {} },
        quote! { fn greet() -> Pin<Box<dyn Stream<Item = u8> + Send>> {} },
        quote! { fn greet() -> Box<dyn Stream<Item = u8> + Send + Unpin> {} },
        quote! { fn greet() -> Box<dyn Iterator<Item = u8>> {} },
        quote! { fn greet() -> BoxStream<'static, u8> {} },
    ] {
        assert_errors(&stream(&function), &[]);
    }
}
