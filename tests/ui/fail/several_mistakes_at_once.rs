#[runpod::main(refresh_workers, concurrency = 0, name = 3, handler = other, route = "task")]
unsafe extern "C" fn generate<T>(text: &str, show: impl ToString, size: Option<&u32>) -> T {
    todo!()
}
