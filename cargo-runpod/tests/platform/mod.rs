//! A stand-in for Runpod's REST API and for the queue's API: a real HTTP server on this machine that keeps state and
//! validates every request against the contract.
//!
//! `contract.json` is the contract in our own words. It was compared with the API's description field by field.

mod catalogue;
mod contract;
mod logs;
mod machines;
mod queue;
mod routes;
mod rules;
mod state;

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use machines::Machines;
pub(crate) use state::Endpoint;

pub(crate) const KEY: &str = "rpa_a_key_that_must_not_be_shown";
/// A key that Runpod knows, but that may not use serverless endpoints.
pub(crate) const WITHOUT_RIGHTS: &str = "rpa_a_key_without_rights";

/// An answer that replaces the usual one.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: &'static str,
    /// How the path ends.
    pub(crate) path: &'static str,
    /// 0 is no answer at all.
    pub(crate) status: u16,
    pub(crate) header: Option<(&'static str, &'static str)>,
    pub(crate) times: usize,
    /// Whether the request is carried out all the same, and only its answer is lost.
    pub(crate) is_done: bool,
}

/// Something that another user does while a request is answered.
#[derive(Debug, Clone)]
pub(crate) struct Meanwhile {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Before the answer to this request of the kind, counted from 1.
    pub(crate) before: usize,
    pub(crate) act: Act,
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Deploys another image to the endpoint.
    Deploy(&'static str),
    /// Creates an endpoint of this name.
    Create(&'static str),
}

#[derive(Default)]
pub(crate) struct State {
    /// The base address of the endpoints' queues.
    pub(crate) queue: String,
    /// Where workers run. `None` if workers are only pretended.
    pub(crate) machines: Option<Arc<Machines>>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) requests: Vec<(String, String, Value)>,
    /// Violations of the contract.
    pub(crate) violations: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) meanwhile: Vec<Meanwhile>,
    /// How many lines of a log are sent before its connection breaks. Used once.
    pub(crate) break_log_after: Vec<usize>,
    /// Where each stream of a log was to continue.
    pub(crate) resumed_at: Vec<Option<String>>,
    pub(crate) made: usize,
}

pub(crate) struct Platform {
    state: Arc<Mutex<State>>,
    address: String,
    queue: String,
    _runtime: Runtime,
}

impl Platform {
    /// Starts a platform that only pretends to run workers, and answers jobs itself.
    pub(crate) fn start() -> Self {
        Self::with(None)
    }

    /// Starts a platform that runs the workers of its first endpoint.
    pub(crate) fn with_machines() -> Self {
        Self::with(Some(Arc::new(Machines::of("ep1"))))
    }

    fn with(machines: Option<Arc<Machines>>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("there is a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("there is a free port");
        let address = format!(
            "http://{}",
            listener.local_addr().expect("it has an address")
        );
        let queue = machines
            .as_ref()
            .map_or_else(|| format!("{address}/queue"), |machines| machines.base());
        let state = Arc::new(Mutex::new(State {
            queue: queue.clone(),
            machines,
            ..State::default()
        }));
        let router = routes::router(state.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            state,
            address,
            queue,
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The base address of the endpoints' queues.
    pub(crate) fn queue(&self) -> &str {
        &self.queue
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no request has panicked")
    }

    /// Adds an endpoint with a queue and CPU workers, over which the given values are laid.
    pub(crate) fn has(&self, name: &str, more: &Value) -> String {
        let mut body = json!({
            "name": name, "type": "QUEUE", "image": "example/hello:1", "cpu": [{ "id": "cpu5c", "vcpuCount": 2 }],
            "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let Value::Object(body) = body else {
            unreachable!("it is an object")
        };
        let violations = contract::violations("create", &Value::Object(body.clone()));
        assert!(violations.is_empty(), "{violations:?}");
        self.state().create(body)
    }

    /// The requests that change something, as `METHOD PATH` and their bodies.
    pub(crate) fn changes(&self) -> Vec<(String, Value)> {
        let state = self.state();
        let changes = state.requests.iter().filter(|(method, ..)| method != "GET");
        changes
            .map(|(method, path, body)| (format!("{method} {path}"), body.clone()))
            .collect()
    }
}

impl Platform {
    /// Waits until a request has come that changes something.
    pub(crate) fn wait_for_a_change(&self) {
        while self.changes().is_empty() {
            std::thread::yield_now();
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // A second panic would hide the first one.
        if !std::thread::panicking() {
            let violations = self.state().violations.clone();
            assert!(
                violations.is_empty(),
                "a request violates the contract: {violations:#?}"
            );
        }
    }
}

impl State {
    pub(crate) fn create(&mut self, body: Map<String, Value>) -> String {
        self.made += 1;
        let id = format!("ep{}", self.made);
        let endpoint = Endpoint::new(&id, self.made, &self.queue, self.machines.clone(), body);
        self.endpoints.push(endpoint);
        id
    }

    pub(crate) fn endpoint(&mut self, id: &str) -> Option<&mut Endpoint> {
        self.endpoints
            .iter_mut()
            .find(|endpoint| endpoint.body["id"] == id)
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Deploy(image) => {
                let number = self.made;
                if let Some(endpoint) = self.endpoints.first_mut() {
                    let diff = endpoint.change(
                        json!({ "image": image })
                            .as_object()
                            .expect("it is an object"),
                    );
                    endpoint.release(number, &Value::Array(diff));
                }
            }
            Act::Create(name) => {
                let body = json!({
                    "name": name, "type": "QUEUE", "image": "other:1", "cpu": [{ "id": "cpu5c", "vcpuCount": 2 }],
                    "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
                });
                self.create(body.as_object().expect("it is an object").clone());
            }
        }
    }
}
