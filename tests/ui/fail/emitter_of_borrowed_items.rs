use runpod::prelude::*;

#[runpod::handler(stream)]
async fn words(text: String, out: Emitter<&str>) {
    for word in text.split(' ') {
        let _ = out.send(word).await;
    }
}

#[runpod::handler(stream)]
async fn borrowed(text: String, out: Emitter<std::borrow::Cow<'_, str>>) {
    let _ = out.send(text.into()).await;
}

// Correct: a `'static` reference does not borrow from the job.
#[runpod::handler(stream)]
async fn fixed(times: u8, out: Emitter<&'static str>) {
    for _ in 0..times {
        let _ = out.send("item").await;
    }
}

fn main() {}
