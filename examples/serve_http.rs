//! Serves its handlers over HTTP, for a load-balancing endpoint: values, a stream, and routes of its own.
//!
//! On your machine:
//!
//! ```sh
//! cargo run --example serve_http --features http -- --serve-http
//! curl http://localhost:8000/greet --json '{"name": "Ada"}'
//! curl http://localhost:8000/count --json '3' -H 'Accept: text/event-stream'
//! curl http://localhost:8000/desk
//! ```
//!
//! On a load-balancing endpoint, the same program serves on the port in `PORT`. On a queue endpoint, it would take jobs,
//! and `route` would choose the handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use runpod::HandlerError;
use runpod::axum::Router;
use runpod::axum::routing::{get, post};
use runpod::prelude::*;
use tokio::sync::Notify;

struct Desk {
    greeting: String,
    /// How many reviews wait for an approval.
    waiting: Arc<AtomicUsize>,
    approved: Notify,
}

#[runpod::main(route = "task", router = routes)]
async fn main() -> std::io::Result<Desk> {
    // Until this returns, health checks are answered with 204, and requests wait.
    let greeting = match std::env::var_os("GREETING_FILE") {
        Some(path) => std::fs::read_to_string(path)?.trim().to_owned(),
        None => "Hello".to_owned(),
    };
    Ok(Desk {
        greeting,
        waiting: Arc::default(),
        approved: Notify::new(),
    })
}

#[derive(Deserialize)]
struct Person {
    name: String,
}

/// `POST /greet`
#[runpod::handler]
async fn greet(person: Person, desk: State<Desk>) -> Result<String, HandlerError> {
    if person.name.is_empty() {
        return Err(HandlerError::new("NoName", "there is nobody to greet"));
    }
    Ok(format!("{}, {}!", desk.greeting, person.name))
}

/// `POST /count`
#[runpod::handler(stream)]
async fn count(to: u32) -> impl Stream<Item = Result<u32, String>> {
    try_stream! {
        for number in 1..=to {
            if number == 13 && to == 13 {
                Err("13 brings bad luck")?;
            }
            yield number;
        }
    }
}

/// `POST /review` waits for `POST /approve`, unless its client disconnects first.
#[runpod::handler]
async fn review(text: String, desk: State<Desk>, ctx: JobContext) -> String {
    let _place = Place::take(&desk.waiting);
    ctx.progress("waiting for an approval");
    desk.approved.notified().await;
    format!("{text}: approved as {}", ctx.job_id())
}

/// The handler's own routes, with access to the state.
fn routes(desk: State<Desk>) -> Router {
    let approving = desk.clone();
    let waiting = get(async move || desk.waiting.load(Ordering::SeqCst).to_string());
    let approve = post(async move || approving.approved.notify_one());
    Router::new()
        .route("/desk", waiting)
        .route("/approve", approve)
}

/// Counts a review as long as it waits, also if it is cancelled.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
