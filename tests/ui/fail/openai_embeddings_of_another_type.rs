use runpod::openai::EmbeddingRequest;

#[runpod::handler(openai = "embeddings")]
fn embed(request: EmbeddingRequest) -> Vec<f64> {
    request.input.iter().map(|text| text.len() as f64).collect()
}

#[runpod::handler(openai = "embeddings", stream, model = "s")]
fn embed_slowly(request: EmbeddingRequest) -> Vec<Vec<f32>> {
    vec![vec![0.0]; request.input.len()]
}

fn main() {}
