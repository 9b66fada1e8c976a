//! Tests the code and the errors of the option `openai`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::handler;

fn made(attribute: &TokenStream) -> String {
    let function = quote!(
        fn chat(request: ChatRequest) -> impl Iterator<Item = String> {}
    );
    handler(attribute.clone(), &function).to_string()
}

#[test]
#[cfg(feature = "openai")]
fn a_route_makes_a_stream_handler_of_pieces() {
    let made = made(&quote!(
        openai = "chat.completions",
        model = "m",
        context_window = 8,
        accepts = "tools"
    ));
    let end =
        quote!(.with_openai(__rp::OpenAi::CHAT.model("m").context_window(8usize).accepts("tools")));
    for part in [
        quote!(__HANDLER.streaming),
        quote!(__rp::IntoPiece::into_json),
        end,
    ] {
        assert!(made.contains(&part.to_string()), "{part}\nin\n{made}");
    }
}

#[test]
#[cfg(feature = "openai")]
fn embeddings_can_be_computed_in_batches() {
    let function = quote!(
        fn embed(requests: Vec<EmbeddingRequest>) -> Vec<Result<Embeddings, ApiError>> {}
    );
    let attribute = quote!(batch, openai = "embeddings", max_batch_size = 8);
    let made = handler(attribute, &function).to_string();
    for part in [
        quote!(__HANDLER.batching),
        quote!(__rp::IntoVectors::into_json),
        quote!(.with_openai(__rp::OpenAi::EMBEDDINGS)),
    ] {
        assert!(made.contains(&part.to_string()), "{part}\nin\n{made}");
    }
}

#[test]
fn the_options_of_a_route_are_checked_together() {
    let faults = [
        (
            quote!(openai = "chat"),
            "the option `openai` takes `\\\"chat.completions\\\"`",
        ),
        (
            quote!(model = "m"),
            "the option `model` needs the option `openai`",
        ),
        (
            quote!(accepts = "tools"),
            "the option `accepts` needs the option `openai`",
        ),
        (
            quote!(openai = "embeddings", stream),
            "a handler with `openai = \\\"embeddings\\\"` does not stream",
        ),
        (
            quote!(openai = "embeddings", batch, stream),
            "a handler with `openai = \\\"embeddings\\\"` does not stream",
        ),
        (
            quote!(openai = "chat.completions", batch),
            "`batch` and `openai = \\\"chat.completions\\\"` cannot be used together",
        ),
    ];
    for (attribute, expected) in faults {
        let made = made(&attribute);
        assert!(
            made.contains(expected),
            "{attribute}: {expected}\nin\n{made}"
        );
    }
}
