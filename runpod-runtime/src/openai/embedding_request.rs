//! A request for embeddings, and their vectors.

use serde::Serialize;
use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::endpoint::Endpoint;
use super::fields::{Fields, missing, wrong};
use super::unsupported;

/// A request for the embeddings of texts, as a handler with `openai = "embeddings"` gets it.
///
/// ```
/// use runpod::openai::{EmbeddingRequest, Embeddings};
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(openai = "embeddings", model = "lengths")]
/// fn embed(request: EmbeddingRequest) -> Embeddings {
///     Embeddings::new(request.input.iter().map(|text| vec![text.len() as f32]))
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = testing::Job::new(json!({ "openai_route": "/v1/embeddings", "openai_input": { "input": ["a", "bcd"] } }));
/// let output = job.blocking(embed).await.output.unwrap();
/// assert_eq!(output["data"][1]["embedding"], json!([3.0]));
/// assert_eq!((&output["object"], &output["model"]), (&json!("list"), &json!("lengths")));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EmbeddingRequest {
    /// The name of the model. If the client gave none, it is the name of the handler's model.
    pub model: String,
    /// The texts: one or more.
    pub input: Vec<String>,
    /// The number of dimensions that the client wants. A handler gets it only if its attribute has
    /// `accepts = "dimensions"`.
    pub dimensions: Option<usize>,
    /// All other fields, such as `user`.
    pub extra: Map<String, Value>,
    pub(crate) base64: bool,
}

impl EmbeddingRequest {
    /// Creates a request for these texts, for tests.
    ///
    /// ```
    /// use runpod::openai::EmbeddingRequest;
    ///
    /// assert_eq!(EmbeddingRequest::new(["a", "b"]).input.len(), 2);
    /// ```
    pub fn new<T: Into<String>>(input: impl IntoIterator<Item = T>) -> Self {
        Self {
            model: String::new(),
            input: input.into_iter().map(Into::into).collect(),
            dimensions: None,
            extra: Map::new(),
            base64: false,
        }
    }

    /// Reads a request, for tests.
    ///
    /// # Errors
    ///
    /// Returns the error that the client of a handler without further options would get.
    ///
    /// ```
    /// use runpod::openai::EmbeddingRequest;
    /// use runpod::prelude::*;
    ///
    /// let error = EmbeddingRequest::from_json(json!({ "input": "a", "dimensions": 2 })).unwrap_err();
    /// assert_eq!(error.param(), Some("dimensions"));
    /// ```
    pub fn from_json(body: Value) -> Result<Self, ApiError> {
        Self::read(body, &Endpoint::EMBEDDINGS)
    }

    pub(crate) fn read(body: Value, endpoint: &Endpoint) -> Result<Self, ApiError> {
        let mut fields = Fields::of_request(body)?;
        let expected = "a string or a list of strings";
        match fields.get("input") {
            None => return Err(missing("input", expected)),
            Some(Value::Array(items)) if items.is_empty() => {
                let message = format!("input: found an empty list; expected {expected}");
                return Err(ApiError::invalid("input", message));
            }
            Some(Value::Array(items)) if items[0].is_number() || items[0].is_array() => {
                return Err(ApiError::unsupported("input", "an input of token numbers"));
            }
            Some(_) => {}
        }
        let input = fields.texts("input")?;
        unsupported::refuse(&fields, endpoint.accepts, &[("dimensions", |_| false)])?;
        let dimensions = fields.whole("dimensions", 1)?;
        let base64 = match fields.take("encoding_format") {
            None => false,
            Some(format) if format == "float" => false,
            Some(format) if format == "base64" => true,
            Some(other) => {
                let expected = "\"float\" or \"base64\"";
                return Err(wrong("encoding_format", &other, expected));
            }
        };
        Ok(Self {
            model: fields.text("model")?.unwrap_or_default(),
            input,
            dimensions,
            extra: fields.rest(),
            base64,
        })
    }
}

/// The vectors that a handler with `openai = "embeddings"` returns, one for each text, in the order of the texts.
///
/// The handler may also return a `Vec<Vec<f32>>`.
///
/// ```
/// use runpod::openai::Embeddings;
///
/// let vectors = Embeddings::new([vec![0.5, 0.5], vec![0.0, 1.0]]).with_prompt_tokens(7);
/// assert_eq!(vectors.vectors().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embeddings {
    vectors: Vec<Vec<f32>>,
    prompt_tokens: usize,
}

impl Embeddings {
    /// Creates the result from its vectors.
    ///
    /// ```
    /// use runpod::openai::Embeddings;
    ///
    /// assert_eq!(Embeddings::new(vec![vec![1.0]]).vectors(), [[1.0]]);
    /// ```
    pub fn new(vectors: impl IntoIterator<Item = Vec<f32>>) -> Self {
        Self {
            vectors: vectors.into_iter().collect(),
            prompt_tokens: 0,
        }
    }

    /// Reports how many tokens the texts have in total, for the client's `usage`.
    ///
    /// ```
    /// use runpod::openai::Embeddings;
    ///
    /// let embeddings = Embeddings::new([vec![1.0]]).with_prompt_tokens(5);
    /// # let _ = embeddings;
    /// ```
    #[must_use]
    pub fn with_prompt_tokens(mut self, tokens: usize) -> Self {
        self.prompt_tokens = tokens;
        self
    }

    /// Returns the vectors.
    ///
    /// ```
    /// use runpod::openai::Embeddings;
    ///
    /// assert!(Embeddings::new([]).vectors().is_empty());
    /// ```
    pub fn vectors(&self) -> &[Vec<f32>] {
        &self.vectors
    }
}
