//! The values that a handler with the option `openai` can send or return.

use crate::handler::output::{Output, Payload};
use crate::openai::{Chunk, Embeddings};

/// A piece of an answer: text, or a [`Chunk`](crate::openai::Chunk).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a piece of an OpenAI answer",
    label = "expected `String`, `&'static str` or `runpod::openai::Chunk`",
    note = "the handler sends text, and the runtime writes the frames: return `impl Iterator<Item = String>`, for example"
)]
pub trait IntoPiece {
    #[doc(hidden)]
    fn into_json(self) -> Output;
}

macro_rules! pieces {
    ($($piece:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoPiece for $piece {
            fn into_json(self) -> Output {
                Payload::of(&self)
            }
        }
    )*};
}

// An emitter sends the items of a handler that returns nothing.
pieces!(String, &'static str, char, Chunk, ());

/// The vectors of a request for embeddings.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of an `embeddings` handler",
    label = "expected `runpod::openai::Embeddings` or `Vec<Vec<f32>>`",
    note = "return one vector for each text of the request, in the order of the texts"
)]
pub trait IntoVectors {
    #[doc(hidden)]
    fn into_json(self) -> Output;
}

#[diagnostic::do_not_recommend]
impl IntoVectors for Embeddings {
    fn into_json(self) -> Output {
        Payload::of(&self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoVectors for Vec<Vec<f32>> {
    fn into_json(self) -> Output {
        Payload::of(&Embeddings::new(self))
    }
}
