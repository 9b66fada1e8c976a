//! The option `openai` and the options that belong to it.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Ident, Lit, LitStr};

use crate::diagnostics::Faults;
use crate::model::{Function, Given, Key, Options};
use crate::openai_route::Route;
use crate::paths::Item;
use crate::places;
use crate::settings;
use crate::values::{Misfit, Value};

/// Reads the value of the option `openai`.
pub(crate) fn route(value: &Value) -> Result<Route, Misfit> {
    let Value::Is(syn::Expr::Lit(literal)) = value else {
        return Err(Misfit::Kind);
    };
    let Lit::Str(text) = &literal.lit else {
        return Err(Misfit::Kind);
    };
    let text: LitStr = text.clone();
    let named = |route: &Route| route.name() == text.value();
    Route::ALL.into_iter().find(named).ok_or(Misfit::Kind)
}

/// Checks the options together, and adds the option that a route implies.
pub(crate) fn complete(options: &mut Options, faults: &mut Faults) {
    let Some(openai) = &options.openai else {
        let alone = [
            options.model.as_ref().map(|it| (Key::Model, it.span)),
            options
                .context_window
                .as_ref()
                .map(|it| (Key::ContextWindow, it.span)),
            options.accepts.as_ref().map(|it| (Key::Accepts, it.span)),
        ];
        for (key, span) in alone.into_iter().flatten() {
            let name = key.name();
            faults.add(
                Ident::new(name, span),
                format!("the option `{name}` needs the option `openai`"),
                "add the route that the handler serves: `openai = \"chat.completions\"`",
            );
        }
        return;
    };
    let name = |span: Span| Ident::new(Key::OpenAi.name(), span);
    if !cfg!(feature = "openai") {
        faults.add(
            name(openai.span),
            "the option `openai` needs the feature `openai` of the `runpod` crate",
            "add the feature to the dependency in `Cargo.toml`: `features = [\"openai\"]`",
        );
    }
    if let Some(batch) = &options.batching.batch
        && openai.value != Route::Embeddings
    {
        let route = openai.value.name();
        faults.add(
            Ident::new(Key::Batch.name(), batch.span),
            format!("`batch` and `openai = \"{route}\"` cannot be used together"),
            "remove `batch`: the answer to a request is a stream, and a `batch` handler does not stream; only \
             `openai = \"embeddings\"` can be combined with `batch`",
        );
        return;
    }
    match (openai.value, &options.stream) {
        (Route::Embeddings, Some(stream)) => faults.add(
            Ident::new(Key::Stream.name(), stream.span),
            "a handler with `openai = \"embeddings\"` does not stream",
            "remove `stream`, and return one vector for each text",
        ),
        (Route::ChatCompletions | Route::Completions, None) => {
            options.stream = Some(Given {
                span: openai.span,
                value: (),
            });
        }
        (Route::Embeddings, None) | (_, Some(_)) => {}
    }
}

/// Returns the trait that converts what the handler sends or returns.
pub(crate) fn value_trait(options: &Options) -> Item {
    match options.openai.as_ref().map(|it| it.value) {
        Some(Route::Embeddings) => Item::IntoVectors,
        Some(_) => Item::IntoPiece,
        None => Item::HandlerValue,
    }
}

/// Generates the call that adds the route to the registration.
pub(crate) fn registered(function: &Function, options: &Options) -> TokenStream {
    let Some(openai) = &options.openai else {
        return TokenStream::new();
    };
    let here = places::name(function);
    let endpoint = Item::OpenAi.path(here);
    let route = Ident::new(openai.value.constant(), here);
    let model = options.model.as_ref().map(|model| {
        let name = settings::text(Key::Model, model);
        quote_spanned!(here=> .model(#name))
    });
    let window = settings::count(Key::ContextWindow, options.context_window.as_ref())
        .map(|tokens| quote_spanned!(here=> .context_window(#tokens)));
    let accepts = options.accepts.as_ref().map(|accepts| {
        let names = settings::text(Key::Accepts, accepts);
        quote_spanned!(here=> .accepts(#names))
    });
    quote_spanned!(here=> .with_openai(#endpoint::#route #model #window #accepts))
}
