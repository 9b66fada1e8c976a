use std::process::ExitCode;

#[runpod::main]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
