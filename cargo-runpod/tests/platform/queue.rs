//! The queue's API, as far as a smoke job needs it. The job's input says how the job ends.

use axum::response::Response;
use serde_json::{Value, json};

use super::State;
use super::routes::{problem, response};
use super::state::Job;

pub(super) fn answer(state: &mut State, method: &str, path: &str, body: &Value) -> Response {
    let parts: Vec<&str> = path.split('/').collect();
    let [id, operation, ref job @ ..] = parts[..] else {
        return response(problem(404, "no such path", &[]), None);
    };
    let Some(endpoint) = state.endpoint(id) else {
        return response(problem(404, "endpoint not found", &[]), None);
    };
    let answer = match (method, operation, job) {
        ("POST", "run", []) => {
            let id = format!("job-{}", endpoint.jobs.len() + 1);
            endpoint.jobs.push(Job {
                id: id.clone(),
                input: body["input"].clone(),
                is_cancelled: false,
            });
            if endpoint.workers.is_empty() {
                endpoint.start();
            }
            json!({ "id": id, "status": "IN_QUEUE" })
        }
        ("GET", "status", [job]) => {
            let is_ready = endpoint.has_ready_worker();
            let worker = endpoint.workers.last().map(|worker| worker.id.clone());
            let Some(job) = endpoint.jobs.iter().find(|it| it.id == *job) else {
                return response(problem(404, "job not found", &[]), None);
            };
            match (is_ready, job.input["do"].as_str()) {
                (false, _) => json!({ "id": job.id, "status": "IN_QUEUE" }),
                (true, Some("hang")) => {
                    json!({ "id": job.id, "status": "IN_PROGRESS", "workerId": worker })
                }
                (true, Some("fail")) => {
                    json!({ "id": job.id, "status": "FAILED", "error": "the model is empty", "workerId": worker })
                }
                (true, _) => json!({
                    "id": job.id, "status": "COMPLETED", "output": { "echo": job.input }, "workerId": worker, "delayTime": 10, "executionTime": 20,
                }),
            }
        }
        ("POST", "cancel", [job]) => {
            for it in endpoint.jobs.iter_mut().filter(|it| it.id == *job) {
                it.is_cancelled = true;
            }
            json!({ "id": job, "status": "CANCELLED" })
        }
        ("GET", "health", []) => json!({
            "jobs": { "inQueue": 2, "inProgress": 1, "completed": 10, "failed": 3, "retried": 4 },
            "workers": { "idle": 1 },
        }),
        _ => return response(problem(404, "no such path", &[]), None),
    };
    response((200, answer, ""), None)
}
