type Answer<T> = Result<T, String>;
type Checked = std::io::Result<u64>;

#[runpod::handler]
async fn own(input: String) -> Answer<String> {
    Ok(input)
}

#[runpod::handler]
fn of_std(path: String) -> Checked {
    Ok(std::fs::metadata(path)?.len())
}

#[runpod::handler]
async fn of_anyhow(text: String) -> anyhow::Result<u32> {
    Ok(text.parse()?)
}

fn main() {}
