//! Tests the errors about the options of batch handlers.

use quote::quote;

use crate::check_tests::{Expansion, assert_errors};
use crate::expand::handler;

#[test]
fn a_weight_without_inputs_is_reported_once() {
    let options = quote!(batch, weight = tokens, max_weight = 8);
    let function = quote! { fn count(contexts: Vec<JobContext>) -> Vec<u8> { Vec::new() } };
    assert_errors(
        &Expansion::of(handler(options.clone(), &function), &function),
        &[
            "the option `weight` needs the inputs of the jobs, and this function has no argument for them\n\
             help: add an argument such as `inputs: Vec<T>`, where `T` is the input of one job; or remove `weight` and `max_weight`",
        ],
    );
    let function = quote! { fn count(context: JobContext) -> Vec<u8> { Vec::new() } };
    assert_errors(
        &Expansion::of(handler(options, &function), &function),
        &[
            "a `batch` handler takes the inputs of its jobs as a `Vec<T>`, and this function has no such argument\n\
             help: add an argument such as `inputs: Vec<T>`, where `T` is the input of one job",
        ],
    );
}
