use runpod::prelude::*;

mod r#async {
    #[runpod::handler]
    pub async fn r#gen(r#gen: runpod::prelude::Value, r#type: runpod::JobContext) -> runpod::prelude::Value {
        r#type.progress(&r#gen);
        r#gen
    }
}

#[runpod::handler]
fn r#fn(r#mod: Value, r#dyn: JobContext, r#try: State<r#struct>) -> Value {
    r#dyn.progress(r#try.r#impl);
    r#mod
}

#[allow(non_camel_case_types)]
struct r#struct {
    r#impl: u8,
}

#[runpod::main(handler = r#async::r#gen, crate = r#runpod)]
fn main() -> r#struct {
    r#struct { r#impl: 0 }
}
