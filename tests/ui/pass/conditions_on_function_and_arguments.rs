use runpod::prelude::*;

#[runpod::handler]
#[cfg(unix)]
async fn here(name: String) -> String {
    name
}

#[cfg(windows)]
#[runpod::handler]
async fn elsewhere(name: NoSuchType) -> String {
    name
}

#[runpod::handler]
async fn partly(#[cfg(unix)] name: String, #[cfg(windows)] name: NoSuchType, #[cfg(windows)] ctx: JobContext) -> String {
    name
}

#[runpod::handler(stream)]
async fn perhaps_two(#[cfg(unix)] name: String, #[cfg(windows)] other: String, out: Emitter<String>) {
    let _ = out.send(name).await;
}

fn main() {}
