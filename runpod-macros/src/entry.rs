//! Generates the `main` of a worker.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::Ident;

use crate::model::{Function, Key, Options};
use crate::paths::{Item, Root, standard};
use crate::{concurrency, places, registration, settings};

/// For `#[main]` on a handler: generates a `main` that registers the handler and runs the worker.
///
/// ```text
/// fn main() -> ExitCode {
///     use ::runpod::__private as __rp;
///     use __rp::ReturnedValue as _;
///     const __HANDLER: __rp::Function = ..;
///     __rp::submit!(__HANDLER.asynchronous(..));
///     __rp::launch(__rp::WorkerConfig::NEW.handler(__HANDLER.id), __rp::Setup::none())
/// }
/// ```
pub(crate) fn of_handler(function: &Function, options: &Options, root: &Root) -> TokenStream {
    let here = Span::mixed_site();
    let shared = registration::shared_attributes(function);
    let registration = registration::statements(function, options, root);
    let options = launch_options(options, true);
    let (launch, setup) = (Item::Launch.path(here), Item::Setup.path(here));
    let exit_code = standard::exit_code(here);
    quote_spanned! {here=>
        #shared
        fn main() -> #exit_code {
            #registration
            #launch(#options, #setup::none())
        }
    }
}

/// For `#[main]` on `main`: moves the user's function into the generated `main` that runs the worker.
///
/// ```text
/// fn main() -> ExitCode {
///     async fn main() -> anyhow::Result<Model> { .. }
///     use ::runpod::__private as __rp;
///     use __rp::SetupValue as _;
///     __rp::launch(
///         __rp::WorkerConfig::NEW.concurrency(4),
///         __rp::Setup::future(main, |__rp_it| {
///             let __rp_made = __rp::SetupReturned(__rp_it).__rp_flat(__rp::IntoFailure::into_failure, __rp::IntoFailure::into_failure);
///             __rp::ask(__rp_made.__rp_asked().__rp_awaited(), __rp::Awaited::check);
///             __rp::ask(__rp_made.__rp_asked().__rp_no_exit_code(), __rp::NoExitCode::check);
///             __rp_made.__rp_state(__rp::WorkerState::share, __rp::IntoFailure::into_failure)
///         }),
///     )
/// }
/// ```
pub(crate) fn with_setup(function: &Function, options: &Options, root: &Root) -> TokenStream {
    let signature = &function.signature;
    let (here, result) = (places::name(function), places::result(function));
    // The generated `main` also gets the documentation, because the lint `missing_docs` checks this outer function.
    let shared = function.attributes_named(&["cfg", "doc"]);
    let visibility = &function.visibility;
    let inner = function.without_visibility();
    let name = places::function_name(function, here);
    let kind = match signature.asyncness {
        Some(_) => Ident::new("future", result),
        None => Ident::new("blocking", result),
    };
    let options = launch_options(options, false);
    let import = root.import(Item::SetupValue);
    let launch = Item::Launch.path(here);
    let (setup, made) = (Item::Setup.path(result), Item::SetupReturned.path(result));
    let (value, error) = places::value_and_error(function);
    let share = Item::WorkerState.function("share", value);
    let into_failure = Item::IntoFailure.function("into_failure", error);
    let ask = Item::Ask.path(result);
    let awaited = Item::Awaited.function("check", value);
    let no_exit_code = Item::NoExitCode.function("check", value);
    let exit_code = standard::exit_code(here);
    let setup = quote_spanned! {result=>
        #setup::#kind(#name, |__rp_it| {
            let __rp_made = #made(__rp_it).__rp_flat(#into_failure, #into_failure);
            #ask(__rp_made.__rp_asked().__rp_awaited(), #awaited);
            #ask(__rp_made.__rp_asked().__rp_no_exit_code(), #no_exit_code);
            __rp_made.__rp_state(#share, #into_failure)
        })
    };
    quote_spanned! {here=>
        #(#shared)*
        #visibility fn #name() -> #exit_code {
            #inner
            #import
            #launch(#options, #setup)
        }
    }
}

/// Returns the options as code, such as `WorkerConfig::NEW.concurrency(4)`. If the attribute is on a handler and has
/// neither `handler` nor `route`, the code also sets that handler.
fn launch_options(options: &Options, on_handler: bool) -> TokenStream {
    let here = Span::mixed_site();
    let mut chain = Item::WorkerConfig.path(here);
    chain.extend(quote_spanned!(here=> ::NEW));
    let handler = match &options.handler {
        Some(given) => Some(registration::id(&given.value, here)),
        None if on_handler && options.route.is_none() => {
            let constant = registration::constant(here);
            Some(quote_spanned!(here=> #constant.id))
        }
        None => None,
    };
    let route = options.route.as_ref();
    let given = [
        (
            Key::RefreshWorker,
            settings::flag(options.refresh_worker.as_ref()),
        ),
        (
            Key::ReturnAggregateStream,
            settings::flag(options.return_aggregate_stream.as_ref()),
        ),
        (Key::Handler, handler),
        (Key::Route, route.map(|it| settings::text(Key::Route, it))),
        (
            Key::MaxConsecutiveFailures,
            settings::count(
                Key::MaxConsecutiveFailures,
                options.max_consecutive_failures.as_ref(),
            ),
        ),
        (
            Key::WorkerThreads,
            settings::count(Key::WorkerThreads, options.worker_threads.as_ref()),
        ),
        (
            Key::InitTimeout,
            settings::count(Key::InitTimeout, options.init_timeout.as_ref()),
        ),
        (
            Key::Router,
            options
                .router
                .as_ref()
                .map(|given| given.value.to_token_stream()),
        ),
        (Key::Around, options.around.as_ref().map(settings::around)),
    ];
    for (key, value) in given {
        let name = Ident::new(key.name(), here);
        chain.extend(value.map(|value| quote_spanned!(here=> .#name(#value))));
    }
    chain.extend(concurrency::calls(&options.concurrency));
    chain
}
