//! Tests the generated `main` of a worker.

use quote::quote;

use crate::expand::{handler, main};
use crate::expand_tests::{assert_has, assert_has_text, assert_is};

#[test]
fn main_on_a_handler_registers_it_and_runs_it() {
    let made = main(
        quote!(stream, name = "g"),
        &quote!(
            fn greet(x: u32) -> Items {}
        ),
    );
    assert_has_text(
        &made,
        "fn main () -> :: std :: process :: ExitCode { use :: runpod :: __private",
    );
    assert_has_text(&made, r#"__rp :: Function :: new ("g" ,"#);
    assert_has(&made, &quote!(__rp::submit!));
    assert_has_text(&made, "__HANDLER . streaming");
    assert_has(
        &made,
        &quote!(__rp::launch(
            __rp::WorkerConfig::NEW.handler(__HANDLER.id),
            __rp::Setup::none()
        )),
    );
}

#[test]
fn main_on_a_handler_leaves_the_choice_to_the_options_where_they_have_one() {
    let function = quote!(
        fn greet() {}
    );
    let routed = main(quote!(route = "task"), &function);
    assert_has(&routed, &quote!(__rp::WorkerConfig::NEW.route("task"),));
    let chosen = main(quote!(handler = others::shout), &function);
    assert_has(
        &chosen,
        &quote!(__rp::WorkerConfig::NEW.handler(|| __rp::FunctionId::of(&others::shout)),),
    );
}

#[test]
fn main_on_main_keeps_the_function_inside_and_makes_the_state_with_it() {
    let made = main(
        quote!(),
        &quote!(
            /// Loads the model.
            #[inline]
            pub async fn main() -> anyhow::Result<Model> {
                load().await
            }
        ),
    );
    assert_is(
        &made,
        &quote! {
            /// Loads the model.
            pub fn main() -> ::std::process::ExitCode {
                /// Loads the model.
                #[inline]
                async fn main() -> anyhow::Result<Model> {
                    load().await
                }
                use ::runpod::__private as __rp;
                use __rp::SetupValue as _;
                __rp::launch(
                    __rp::WorkerConfig::NEW,
                    __rp::Setup::future(
                        main,
                        |__rp_it| {
                            let __rp_made = __rp::SetupReturned(__rp_it).__rp_flat(__rp::IntoFailure::into_failure, __rp::IntoFailure::into_failure);
                            __rp::ask(__rp_made.__rp_asked().__rp_awaited(), __rp::Awaited::check);
                            __rp::ask(__rp_made.__rp_asked().__rp_no_exit_code(), __rp::NoExitCode::check);
                            __rp_made.__rp_state(__rp::WorkerState::share, __rp::IntoFailure::into_failure)
                        }
                    )
                )
            }
        },
    );
}

#[test]
fn a_plain_main_is_blocking_set_up() {
    let made = main(
        quote!(),
        &quote!(
            fn main() -> Model {}
        ),
    );
    assert_has_text(&made, "__rp :: Setup :: blocking (main ,");
}

#[test]
fn every_option_of_main_is_handed_over() {
    let made = main(
        quote!(
            refresh_worker,
            return_aggregate_stream = false,
            concurrency = 4,
            concurrency_modifier = limits::scale::<2, 3>,
            route = "task",
            max_consecutive_failures = 3,
            worker_threads = 2usize,
            init_timeout = 900,
        ),
        &quote!(
            fn main() {}
        ),
    );
    assert_has(
        &made,
        &quote! {
            __rp::WorkerConfig::NEW
                .refresh_worker(true)
                .return_aggregate_stream(false)
                .route("task")
                .max_consecutive_failures(3usize)
                .worker_threads(2usize)
                .init_timeout(900usize)
                .concurrency(4usize)
                .concurrency_modifier({ let __rp_modifier: fn(usize) -> usize = limits::scale::<2, 3>; __rp_modifier }),
        },
    );
}

#[test]
fn automatic_concurrency_is_handed_over_with_its_bounds() {
    let made = main(
        quote!(
            concurrency = "auto",
            min_concurrency = 2,
            max_concurrency = 32,
        ),
        &quote!(
            fn main() {}
        ),
    );
    assert_has(
        &made,
        &quote! {
            __rp::WorkerConfig::NEW
                .auto_concurrency()
                .min_concurrency(2usize)
                .max_concurrency(32usize),
        },
    );
}

#[test]
fn a_constant_is_checked_by_the_compiler_where_it_stands() {
    let made = main(
        quote!(concurrency = LIMIT, refresh_worker = cfg!(windows)),
        &quote!(
            fn main() {}
        ),
    );
    assert_has(
        &made,
        &quote! {
            .refresh_worker({ const __RP_VALUE: bool = cfg!(windows); __RP_VALUE })
            .concurrency({
                const __RP_VALUE: usize = LIMIT;
                const _: () = ::core::assert!(__RP_VALUE > 0, "the option `concurrency` must be 1 or more");
                __RP_VALUE
            })
        },
    );
    let named = handler(
        quote!(name = NAME),
        &quote!(
            fn greet() {}
        ),
    );
    assert_has(
        &named,
        &quote!(
            const __RP_VALUE: &'static str = NAME;
        ),
    );
}
