//! Tests the code and the errors of fitness checks and shutdown hooks.

use proc_macro2::TokenStream;
use quote::quote;

use crate::check_tests::{Expansion, assert_errors};
use crate::expand::hook;
use crate::expand_tests::{assert_has, assert_is};
use crate::model::Place;

fn check(options: TokenStream, function: &TokenStream) -> Expansion {
    Expansion::of(hook(Place::FitnessCheck, options, function), function)
}

#[test]
fn an_async_function_with_state_is_registered_with_its_options() {
    let function = quote!(
        async fn warm(model: State<Model>) -> Result<(), String> {}
    );
    let made = hook(
        Place::FitnessCheck,
        quote!(name = "warm-up", timeout_s = LIMIT),
        &function,
    );
    assert_is(
        &made,
        &quote! {
            async fn warm(model: State<Model>) -> Result<(), String> {}
            const __warm: () = {
                use ::runpod::__private as __rp;
                __rp::submit!(__rp::HookRegistration::fitness_check(
                    "warm-up",
                    ::core::file!(),
                    ::core::line!(),
                    &[<State<Model> as __rp::HookArgument>::describe],
                    |__rp_call| {
                        let model = <State<Model> as __rp::HookArgument>::of_call(__rp_call)?;
                        __rp::HookRun::asynchronous(
                            __rp::Async::later(warm(model)),
                            __rp::HookResult::outcome
                        )
                    }
                ).timeout_s({
                    const __RP_VALUE: usize = LIMIT;
                    const _: () = ::core::assert!(__RP_VALUE > 0, "the option `timeout_s` must be 1 or more");
                    __RP_VALUE
                }));
            };
        },
    );
}

#[test]
fn a_plain_function_without_state_is_called_on_a_blocking_thread() {
    let function = quote!(
        fn bye() {}
    );
    let made = hook(Place::OnShutdown, quote!(crate = my::runpod), &function);
    assert_has(
        &made,
        &quote!(
            use my::runpod::__private as __rp;
        ),
    );
    assert_has(
        &made,
        &quote! {
            __rp::HookRegistration::on_shutdown(
                "bye", ::core::file!(), ::core::line!(), &[],
                |_| { __rp::HookRun::plain(move || bye(), __rp::HookResult::outcome) }
            )
        },
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let function = quote! {
        const unsafe fn free<T>(&self, model: &Model, other: State<Other>) {}
    };
    let known = "help: the options of `#[runpod::fitness_check]` are `name`, `timeout_s`, `crate`";
    assert_errors(
        &check(quote!(timeout_s = 0, concurrency = 4, nam = "x"), &function),
        &[
            "the option `timeout_s` must be 1 or more\nhelp: write `timeout_s = 30`",
            &format!("`concurrency` is not an option of `#[runpod::fitness_check]`\n{known}"),
            &format!("unknown option `nam`; did you mean `name`?\n{known}"),
            "a fitness check cannot be a `const fn`\nhelp: remove `const`: the worker calls the function at run time",
            "a fitness check cannot be `unsafe`\n\
             help: remove `unsafe` here, and put an `unsafe` block around the code that needs it",
            "a fitness check cannot be generic\n\
             help: write the concrete type: the worker calls the function itself",
            "a fitness check cannot be a method\n\
             help: move the function out of the `impl`, and take what `main` returns as `State<T>`",
            "the argument of a fitness check cannot be a reference\n\
             help: take `State<Model>`, which all jobs share",
            "a fitness check takes one argument at most\n\
             help: a worker has one state: take `State<T>` once, and use its fields",
        ],
    );
    assert_errors(
        &check(quote!(), &quote! { fn main<T>(x: impl Check) }),
        &[
            "`main` cannot be a fitness check\n\
             help: give this function another name: `main` makes the worker's state before the first job",
            "a fitness check cannot be generic\n\
             help: write the concrete type: the worker calls the function itself",
            "the argument of a fitness check cannot be an `impl Trait`\n\
             help: take the value that `main` returns, as `State<T>`",
            "a fitness check needs a body\n\
             help: give the function a body, `{ … }`, outside any trait or `extern` block",
        ],
    );
}

#[test]
fn an_argument_under_a_condition_may_be_the_only_one() {
    let function = quote! {
        fn free(#[cfg(unix)] model: State<A>, #[cfg(windows)] model: State<B>) {}
    };
    assert_errors(&check(quote!(), &function), &[]);
}

#[test]
fn a_second_attribute_and_another_item_are_refused() {
    let both = quote! { #[runpod::handler] fn free() {} };
    assert_errors(
        &check(quote!(), &both),
        &["a function cannot have two runpod attributes\n\
           help: keep one of them; to do both, write a second function"],
    );
    let item = quote! { struct Free; };
    assert_errors(
        &Expansion::of(hook(Place::OnShutdown, quote!(), &item), &item),
        &["`#[runpod::on_shutdown]` can only be used on a function\n\
           help: put it on the function that cleans up after the last job"],
    );
}

#[test]
fn a_handler_has_no_time_limit() {
    let function = quote!(
        fn greet() {}
    );
    let made = crate::expand::handler(quote!(timeout_s = 3), &function);
    assert_errors(
        &Expansion::of(made, &function),
        &["`timeout_s` is not an option of `#[runpod::handler]`\n\
           help: the options of `#[runpod::handler]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`"],
    );
}
