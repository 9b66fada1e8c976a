//! The routes of the REST API, and everything that a request passes before its route: key, faults and the contract.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{KEY, State, WITHOUT_RIGHTS, catalogue, contract, logs, queue, rules};

pub(super) type Handle = Arc<Mutex<State>>;

/// A status and a body, with the shape that the body must have.
type Answer = (u16, Value, &'static str);

pub(super) fn router(state: Handle) -> Router {
    Router::new().fallback(answer).with_state(state)
}

async fn answer(Shared(state): Shared<Handle>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if let Some(path) = path.strip_prefix("/queue/") {
        return queue::answer(&mut lock(&state), &method, path, &body);
    }
    if let Some(refused) = key_refused(&parts.headers) {
        return response(refused, None);
    }
    let Some(path) = path.strip_prefix("/v2") else {
        return response(problem(404, "no such path", &[]), None);
    };
    let fault = {
        let mut state = lock(&state);
        state
            .requests
            .push((method.clone(), path.to_owned(), body.clone()));
        run_meanwhile(&mut state, &method, path);
        fault(&mut state, &method, path)
    };
    if let Some((fault, is_done)) = &fault
        && !is_done
    {
        return fault.clone().into_response();
    }
    if let ["serverless", id, "workers", worker, "logs"] =
        path.trim_start_matches('/').split('/').collect::<Vec<_>>()[..]
        && method == "GET"
    {
        return logs::answer(&state, id, worker, &query, &parts.headers);
    }
    let answer = {
        let mut state = lock(&state);
        if !query.is_empty() {
            state.violations.push(format!(
                "{method} {path}: the query {query} is not expected"
            ));
        }
        routed(&mut state, &method, path, &body)
    };
    match fault {
        Some((fault, _)) if fault.status == 0 => std::future::pending().await,
        Some((fault, _)) => fault.into_response(),
        None => response(answer, None),
    }
}

pub(super) fn lock(state: &Handle) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_refused(headers: &HeaderMap) -> Option<Answer> {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match given.and_then(|given| given.strip_prefix("Bearer ")) {
        Some(KEY) => None,
        Some(WITHOUT_RIGHTS) => Some(problem(403, "access denied", &[])),
        // Some servers repeat the key, which must not be shown.
        Some(other) => Some(problem(401, &format!("invalid bearer token {other}"), &[])),
        None => Some(problem(401, "missing bearer token", &[])),
    }
}

fn run_meanwhile(state: &mut State, method: &str, path: &str) {
    let count = state
        .requests
        .iter()
        .filter(|(m, p, _)| m == method && p.ends_with(path))
        .count();
    let due: Vec<_> = state
        .meanwhile
        .iter()
        .filter(|it| it.method == method && path.ends_with(it.path) && it.before == count)
        .cloned()
        .collect();
    for meanwhile in due {
        state.act(&meanwhile.act);
    }
}

#[derive(Clone)]
struct Faulty {
    status: u16,
    header: Option<(&'static str, &'static str)>,
}

impl Faulty {
    fn into_response(self) -> Response {
        let detail = if self.status == 429 {
            "rate limit exceeded for the minute window"
        } else {
            "this was not expected"
        };
        response(problem(self.status, detail, &[]), self.header)
    }
}

fn fault(state: &mut State, method: &str, path: &str) -> Option<(Faulty, bool)> {
    let fault = state
        .faults
        .iter_mut()
        .find(|fault| fault.times > 0 && fault.method == method && path.ends_with(fault.path))?;
    fault.times -= 1;
    Some((
        Faulty {
            status: fault.status,
            header: fault.header,
        },
        fault.is_done,
    ))
}

fn routed(state: &mut State, method: &str, path: &str, body: &Value) -> Answer {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, &parts[..]) {
        ("GET", ["serverless"]) => {
            let endpoints: Vec<&Map<String, Value>> = state
                .endpoints
                .iter()
                .map(|endpoint| &endpoint.body)
                .collect();
            (200, json!({ "endpoints": endpoints }), "endpoints")
        }
        ("POST", ["serverless"]) => create(state, body),
        ("GET", ["catalog", "gpus"]) => (200, catalogue::gpus(), "gpus"),
        ("GET", ["catalog", "cpus"]) => (200, catalogue::cpus(), "cpus"),
        ("GET", ["catalog", "datacenters"]) => (200, catalogue::data_centers(), "data-centers"),
        ("GET", ["registries"]) => (200, catalogue::registries(), "registries"),
        ("GET", ["templates", id]) => match catalogue::template(id) {
            Some(template) => (200, template, "template"),
            None => problem(404, "template not found", &[]),
        },
        (_, ["serverless", id, rest @ ..]) => of_endpoint(state, method, id, rest, body),
        _ => problem(404, "no such path", &[]),
    }
}

fn of_endpoint(state: &mut State, method: &str, id: &str, rest: &[&str], body: &Value) -> Answer {
    let number = state.made;
    let Some(endpoint) = state.endpoint(id) else {
        return problem(404, "endpoint not found", &[]);
    };
    match (method, rest) {
        ("GET", []) => (200, Value::Object(endpoint.body.clone()), "endpoint"),
        ("GET", ["workers"]) => (200, endpoint.look(), "worker-list"),
        ("GET", ["releases"]) => (200, endpoint.told_releases(), "release-list"),
        ("PATCH", []) => {
            let violations = contract::violations("update", body);
            if !violations.is_empty() {
                return refused(state, "PATCH", &violations);
            }
            if let Err((status, detail)) =
                rules::of_update(body, &Value::Object(endpoint.body.clone()))
            {
                return problem(status, &detail, &[]);
            }
            let diff = endpoint.change(body.as_object().expect("the contract asks for an object"));
            if !diff.is_empty() {
                endpoint.release(number, &Value::Array(diff));
            }
            (200, Value::Object(endpoint.body.clone()), "endpoint")
        }
        ("DELETE", []) => {
            state.endpoints.retain(|endpoint| endpoint.body["id"] != id);
            (204, Value::Null, "")
        }
        _ => problem(404, "no such path", &[]),
    }
}

fn create(state: &mut State, body: &Value) -> Answer {
    let violations = contract::violations("create", body);
    if !violations.is_empty() {
        return refused(state, "POST", &violations);
    }
    if let Err((status, detail)) = rules::of_creation(body) {
        return problem(status, &detail, &[]);
    }
    let mut complete = Map::new();
    if let Some(id) = body["templateId"].as_str() {
        match catalogue::template(id) {
            None => return problem(404, "template not found", &[]),
            Some(template) if template["serverless"] == false => {
                return problem(422, "not a serverless template", &[]);
            }
            Some(template) => {
                for field in ["image", "args", "disk", "ports", "env", "registry"] {
                    complete.insert(field.to_owned(), template[field].clone());
                }
            }
        }
    }
    for (key, value) in body.as_object().expect("the contract asks for an object") {
        match (complete.get_mut(key), value) {
            (Some(Value::Object(env)), Value::Object(own)) if key == "env" => {
                env.extend(own.clone());
            }
            _ => {
                complete.insert(key.clone(), value.clone());
            }
        }
    }
    let id = state.create(complete);
    let endpoint = state.endpoint(&id).expect("it was made");
    (201, Value::Object(endpoint.body.clone()), "endpoint")
}

fn refused(state: &mut State, method: &str, violations: &[String]) -> Answer {
    state.violations.extend(
        violations
            .iter()
            .map(|violation| format!("{method}: {violation}")),
    );
    problem(422, "Request validation failed.", violations)
}

pub(super) fn problem(status: u16, detail: &str, errors: &[String]) -> Answer {
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    let mut problem = json!({ "title": title, "status": status, "detail": detail });
    if !errors.is_empty() {
        problem["errors"] = json!(errors);
    }
    (status, problem, "problem")
}

pub(super) fn response((status, body, shape): Answer, extra: Option<(&str, &str)>) -> Response {
    if !shape.is_empty() {
        let violations = contract::violations(shape, &body);
        assert!(
            violations.is_empty(),
            "the stand-in answers against the contract: {violations:?} in {body}"
        );
    }
    let kind = if shape == "problem" {
        "application/problem+json"
    } else {
        "application/json"
    };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind);
    if let Some((name, value)) = extra {
        response = response.header(name, value);
    }
    let body = if status == 204 {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    response.body(body).expect("the response is well formed")
}
