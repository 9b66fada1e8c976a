//! Computes the embeddings of one text or of several texts in one batch.
//!
//! ```sh
//! cargo run --example embeddings -- --test_input '{"input": {"input": ["to be", "or not to be"], "dimensions": 8}}'
//! ```

use runpod::prelude::*;

#[derive(Deserialize)]
struct Request {
    input: Texts,
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize)]
struct Answer {
    object: &'static str,
    model: &'static str,
    data: Vec<Entry>,
    usage: Usage,
}

#[derive(Serialize)]
struct Entry {
    object: &'static str,
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// Counts words by their hash. A real model holds its weights here and runs a whole batch at once.
struct Model {
    dimensions: usize,
}

impl Model {
    fn embed(&self, texts: &[String], dimensions: usize) -> Vec<Vec<f32>> {
        let one = |text: &String| {
            let mut vector = vec![0.0; self.dimensions];
            for word in text.split_whitespace() {
                let hash = word.bytes().fold(2_166_136_261_u32, |hash, byte| {
                    (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
                });
                vector[hash as usize % dimensions] += 1.0;
            }
            vector.truncate(dimensions);
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            for x in &mut vector {
                *x /= length.max(1.0);
            }
            vector
        };
        texts.iter().map(one).collect()
    }
}

#[runpod::main(concurrency = 2)]
fn main() -> Model {
    Model { dimensions: 384 }
}

#[runpod::handler]
fn embed(request: Request, model: State<Model>) -> Result<Answer, String> {
    let texts = match request.input {
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    };
    let most = model.dimensions;
    let dimensions = request.dimensions.unwrap_or(most);
    if !(1..=most).contains(&dimensions) {
        return Err(format!(
            "input.dimensions: found {dimensions}; expected 1 to {most}"
        ));
    }
    let tokens = texts.iter().map(|it| it.split_whitespace().count()).sum();
    let vectors = model.embed(&texts, dimensions);
    Ok(Answer {
        object: "list",
        model: "word-hash-384",
        data: vectors
            .into_iter()
            .enumerate()
            .map(|(index, embedding)| Entry {
                object: "embedding",
                index,
                embedding,
            })
            .collect(),
        usage: Usage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        },
    })
}
