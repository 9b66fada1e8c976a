//! An endpoint under test, and methods that send it the requests of clients and workers.

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

/// Sends requests of clients and workers to the endpoint.
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

/// An answer of the endpoint.
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

    /// Returns the message of an error, after checking that the body has no other field.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let body = self.json();
        let error = body["error"]
            .as_str()
            .expect("the value is a string")
            .to_owned();
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
        // Fails if another test has installed a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = endpoint.bind("127.0.0.1", 0).await.expect("a port is free");
        let client = Client::builder()
            .no_proxy()
            // Clients need no key. Workers send this key.
            .default_headers(HeaderMap::from_iter([(
                AUTHORIZATION,
                HeaderValue::from_static("local"),
            )]))
            .timeout(Duration::from_mins(1))
            .build()
            .expect("the client can be built");
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

    /// Returns a request that the test completes itself.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// Submits a job with `/run` and returns its id.
    pub(crate) async fn run(&self, input: Value) -> String {
        let queued = self.post("/run", &json!({ "input": input })).await.ok();
        assert_eq!(queued["status"], "IN_QUEUE");
        queued["id"]
            .as_str()
            .expect("the value is a string")
            .to_owned()
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

    /// Submits a job, takes it as `worker`, and posts `result`.
    pub(crate) async fn served(&self, worker: &str, result: Value) -> String {
        let job = self.run(json!({})).await;
        assert_eq!(self.take(worker).await["id"], *job);
        self.done(worker, &job, result).await.ok();
        job
    }

    /// Waits until the endpoint knows all these workers.
    pub(crate) async fn until_known(&self, workers: &[&str]) {
        loop {
            let state = self.get("/local/state").await.ok();
            let known = state["workers"].as_array().expect("the value is an array");
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
    let response = request.send().await.expect("the endpoint answers");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.expect("the body can be read"),
    }
}

/// Starts an endpoint with times that differ from production's.
pub(crate) async fn timed(change: impl FnOnce(&mut Timing)) -> Site {
    let mut timing = Timing::default();
    change(&mut timing);
    Site::of(Endpoint::new().timing(timing)).await
}

/// Starts an endpoint with limits that differ from production's.
pub(crate) async fn limited(change: impl FnOnce(&mut Limits)) -> Site {
    let mut limits = Limits::default();
    change(&mut limits);
    Site::of(Endpoint::new().limits(limits)).await
}
