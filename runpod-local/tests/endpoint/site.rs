//! An endpoint to talk to, as a client and as a worker.

use std::ops::Deref;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method};
use runpod_local::{Endpoint, Limits, Running, Timing};
use serde_json::{Value, json};

pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) talk: Talk,
}

/// What clients and workers say to it.
pub(crate) struct Talk {
    client: Client,
    url: String,
}

impl Deref for Site {
    type Target = Talk;

    fn deref(&self) -> &Talk {
        &self.talk
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: not JSON ({error}): {}", self.status, self.text))
    }

    /// The text of an error, which has exactly one shape.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let body = self.json();
        let error = body["error"].as_str().expect("a text").to_owned();
        assert_eq!(body, json!({ "error": error }));
        error
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        self.json()
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::of(Endpoint::new()).await
    }

    pub(crate) async fn of(endpoint: Endpoint) -> Self {
        // Another test may have done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = endpoint.bind("127.0.0.1", 0).await.expect("a free port");
        let client = Client::builder()
            .no_proxy()
            // Clients need no key, and workers send this one.
            .default_headers(HeaderMap::from_iter([(
                AUTHORIZATION,
                HeaderValue::from_static("local"),
            )]))
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client");
        let url = running.url();
        Self {
            running,
            talk: Talk { client, url },
        }
    }
}

impl Talk {
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let mut request = self.client.request(method, self.url(path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        reply(request).await
    }

    /// A request that is made by hand.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// A job of `/run`; its id.
    pub(crate) async fn run(&self, input: Value) -> String {
        let queued = self.post("/run", &json!({ "input": input })).await.ok();
        assert_eq!(queued["status"], "IN_QUEUE");
        queued["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn take(&self, worker: &str) -> Value {
        let path = format!("/job-take/{worker}?gpu=local&job_in_progress=0");
        self.get(&path).await.ok()
    }

    pub(crate) async fn done(&self, worker: &str, job: &str, result: Value) -> Reply {
        let path = format!("/job-done/{worker}/{job}?gpu=local&isStream=false");
        self.post(&path, &result).await
    }

    pub(crate) async fn item(&self, worker: &str, job: &str, item: Value) -> Reply {
        let path = format!("/job-stream/{worker}/{job}?gpu=local&isStream=false");
        self.post(&path, &json!({ "output": item })).await
    }

    pub(crate) async fn status(&self, job: &str) -> Value {
        self.get(&format!("/status/{job}")).await.ok()
    }

    /// Runs a job whose result is what the worker says.
    pub(crate) async fn served(&self, worker: &str, result: Value) -> String {
        let job = self.run(json!({})).await;
        assert_eq!(self.take(worker).await["id"], *job);
        self.done(worker, &job, result).await.ok();
        job
    }

    /// Resolves once the endpoint has heard of these workers.
    pub(crate) async fn until_known(&self, workers: &[&str]) {
        loop {
            let state = self.get("/local/state").await.ok();
            let known = state["workers"].as_array().expect("an array");
            let is_known = |id: &&str| known.iter().any(|worker| worker["id"] == **id);
            if workers.iter().all(is_known) {
                return;
            }
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

pub(crate) async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.expect("a body"),
    }
}

/// An endpoint with other times than production's.
pub(crate) async fn timed(change: impl FnOnce(&mut Timing)) -> Site {
    let mut timing = Timing::default();
    change(&mut timing);
    Site::of(Endpoint::new().timing(timing)).await
}

/// An endpoint with other limits than production's.
pub(crate) async fn limited(change: impl FnOnce(&mut Limits)) -> Site {
    let mut limits = Limits::default();
    change(&mut limits);
    Site::of(Endpoint::new().limits(limits)).await
}
