//! Tests the errors about an attribute's options.

use proc_macro2::TokenStream;
use quote::quote;

use crate::check_tests::{Expansion, assert_errors};
use crate::expand::{handler, main};

fn on_handler(options: TokenStream) -> Expansion {
    let function = quote!(
        fn greet(input: Greeting) -> String {}
    );
    Expansion::of(handler(options, &function), &function)
}

fn main_on_handler(options: TokenStream) -> Expansion {
    let function = quote!(
        fn greet(input: Greeting) -> String {}
    );
    Expansion::of(main(options, &function), &function)
}

fn on_main(options: TokenStream) -> Expansion {
    let function = quote!(
        fn main() {}
    );
    Expansion::of(main(options, &function), &function)
}

#[test]
fn an_unknown_option_is_named_with_the_nearest_and_all_known_ones() {
    assert_errors(
        &on_handler(quote!(nam = "x")),
        &["unknown option `nam`; did you mean `name`?\n\
           help: the options of `#[runpod::handler]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`"],
    );
    assert_errors(
        &main_on_handler(quote!(concurency = 4)),
        &["unknown option `concurency`; did you mean `concurrency`?\n\
             help: the options of `#[runpod::main]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `refresh_worker`, \
             `return_aggregate_stream`, `concurrency`, `concurrency_modifier`, `min_concurrency`, `max_concurrency`, `handler`, `route`, \
             `max_consecutive_failures`, `worker_threads`, `router`, `around`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`"],
    );
    assert_errors(
        &on_main(quote!(timeout(3, 4))),
        &["unknown option `timeout`\n\
             help: the options of `#[runpod::main]` on `main` are `refresh_worker`, `return_aggregate_stream`, \
             `concurrency`, `concurrency_modifier`, `min_concurrency`, `max_concurrency`, `handler`, `route`, \
             `max_consecutive_failures`, `worker_threads`, `init_timeout`, `router`, `around`, `crate`"],
    );
}

#[test]
fn the_time_for_main_is_an_option_of_main_alone() {
    for errors in [on_handler, main_on_handler] {
        assert_errors(
            &errors(quote!(init_timeout = 900)),
            &[
                "`init_timeout` is an option for `main`, and this attribute is on a handler\n\
                 help: write it on the `main` that creates the state: `#[runpod::main(init_timeout = 900)]`",
            ],
        );
    }
    assert_errors(
        &on_main(quote!(init_timeout = 0)),
        &["the option `init_timeout` must be 1 or more\nhelp: write `init_timeout = 900`"],
    );
}

#[test]
fn an_option_of_the_other_attribute_is_sent_there() {
    assert_errors(
        &on_handler(quote!(concurrency = 4)),
        &[
            "`concurrency` is an option for the whole worker, not for one handler\n\
             help: write it on the worker: `#[runpod::main(concurrency = 4)]`",
        ],
    );
    assert_errors(
        &on_main(quote!(stream, name = "x")),
        &[
            "`stream` is an option for handlers, and `main` is not a handler\n\
             help: write it on the handler: `#[runpod::handler(stream)]`",
            "`name` is an option for handlers, and `main` is not a handler\n\
             help: write it on the handler: `#[runpod::handler(name = \"greet\")]`",
        ],
    );
}

#[test]
fn an_option_given_twice_is_one_too_many_whatever_its_value() {
    assert_errors(
        &on_handler(quote!(name = "a", stream, name = 3)),
        // The compiler, not the macro, reports that a stream handler cannot return a `String`.
        &["the option `name` is given twice\nhelp: keep one of the two"],
    );
}

#[test]
fn every_value_of_a_wrong_kind_is_reported_with_the_right_one() {
    assert_errors(
        &main_on_handler(quote!(
            stream = true,
            name = 3,
            refresh_worker = "true",
            return_aggregate_stream = 1,
            concurrency,
            concurrency_modifier = 2,
            handler = "greet",
            max_consecutive_failures = "3",
            worker_threads = 2.5,
            crate = "runpod",
        )),
        &[
            "the option `stream` takes no value\nhelp: write `stream`",
            "the option `name` takes a string: the handler's name\nhelp: write `name = \"greet\"`",
            "the option `refresh_worker` takes `true` or `false`\nhelp: write `refresh_worker = true`",
            "the option `return_aggregate_stream` takes `true` or `false`\n\
             help: write `return_aggregate_stream = true`",
            "the option `concurrency` takes a whole number, how many jobs may run at once, or `\"auto\"`\n\
             help: write `concurrency = 4`",
            "the option `concurrency_modifier` takes a `fn(usize) -> usize`: its path, or a closure\n\
             help: write `concurrency_modifier = scale`",
            "the option `handler` takes the path of a handler function\nhelp: write `handler = greet`",
            "the option `max_consecutive_failures` takes a whole number: how many jobs may fail in a row before \
             the worker exits\nhelp: write `max_consecutive_failures = 3`",
            "the option `worker_threads` takes a whole number: how many threads run async handlers\nhelp: write `worker_threads = 2`",
            "the option `crate` takes the path of the `runpod` crate\nhelp: write `crate = runpod`",
        ],
    );
    assert_errors(
        &on_main(quote!(route = [task])),
        &[
            "the option `route` takes a string: the input key that names the handler\n\
             help: write `route = \"task\"`",
        ],
    );
}

#[test]
fn a_number_is_at_least_one_and_fits() {
    assert_errors(
        &on_main(quote!(
            concurrency = 0,
            max_consecutive_failures = 0,
            worker_threads = 0
        )),
        &[
            "the option `concurrency` must be 1 or more\nhelp: write `concurrency = 4`",
            "the option `max_consecutive_failures` must be 1 or more\nhelp: write `max_consecutive_failures = 3`",
            "the option `worker_threads` must be 1 or more\nhelp: write `worker_threads = 2`",
        ],
    );
    assert_errors(
        &on_main(quote!(
            concurrency = 99999999999999999999999,
            worker_threads = -1
        )),
        &[
            "the number is too large for the option `concurrency`\nhelp: write `concurrency = 4`",
            "the option `worker_threads` takes a whole number: how many threads run async handlers\nhelp: write `worker_threads = 2`",
        ],
    );
    assert_errors(
        &on_main(quote!(concurrency = 4u8)),
        &[
            "the option `concurrency` takes a whole number, how many jobs may run at once, or `\"auto\"`\n\
             help: write `concurrency = 4`",
        ],
    );
}

#[test]
fn what_is_no_literal_is_left_to_the_compiler() {
    assert_errors(
        &on_main(quote!(
            concurrency = LIMIT + 1,
            concurrency_modifier = |n| n,
            worker_threads = limits::threads(),
            refresh_worker = cfg!(windows),
            route = keys::ROUTE,
        )),
        &[],
    );
    assert_errors(&on_handler(quote!(name = concat!("a", "b"))), &[]);
}

#[test]
fn a_semicolon_is_no_comma_and_hides_nothing() {
    let separated = "options are separated by commas\nhelp: write `,` instead of `;`";
    assert_errors(
        &on_main(quote!(concurrency = 4; refresh_worker; route = 3)),
        &[
            separated,
            separated,
            "the option `route` takes a string: the input key that names the handler\n\
             help: write `route = \"task\"`",
        ],
    );
}

#[test]
fn a_text_is_not_empty() {
    assert_errors(
        &main_on_handler(quote!(name = "", route = "")),
        &[
            "the option `name` must not be empty\nhelp: write `name = \"greet\"`",
            "the option `route` must not be empty\nhelp: write `route = \"task\"`",
        ],
    );
}

#[test]
fn handler_and_route_exclude_each_other() {
    assert_errors(
        &on_main(quote!(handler = greet, route = "task")),
        &["`route` and `handler` cannot be used together\n\
             help: keep `handler` to send every job to one handler, or `route` to choose the handler by the job's input"],
    );
}

#[test]
fn reading_goes_on_after_what_is_no_option() {
    assert_errors(
        &on_handler(quote!("greet", name("greet"), crate =, 3 + 4, stream stream)),
        &[
            "expected an option of `#[runpod::handler]`\n\
             help: the options of `#[runpod::handler]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`",
            "the option `name` takes a string: the handler's name\nhelp: write `name = \"greet\"`",
            "the option `crate` takes the path of the `runpod` crate\nhelp: write `crate = runpod`",
            "expected an option of `#[runpod::handler]`\n\
             help: the options of `#[runpod::handler]` are `stream`, `name`, `openai`, `model`, `context_window`, `accepts`, `batch`, `max_batch_size`, `max_wait`, `weight`, `max_weight`, `concurrent_batches`, `crate`",
            "the option `stream` takes no value\nhelp: write `stream`",
        ],
    );
}

#[test]
fn options_that_are_right_are_no_errors() {
    assert_errors(&on_handler(quote!()), &[]);
    assert_errors(&on_handler(quote!(name = "x", crate = a::b,)), &[]);
    assert_errors(&main_on_handler(quote!(name = "x", concurrency = 1)), &[]);
    assert_errors(&on_main(quote!(refresh_worker, crate = crate)), &[]);
}

#[test]
fn a_bound_asks_for_automatic_concurrency_but_never_for_a_second_option() {
    assert_errors(
        &on_main(quote!(concurrency = 4, max_concurrency = 8)),
        &[
            "the option `max_concurrency` needs `concurrency = \"auto\"`\n\
             help: write `concurrency = \"auto\"` instead of the number, or remove `max_concurrency`",
        ],
    );
    assert_errors(
        &on_main(quote!(max_concurrency = 8)),
        &[
            "the option `max_concurrency` needs `concurrency = \"auto\"`\n\
             help: add it: `#[runpod::main(concurrency = \"auto\", max_concurrency = 32)]`",
        ],
    );
}
