#[runpod::handler]
async fn work(input: String) -> ! {
    loop {
        println!("{input}");
    }
}

#[runpod::handler]
fn block(input: String) -> ! {
    panic!("{input}");
}

fn main() {}
