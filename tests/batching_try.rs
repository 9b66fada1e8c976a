use runpod::prelude::*;
struct M(usize);
#[derive(Deserialize)]
struct Text { text: String }
fn tokens(t: &Text) -> usize { t.text.len() }
#[runpod::handler(batch, max_batch_size = 8, max_wait = 0, weight = tokens, max_weight = 100, concurrent_batches = 2)]
fn embed(inputs: Vec<Text>, model: State<M>) -> Vec<Result<usize, String>> {
    inputs.into_iter().map(|it| Ok(it.text.len() * model.0)).collect()
}
#[runpod::handler(batch)]
async fn embed_later(model: State<M>, inputs: Vec<Job<Text>>, contexts: Vec<JobContext>) -> anyhow::Result<Vec<usize>> {
    assert_eq!(contexts.len(), inputs.len());
    Ok(inputs.into_iter().map(|it| it.input.text.len() * model.0).collect())
}
#[runpod::handler(batch)]
fn plain(inputs: Vec<u64>) -> Vec<u64> { inputs }
