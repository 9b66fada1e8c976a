use runpod::prelude::*;

#[runpod::main(stream, name = "letters", return_aggregate_stream)]
fn spell(input: Value, ctx: JobContext) -> impl Stream<Item = char> {
    stream! {
        for letter in input["name"].to_string().chars() {
            ctx.progress(letter);
            yield letter;
        }
    }
}
