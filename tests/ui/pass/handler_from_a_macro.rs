use runpod::prelude::*;

macro_rules! handlers {
    ($($name:ident($input:ident: $type:ty) -> $output:ty $body:block)*) => {
        $(
            #[runpod::handler]
            async fn $name($input: $type) -> $output $body
        )*
    };
}

handlers! {
    greet(name: String) -> String { format!("Hello, {name}!") }
    double(number: u32) -> Result<u32, String> { Ok(number * 2) }
}

macro_rules! worker {
    ($name:ident, $concurrency:expr, $title:literal) => {
        #[runpod::main(concurrency = $concurrency, name = $title)]
        async fn $name(input: Value) -> Value {
            input
        }
    };
}

worker!(echo, 2, "an echo");
