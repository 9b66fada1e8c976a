//! Generates the adapter of a fitness check or a shutdown hook, which registers the function with the runtime and calls
//! it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt as _;

use crate::arguments::{Argument, arguments};
use crate::model::{Function, Key, Options, Place as Attribute};
use crate::paths::{Item, Root, standard};
use crate::places::{self, Place};
use crate::registration::{call_name, shared_attributes};
use crate::settings;

/// Generates the registration. For `#[fitness_check] async fn warm(model: State<Model>) -> Result<(), String>` it is:
///
/// ```text
/// const __warm: () = {
///     use ::runpod::__private as __rp;
///     __rp::submit!(__rp::HookRegistration::fitness_check(
///         "warm", file!(), line!(), &[<State<Model> as __rp::HookArgument>::describe],
///         |__rp_call| {
///             let model = <State<Model> as __rp::HookArgument>::of_call(__rp_call)?;
///             __rp::HookRun::asynchronous(__rp::Async::later(warm(model)), __rp::HookResult::outcome)
///         },
///     ));
/// };
/// ```
pub(crate) fn of(
    attribute: Attribute,
    function: &Function,
    options: &Options,
    root: &Root,
) -> TokenStream {
    let here = places::name(function);
    let shared = shared_attributes(function);
    let block = format_ident!("__{}", function.signature.ident.unraw(), span = here);
    let import = root.door();
    let (submit, registration) = (Item::Submit.path(here), Item::HookRegistration.path(here));
    let constructor = match attribute {
        Attribute::OnShutdown => "on_shutdown",
        _ => "fitness_check",
    };
    let constructor = Ident::new(constructor, here);
    let name = settings::handler_name(options, function);
    let (file, line) = standard::place(function.signature.ident.span());
    let arguments = arguments(function);
    let described = arguments.iter().map(|argument| {
        let (conditions, ty) = (&argument.conditions, argument.ty);
        let hook_argument = Item::HookArgument.path(argument.span);
        quote_spanned!(argument.span=> #(#conditions)* <#ty as #hook_argument>::describe)
    });
    let call = call(function, &arguments);
    let timeout = settings::count(Key::TimeoutS, options.timeout_s.as_ref());
    let timeout = timeout.map(|seconds| quote_spanned!(here=> .timeout_s(#seconds)));
    quote_spanned! {here=>
        #shared
        const #block: () = {
            #import
            #submit!(#registration::#constructor(#name, #file, #line, &[#(#described),*], #call) #timeout);
        };
    }
}

fn call(function: &Function, arguments: &[Argument<'_>]) -> TokenStream {
    let here = places::name(function);
    let parameter = call_name(arguments.is_empty(), here);
    let made = arguments.iter().map(|argument| {
        let call = call_name(false, argument.span);
        let (conditions, ty, variable) = (&argument.conditions, argument.ty, &argument.variable);
        let hook_argument = Item::HookArgument.path(argument.span);
        quote_spanned! {argument.span=>
            #(#conditions)* let #variable = <#ty as #hook_argument>::of_call(#call)?;
        }
    });
    let passed = arguments.iter().map(Argument::passed);
    let ident = Place::of(&function.signature.ident);
    // The compiler reports an `async fn` that is not `Send` at the call, which has the span of the name.
    let name = places::function_name(function, ident.start);
    let called = quote_spanned!(ident.start=> #name(#(#passed),*));
    // The compiler reports an unfit result at the return type.
    let outcome = Item::HookResult.function("outcome", places::whole_result(function));
    let run = Item::HookRun.path(here);
    let running = if function.signature.asyncness.is_some() {
        let later = Item::Async.function("later", ident);
        quote_spanned!(here=> #run::asynchronous(#later(#called), #outcome))
    } else {
        quote_spanned!(here=> #run::plain(move || #called, #outcome))
    };
    quote_spanned! {here=>
        |#parameter| {
            #(#made)*
            #running
        }
    }
}
