//! The option `concurrency` and the options that belong to it.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Ident, Lit};

use crate::diagnostics::Faults;
use crate::model::{Concurrency, ConcurrencyOptions, Given, Key, Options, Setting};
use crate::settings;
use crate::values::{Misfit, Value, count, given, modifier};

/// The value with which the worker chooses the number itself.
const AUTO: &str = "auto";

/// Reads the value of one of the options.
pub(crate) fn set(
    options: &mut ConcurrencyOptions,
    key: Key,
    name: &Ident,
    value: &Value,
) -> Result<(), Misfit> {
    let span = name.span();
    match key {
        Key::ConcurrencyModifier => given(span, modifier(value), &mut options.modifier),
        Key::MinConcurrency => given(span, count(value), &mut options.min),
        Key::MaxConcurrency => given(span, count(value), &mut options.max),
        _ => {
            let read = jobs(value);
            if read.is_err() {
                options.is_wrong = true;
            }
            given(span, read, &mut options.jobs)
        }
    }
}

fn jobs(value: &Value) -> Result<Concurrency, Misfit> {
    let Value::Is(Expr::Lit(literal)) = value else {
        return count(value).map(Concurrency::Jobs);
    };
    match &literal.lit {
        Lit::Str(text) if text.value() == AUTO => Ok(Concurrency::Auto),
        _ => count(value).map(Concurrency::Jobs),
    }
}

/// Checks the options together.
pub(crate) fn check(options: &Options, faults: &mut Faults) {
    let own = &options.concurrency;
    // A wrong value may have meant `"auto"`, and has its own error.
    if own.is_wrong {
        return;
    }
    let auto = own.jobs.as_ref();
    if auto.is_some_and(|it| matches!(it.value, Concurrency::Auto)) {
        if let Some(modifier) = &own.modifier {
            faults.add(
                Ident::new(Key::ConcurrencyModifier.name(), modifier.span),
                "`concurrency_modifier` and `concurrency = \"auto\"` cannot be used together",
                "keep `concurrency_modifier` to choose the number yourself, or `concurrency = \"auto\"` to let the \
                 worker choose it",
            );
        }
    } else {
        for (key, span) in bounds(own) {
            let name = key.name();
            // If there is a number, adding the option would set it twice.
            let help = if auto.is_some() {
                format!("write `concurrency = \"auto\"` instead of the number, or remove `{name}`")
            } else {
                let example = key.example();
                format!("add it: `#[runpod::main(concurrency = \"auto\", {example})]`")
            };
            faults.add(
                Ident::new(name, span),
                format!("the option `{name}` needs `concurrency = \"auto\"`"),
                help,
            );
        }
    }
    if let (Some((min, _)), Some((max, span))) =
        (literal(own.min.as_ref()), literal(own.max.as_ref()))
        && min > max
    {
        faults.add(
            Ident::new(Key::MaxConcurrency.name(), span),
            format!("`max_concurrency` is {max}, and `min_concurrency` is {min}"),
            "exchange them, or remove one of them: the maximum must not be below the minimum",
        );
    }
}

fn bounds(options: &ConcurrencyOptions) -> impl Iterator<Item = (Key, Span)> {
    let spans = [
        (Key::MinConcurrency, options.min.as_ref().map(|it| it.span)),
        (Key::MaxConcurrency, options.max.as_ref().map(|it| it.span)),
    ];
    spans
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
}

fn literal(bound: Option<&Given<Setting<usize>>>) -> Option<(usize, Span)> {
    let bound = bound?;
    match bound.value {
        Setting::Literal(value) => Some((value, bound.span)),
        Setting::Expression(_) => None,
    }
}

/// Generates the calls that set the options: `.concurrency(4)`, or `.auto_concurrency().max_concurrency(32)`.
pub(crate) fn calls(options: &ConcurrencyOptions) -> TokenStream {
    let here = Span::mixed_site();
    let mut calls = TokenStream::new();
    let mut call = |name: &str, value: Option<TokenStream>| {
        let name = Ident::new(name, here);
        calls.extend(value.map(|value| quote_spanned!(here=> .#name(#value))));
    };
    match &options.jobs {
        Some(Given {
            value: Concurrency::Auto,
            ..
        }) => call("auto_concurrency", Some(TokenStream::new())),
        Some(Given {
            value: Concurrency::Jobs(jobs),
            span,
        }) => call(
            Key::Concurrency.name(),
            Some(settings::count_of(Key::Concurrency, *span, jobs)),
        ),
        None => {}
    }
    let modifier = options.modifier.as_ref().map(settings::modifier);
    call(Key::ConcurrencyModifier.name(), modifier);
    for (key, bound) in [
        (Key::MinConcurrency, &options.min),
        (Key::MaxConcurrency, &options.max),
    ] {
        call(key.name(), settings::count(key, bound.as_ref()));
    }
    calls
}
