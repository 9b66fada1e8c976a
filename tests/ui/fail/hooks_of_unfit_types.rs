use std::rc::Rc;

use runpod::prelude::*;

struct NoError;

#[runpod::main]
async fn answer(text: String) -> String {
    text
}

#[runpod::fitness_check]
fn is_fit() -> bool {
    true
}

#[runpod::fitness_check]
fn is_fit_later() -> impl Future<Output = ()> {
    async {}
}

#[runpod::fitness_check]
async fn has_context(ctx: JobContext) -> Result<(), NoError> {
    ctx.progress("checking");
    Err(NoError)
}

#[runpod::on_shutdown]
async fn holds_a_value() {
    let value = Rc::new(1);
    std::future::ready(()).await;
    drop(value);
}
