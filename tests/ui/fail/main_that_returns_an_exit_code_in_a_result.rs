use std::process::ExitCode;

#[runpod::main]
async fn main() -> anyhow::Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
