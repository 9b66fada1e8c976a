//! The option `batch` and the options that belong to it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, ReturnType, Type};

use crate::arguments::{Argument, arguments};
use crate::diagnostics::Faults;
use crate::model::{BatchOptions, Function, Given, Key, Options, Place as Attribute};
use crate::openai;
use crate::paths::Item;
use crate::places::{self, Place};
use crate::settings;
use crate::types::{inner_types, is_one_of, parts_of_result, surely_no_input};
use crate::values::{Misfit, Value, count, flag, given, modifier, number};

/// Reads the value of one of the options.
pub(crate) fn set(
    options: &mut BatchOptions,
    key: Key,
    name: &Ident,
    value: &Value,
) -> Result<(), Misfit> {
    let span = name.span();
    match key {
        Key::MaxBatchSize => given(span, count(value), &mut options.max_batch_size),
        Key::MaxWait => given(span, number(value), &mut options.max_wait),
        Key::Weight => given(span, modifier(value), &mut options.weight),
        Key::MaxWeight => given(span, count(value), &mut options.max_weight),
        Key::ConcurrentBatches => given(span, count(value), &mut options.concurrent_batches),
        _ => {
            // After an error, too, so that no second error says that the option is missing.
            options.batch = Some(Given { span, value: () });
            flag(value)
        }
    }
}

/// Returns the places of the given options that need `batch`.
fn dependent(options: &BatchOptions) -> impl Iterator<Item = (Key, Span)> {
    let spans = [
        (
            Key::MaxBatchSize,
            options.max_batch_size.as_ref().map(|it| it.span),
        ),
        (Key::MaxWait, options.max_wait.as_ref().map(|it| it.span)),
        (Key::Weight, options.weight.as_ref().map(|it| it.span)),
        (
            Key::MaxWeight,
            options.max_weight.as_ref().map(|it| it.span),
        ),
        (
            Key::ConcurrentBatches,
            options.concurrent_batches.as_ref().map(|it| it.span),
        ),
    ];
    spans
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
}

/// Checks the options of a batch handler, and its arguments as far as the names of their types show.
pub(crate) fn check(function: &Function, place: Attribute, options: &Options, faults: &mut Faults) {
    let own = &options.batching;
    let attribute = place.attribute().trim_end_matches(']');
    let Some(batch) = &own.batch else {
        for (key, span) in dependent(own) {
            let name = key.name();
            let help = format!("add it: `{attribute}(batch, {})]`", key.example());
            let wrong = format!("the option `{name}` needs the option `batch`");
            faults.add(Ident::new(name, span), wrong, help);
        }
        return;
    };
    if let Some(stream) = &options.stream {
        faults.add(
            Ident::new("stream", stream.span),
            "`batch` and `stream` cannot be used together",
            "remove `stream`: a `batch` handler returns one result for each job when its call ends; or remove `batch`",
        );
    }
    if let (Some(weight), None) = (&own.weight, &own.max_weight) {
        faults.add(
            Ident::new("weight", weight.span),
            "the option `weight` needs the option `max_weight`",
            "add the maximum total weight of the jobs in a call, such as `max_weight = 8192`",
        );
    }
    if let (None, Some(most)) = (&own.weight, &own.max_weight) {
        faults.add(
            Ident::new("max_weight", most.span),
            "the option `max_weight` needs the option `weight`",
            "add the function that weighs an input, such as `weight = tokens`, where `fn tokens(input: &T) -> usize`",
        );
    }
    let arguments = arguments(function);
    if function.signature.receiver().is_none() && arguments.iter().all(|it| surely_no_input(it.ty))
    {
        let inputs = &function.signature.inputs;
        let at = if inputs.is_empty() {
            let option = Ident::new("batch", batch.span);
            quote!(#option)
        } else {
            quote!(#inputs)
        };
        faults.add(
            at,
            "a `batch` handler takes the inputs of its jobs as a `Vec<T>`, and this function has no such argument",
            "add an argument such as `inputs: Vec<T>`, where `T` is the input of one job",
        );
    } else if let Some(weight) = &own.weight
        && function.signature.receiver().is_none()
        && !arguments.iter().any(|it| is_input(it.ty))
    {
        faults.add(
            Ident::new("weight", weight.span),
            "the option `weight` needs the inputs of the jobs, and this function has no argument for them",
            "add an argument such as `inputs: Vec<T>`, where `T` is the input of one job; or remove `weight` and `max_weight`",
        );
    }
}

/// Returns whether an argument of this type may have the inputs of the jobs, as far as the names show.
fn is_input(ty: &Type) -> bool {
    let is_of_others = is_one_of(ty, &["Vec"]) && inner_types(ty).into_iter().any(surely_no_input);
    !surely_no_input(ty) && !is_of_others
}

/// Generates the options: `|| __rp::Batching::NEW.max_batch_size(8)`.
pub(crate) fn options(function: &Function, options: &Options) -> TokenStream {
    let here = places::name(function);
    let own = &options.batching;
    let mut chain = Item::Batching.path(here);
    chain.extend(quote_spanned!(here=> ::NEW));
    let set = [
        (
            "max_batch_size",
            settings::count(Key::MaxBatchSize, own.max_batch_size.as_ref()),
        ),
        ("max_wait_ms", settings::number(own.max_wait.as_ref())),
        (
            "max_weight",
            settings::count(Key::MaxWeight, own.max_weight.as_ref()),
        ),
        (
            "concurrent_batches",
            settings::count(Key::ConcurrentBatches, own.concurrent_batches.as_ref()),
        ),
    ];
    for (name, value) in set {
        let name = Ident::new(name, here);
        chain.extend(value.map(|value| quote_spanned!(here=> .#name(#value))));
    }
    quote_spanned!(here=> || #chain)
}

/// Generates the part of the adapter after the parts of the job's arguments have been created:
///
/// ```text
/// let __rp_weight = 1;
/// let __rp_parts = ();
/// let __rp_parts = (__rp_parts, inputs);
/// __rp::join(__rp_call, __rp_weight, __rp_parts, |__rp_jobs| {
///     let __rp_count = __rp_jobs.len();
///     let (__rp_jobs, inputs) = __rp::split(__rp_jobs);
///     let Some(inputs) = <Vec<Text> as __rp::BatchArgument<_>>::of_parts(inputs) else {
///         return __rp::BatchCall::nothing();
///     };
///     __rp::BatchCall::blocking(
///         __rp_count,
///         move || embed(inputs),
///         |__rp_it| __rp::ReturnedBatch(__rp_it).__rp_list(__rp::IntoFailure::into_failure),
///         __rp::BatchOutput::into_results,
///         |__rp_it| __rp::Returned(__rp_it)..,
///     )
/// })
/// ```
pub(crate) fn joining(
    function: &Function,
    options: &Options,
    arguments: &[Argument<'_>],
) -> TokenStream {
    let here = places::name(function);
    let named = |name| Ident::new(name, here);
    let (call, parts, jobs) = (named("__rp_call"), named("__rp_parts"), named("__rp_jobs"));
    let (count, weight) = (named("__rp_count"), weight(function, options, arguments));
    let weight_name = named("__rp_weight");
    let join = Item::Join.path(here);
    let batch_call = Item::BatchCall.path(here);
    let some = quote_spanned!(here=> ::core::option::Option::Some);
    let packed = arguments.iter().map(|it| {
        let (conditions, variable) = (&it.conditions, &it.variable);
        quote_spanned!(it.span=> #(#conditions)* let #parts = (#parts, #variable);)
    });
    let unpacked = arguments.iter().rev().map(|it| {
        let (conditions, variable, ty) = (&it.conditions, &it.variable, it.ty);
        let argument = Item::BatchArgument.path(it.span);
        let split = Item::Split.path(it.span);
        quote_spanned! {it.span=>
            #(#conditions)* let (#jobs, #variable) = #split(#jobs);
            #(#conditions)* let #some(#variable) = <#ty as #argument<_>>::of_parts(#variable) else {
                return #batch_call::nothing();
            };
        }
    });
    let running = running(function, options, arguments, &count);
    quote_spanned! {here=>
        let #weight_name = #weight;
        let #parts = ();
        #(#packed)*
        #join(#call, #weight_name, #parts, |#jobs| {
            let #count = #jobs.len();
            #(#unpacked)*
            let _ = #jobs;
            #running
        })
    }
}

/// Generates the weight of a job, with an explicit type, so that a type error points at the user's expression.
fn weight(function: &Function, options: &Options, arguments: &[Argument<'_>]) -> TokenStream {
    let here = places::name(function);
    let Some(given) = &options.batching.weight else {
        return quote_spanned!(here=> 1);
    };
    // Without an input, nothing is generated, because `check` has reported the option.
    let input = arguments.iter().find(|it| is_input(it.ty));
    let Some(input) = input else {
        return TokenStream::new();
    };
    let (at, expression, variable) = (given.span, &given.value, &input.variable);
    let name = Ident::new("__rp_weigh", at);
    let is_job = inner_types(input.ty)
        .into_iter()
        .any(|it| is_one_of(it, &["Job"]));
    let input = is_job.then(|| quote_spanned!(at=> .input));
    quote_spanned!(at=> { let #name: fn(&_) -> usize = #expression; #name(&#variable #input) })
}

fn running(
    function: &Function,
    options: &Options,
    arguments: &[Argument<'_>],
    count: &Ident,
) -> TokenStream {
    let result = places::result(function);
    let ident = Place::of(&function.signature.ident);
    let name = places::function_name(function, ident.start);
    let passed = arguments.iter().map(Argument::passed);
    let called = quote_spanned!(ident.start=> (#name)(#(#passed),*));
    let results = Results::of(function);
    let batch_call = Item::BatchCall.path(result);
    let returned_batch = Item::ReturnedBatch.path(result);
    let returned = Item::Returned.path(result);
    let call_failure = Item::IntoFailure.function("into_failure", results.call_error);
    let into_results = Item::BatchOutput.function("into_results", results.list);
    let into_json = openai::value_trait(options).function("into_json", results.value);
    let into_failure = Item::IntoFailure.function("into_failure", results.error);
    let list = quote_spanned!(result=> |__rp_it| #returned_batch(__rp_it).__rp_list(#call_failure));
    let each = quote_spanned!(result=> |__rp_it| #returned(__rp_it)
        .__rp_flat(#into_failure, #into_failure)
        .__rp_output(#into_json, #into_failure));
    if function.signature.asyncness.is_some() {
        let later = Item::Async.function("later", ident);
        quote_spanned!(result=> #batch_call::future(#count, #later(#called), #list, #into_results, #each))
    } else {
        quote_spanned!(result=> #batch_call::blocking(#count, move || #called, #list, #into_results, #each))
    }
}

/// The places of the parts of the return type. If the tokens do not show a part, its place is the whole type.
struct Results {
    list: Place,
    call_error: Place,
    value: Place,
    error: Place,
}

impl Results {
    fn of(function: &Function) -> Self {
        let ReturnType::Type(_, ty) = &function.signature.output else {
            let name = Place::of(&function.signature.ident);
            return Self {
                list: name,
                call_error: name,
                value: name,
                error: name,
            };
        };
        let (list, call_error) = parts_of_result(ty);
        let list = list.unwrap_or(ty);
        let item = inner_types(list).into_iter().next().unwrap_or(list);
        let (value, error) = parts_of_result(item);
        Self {
            list: Place::of(list),
            call_error: Place::of(call_error.unwrap_or(ty)),
            value: Place::of(value.unwrap_or(item)),
            error: Place::of(error.unwrap_or(item)),
        }
    }
}
