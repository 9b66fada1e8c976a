//! Tests the errors about attributes of async runtimes.

use quote::quote;

use crate::check_tests::{assert_errors, on_handler, on_main};

#[test]
fn what_tokio_main_has_made_of_a_function_is_known_by_its_body() {
    let wrong = |attribute| {
        format!(
            "`#[tokio::main]` cannot be used with `{attribute}`\n\
             help: remove it: the worker starts its own tokio runtime"
        )
    };
    let made = quote! {
        {
            let body = async { Model };
            return tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .expect("Failed building the Runtime")
                .block_on(body);
        }
    };
    assert_errors(
        &on_main(&quote! { fn main() -> Model #made }),
        &[&wrong("#[runpod::main]")],
    );
    assert_errors(
        &on_handler(&quote! { fn greet() -> Model #made }),
        &[&wrong("#[runpod::handler]")],
    );
    // A hand-written runtime is allowed: the user may need it.
    assert_errors(
        &on_main(
            &quote! { fn main() -> Model { tokio::runtime::Runtime::new().expect("a runtime").block_on(load()) } },
        ),
        &[],
    );
}

#[test]
fn the_main_of_any_runtime_is_one_too_many() {
    assert_errors(
        &on_main(&quote! { #[actix_web::main] async fn main() {} }),
        &[
            "`#[actix_web::main]` cannot be used with `#[runpod::main]`\n\
             help: remove it: the worker starts its own tokio runtime",
        ],
    );
}
