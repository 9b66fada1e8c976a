#![deny(warnings, missing_docs, clippy::pedantic)]
//! Every form of a fitness check and a shutdown hook.

use std::sync::Arc;

use runpod::prelude::*;
use runpod::{HandlerError, Worker};

/// The state.
pub struct Model(u32);

type Shared = State<Model>;

const LIMIT: usize = 5;

#[runpod::main]
fn main() -> Arc<Model> {
    Arc::new(Model(7))
}

#[runpod::handler]
async fn answer(input: Value, model: State<Model>) -> String {
    format!("{input} {}", model.0)
}

/// A documented check.
///
/// # Errors
///
/// Never.
#[runpod::fitness_check(timeout_s = LIMIT * 2, name = concat!("a ", "name"))]
pub fn plain() -> Result<(), std::io::Error> {
    Ok(())
}

#[runpod::fitness_check]
async fn later() -> Result<(), HandlerError> {
    std::future::ready(Ok(())).await
}

#[runpod::fitness_check()]
fn with_alias(model: Shared) {
    assert_eq!(model.0, 7);
}

#[runpod::fitness_check(crate = runpod,)]
async fn with_pattern(_: State<Arc<Model>>) -> Result<(), String> {
    Ok(())
}

mod inner {
    use runpod::on_shutdown;

    #[on_shutdown]
    pub(super) async fn r#move(model: super::Shared) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let _ = model.0;
        Ok(())
    }
}

#[cfg(any())]
#[runpod::on_shutdown]
fn never(model: DoesNotExist) {}

macro_rules! hook {
    ($name:ident, $ty:ty) => {
        #[runpod::on_shutdown(timeout_s = 1)]
        fn $name(#[cfg(all())] model: $ty, #[cfg(any())] model: u8) {
            drop(model);
        }
    };
}

hook!(from_a_macro, State<Model>);

/// The functions stay ordinary functions, and the builder takes them too.
#[must_use]
pub fn by_builder() -> runpod::WorkerBuilder {
    let _ = inner::r#move(State::new(Model(1)));
    let captured = String::from("captured");
    Worker::builder()
        .handler(answer)
        .state(Model(1))
        .fitness_check("plain", plain)
        .fitness_check("later", later)
        .fitness_check("with state", with_alias)
        .fitness_check("closure", || Err::<(), _>("no"))
        .fitness_check("async closure", async || ())
        .fitness_check("async closure with state", async |model: State<Model>| drop(model))
        .on_shutdown(from_a_macro)
        .on_shutdown(move || println!("{captured}"))
}
