struct Prompt;

struct Model;

#[runpod::main(concurency = 2)]
async fn generate(prompt: Prompt, width: u32, height: u32, model: &Model) -> String {
    String::new()
}
