//! Tests the generated code.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::{handler, main};

#[track_caller]
pub(crate) fn assert_is(tokens: &TokenStream, expected: &TokenStream) {
    assert_eq!(tokens.to_string(), expected.to_string());
}

#[track_caller]
pub(crate) fn assert_has(tokens: &TokenStream, part: &TokenStream) {
    assert_has_text(tokens, &part.to_string());
}

/// Like [`assert_has`], for a part with an unclosed parenthesis.
#[track_caller]
pub(crate) fn assert_has_text(tokens: &TokenStream, part: &str) {
    let all = tokens.to_string();
    assert!(all.contains(part), "expected\n  {part}\nin\n  {all}");
}

#[track_caller]
pub(crate) fn assert_lacks(tokens: &TokenStream, part: &str) {
    let all = tokens.to_string();
    assert!(!all.contains(part), "unexpected\n  {part}\nin\n  {all}");
}

#[test]
fn the_function_stays_as_it_is_written_even_half_typed() {
    let function = quote! {
        /// Greets.
        #[inline]
        pub(crate) async fn greet((a, mut b): (u32, u32), _: JobContext,) -> Result<String, Error> { a. }
    };
    assert_has(&handler(quote!(), &function), &function);
    assert_has(&main(quote!(), &function), &function);
}

#[cfg(not(any(feature = "schema", feature = "validate")))]
#[test]
fn an_async_function_is_run_with_its_arguments_by_position() {
    let made = handler(
        quote!(),
        &quote!(
            async fn greet((a, b): Pair, ctx: JobContext) -> String {}
        ),
    );
    assert_is(
        &made,
        &quote! {
            async fn greet((a, b): Pair, ctx: JobContext) -> String {}
            const __greet: () = {
                use ::runpod::__private as __rp;
                use __rp::ReturnedValue as _;
                const __HANDLER: __rp::Function = __rp::Function::new(
                    "greet", ::core::file!(), ::core::line!(), || __rp::FunctionId::of(&greet)
                );
                __rp::submit!(__HANDLER.asynchronous(
                    &[<Pair as __rp::FromJob<_>>::describe, <JobContext as __rp::FromJob<_>>::describe],
                    |__rp_call| {
                        let __rp_0 = <Pair as __rp::FromJob<_>>::from_job(__rp_call)?;
                        let ctx = <JobContext as __rp::FromJob<_>>::from_job(__rp_call)?;
                        __rp::Async::run(
                            (greet)(__rp_0, ctx),
                            |__rp_it| __rp::Returned(__rp_it).__rp_flat(__rp::IntoFailure::into_failure, __rp::IntoFailure::into_failure).__rp_output(__rp::HandlerValue::into_json, __rp::IntoFailure::into_failure)
                        )
                    }
                ));
            };
        },
    );
}

#[test]
fn a_plain_function_is_blocking() {
    let made = handler(
        quote!(),
        &quote!(
            fn nothing() {}
        ),
    );
    assert_has_text(&made, "__HANDLER . blocking (& [] , | _ |");
    assert_has_text(&made, "__rp :: Blocking :: run (move || (nothing) () ,");
}

#[test]
fn a_stream_is_called_and_its_items_are_output() {
    let asynchronous = quote!(
        async fn generate(to: u32) -> impl Stream<Item = u32> {}
    );
    let stream = quote!(
        fn generate(to: u32) -> impl Stream<Item = u32> {}
    );
    let plain = quote!(
        fn generate(to: u32) -> impl Iterator<Item = u32> {}
    );
    for (function, run, called) in [
        (
            asynchronous,
            quote!(__rp::AwaitedItems::run),
            quote!(__rp::Async::later((generate)(to))),
        ),
        (
            stream,
            quote!(__rp::IntoItems::run),
            quote!(__rp::SendStream::boxed((generate)(to))),
        ),
        (plain, quote!(__rp::IntoItems::run), quote!((generate)(to))),
    ] {
        let made = handler(quote!(stream), &function);
        assert_has(&made, &quote!(__HANDLER.streaming));
        assert_has(
            &made,
            &quote! {
                #run(
                    move || #called,
                    |__rp_it| __rp::Returned(__rp_it).__rp_flat(__rp::IntoFailure::into_failure, __rp::IntoFailure::into_failure).__rp_output(__rp::HandlerValue::into_json, __rp::IntoFailure::into_failure),
                    __rp::IntoFailure::into_failure
                )
            },
        );
    }
}

#[test]
fn arguments_keep_their_names_where_those_are_free() {
    let made = handler(
        quote!(),
        &quote!(
            fn greet(input: A, call: B, _unused: C, r#type: D, mut e: E) {}
        ),
    );
    assert_has(&made, &quote!((greet)(input, call, __rp_2, __rp_3, e)));
}

#[test]
fn names_that_are_one_without_hygiene_are_numbered() {
    let made = handler(
        quote!(),
        &quote!(
            fn greet(r#gen: A, a: B, a: C, __rp_call: D) {}
        ),
    );
    assert_has(&made, &quote!((greet)(__rp_0, a, __rp_2, __rp_3)));
}

#[test]
fn functions_whose_names_differ_in_case_have_blocks_of_their_own() {
    let lower = handler(
        quote!(),
        &quote!(
            fn add_it() {}
        ),
    );
    let upper = handler(
        quote!(),
        &quote!(
            fn ADD_IT() {}
        ),
    );
    assert_has(&lower, &quote!(const __add_it: ()));
    assert_has(&upper, &quote!(const __ADD_IT: ()));
}

#[test]
fn clippy_is_answered_for_plain_functions_that_do_not_answer_themselves() {
    let excuse = quote!(#[allow(clippy::needless_pass_by_value)]);
    for (function, excused) in [
        (
            quote!(
                fn greet(input: A) {}
            ),
            true,
        ),
        (
            quote!(
                fn greet() {}
            ),
            false,
        ),
        (
            quote!(
                async fn greet(input: A) {}
            ),
            false,
        ),
        (
            quote!(
                #[deny(clippy::needless_pass_by_value)]
                fn greet(input: A) {}
            ),
            false,
        ),
    ] {
        let made = handler(quote!(), &function).to_string();
        assert_eq!(made.contains(&excuse.to_string()), excused, "{made}");
    }
}

#[test]
fn only_where_two_arguments_may_be_inputs_are_their_types_asked() {
    let usual = handler(
        quote!(),
        &quote!(
            fn greet(input: A, ctx: JobContext, model: runpod::State<B>) {}
        ),
    );
    assert_lacks(&usual, "ask");
    let doubtful = handler(
        quote!(),
        &quote!(
            fn greet(a: A, ctx: JobContext, b: Job<B>) {}
        ),
    );
    assert_has(
        &doubtful,
        &quote!(__rp::ask((<Job<B> as __rp::FromJob<_>>::VIA, <A as __rp::FromJob<_>>::VIA), __rp::Beside::check);),
    );
}

#[test]
fn a_stream_that_returns_nothing_asks_for_an_emitter_which_may_have_another_name() {
    let named = quote!(
        fn greet(out: Emitter<u8>) {}
    );
    assert_lacks(&handler(quote!(stream), &named), "Emits");
    let doubtful = quote!(
        fn greet(a: A, out: Out) -> Result<(), E> {}
    );
    assert_has(
        &handler(quote!(stream), &doubtful),
        &quote!(__rp::ask(
            (<A as __rp::FromJob<_>>::VIA, (<Out as __rp::FromJob<_>>::VIA, ())),
            __rp::Emits::check
        );),
    );
}

#[test]
fn a_name_is_given_or_the_functions_without_its_raw_prefix() {
    let function = quote!(
        fn r#type() {}
    );
    assert_has_text(
        &handler(quote!(), &function),
        r#"__rp :: Function :: new ("type" ,"#,
    );
    assert_has(
        &handler(quote!(), &function),
        &quote!(FunctionId::of(&r#type)),
    );
    assert_has_text(
        &handler(quote!(name = "sort-of"), &function),
        r#"__rp :: Function :: new ("sort-of" ,"#,
    );
}

#[test]
fn a_condition_of_the_function_holds_for_what_is_generated() {
    let condition = quote!(#[cfg(feature = "gpu")]);
    let function = quote!(#condition fn greet() {});
    assert_has(
        &handler(quote!(), &function),
        &quote!(#condition const __greet: ()),
    );
    assert_has(&main(quote!(), &function), &quote!(#condition fn main()));
    let on_main = main(quote!(), &quote!(#condition fn main() {}));
    assert!(
        on_main
            .to_string()
            .starts_with(&quote!(#condition fn main() -> ).to_string())
    );
}

#[test]
fn a_condition_of_an_argument_holds_wherever_it_is_named() {
    let made = handler(
        quote!(),
        &quote!(
            fn greet(
                #[cfg(unix)]
                #[other]
                ctx: JobContext,
            ) {
            }
        ),
    );
    assert_has(
        &made,
        &quote!([
            #[cfg(unix)]
            <JobContext as __rp::FromJob<_>>::describe
        ]),
    );
    assert_has(&made, &quote!(#[cfg(unix)] let ctx =));
    assert_has(
        &made,
        &quote!((greet)(
            #[cfg(unix)]
            ctx
        )),
    );
}

#[test]
fn an_excuse_from_a_lint_covers_the_adapter_which_names_the_same_types() {
    let made = handler(
        quote!(),
        &quote!(
            #[expect(deprecated)]
            fn greet(old: Old) {}
        ),
    );
    assert_has(&made, &quote!(#[allow(deprecated)] const __greet: ()));
}

#[test]
fn another_path_to_our_crate_is_used_everywhere() {
    for given in [
        quote!(crate = worker),
        quote!(crate = ::worker),
        quote!(crate = crate::worker),
    ] {
        for function in [
            quote!(
                fn main() {}
            ),
            quote!(
                fn greet() {}
            ),
        ] {
            let made = main(given.clone(), &function);
            assert_has(&made, &quote!(worker::__private as __rp;));
            assert_lacks(&made, ":: runpod");
        }
    }
}
