#[runpod::handler]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

#[runpod::handler]
fn double(number: u32) -> u32 {
    number * 2
}

fn main() {
    let pointer: fn(u32) -> u32 = double;
    assert_eq!(pointer(double(3)), 12);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(greet("Ada".to_owned())), "Hello, Ada!");
}
