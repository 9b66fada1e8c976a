struct NoModel;

#[runpod::main]
async fn main() -> Result<String, NoModel> {
    Err(NoModel)
}
