//! The rules of the API between fields, which a shape cannot express. Each violation has the status of the answer.

use serde_json::Value;

/// Checks the body of a request that creates an endpoint.
pub(super) fn of_creation(body: &Value) -> Result<(), (u16, String)> {
    match (body.get("gpu").is_some(), body.get("cpu").is_some()) {
        (true, true) => return Err((400, "gpu and cpu are mutually exclusive".to_owned())),
        (false, false) => return Err((400, "one of gpu or cpu is required".to_owned())),
        _ => {}
    }
    if body.get("templateId").is_none() && body.get("image").is_none() {
        return Err((422, "image is required unless templateId is set".to_owned()));
    }
    if body["type"] == "LOAD_BALANCER" && body["scaling"]["type"] != "REQUEST_COUNT" {
        return Err((422, "a load balancer scales by REQUEST_COUNT".to_owned()));
    }
    of_both(body, &body["type"], &body["scaling"])
}

/// Checks the body of a request that changes an endpoint.
pub(super) fn of_update(body: &Value, current: &Value) -> Result<(), (u16, String)> {
    if body.get("gpu").is_some() && body.get("cpu").is_some() {
        return Err((400, "gpu and cpu are mutually exclusive".to_owned()));
    }
    if body.get("cpu").is_some() && current.get("cpu").is_none() {
        return Err((400, "cpu on a GPU endpoint".to_owned()));
    }
    if body.get("gpu").is_some() && current.get("cpu").is_some() {
        return Err((400, "gpu on a CPU endpoint".to_owned()));
    }
    let scaling = body.get("scaling").unwrap_or(&current["scaling"]);
    if current["type"] == "LOAD_BALANCER" && scaling["type"] != "REQUEST_COUNT" {
        return Err((400, "a load balancer scales by REQUEST_COUNT".to_owned()));
    }
    let gpu = body.get("gpu");
    let kept = |field: &str| {
        gpu.and_then(|gpu| gpu.get(field))
            .unwrap_or(&current["gpu"][field])
            .clone()
    };
    if has_items(&kept("allowedCudaVersions")) && has_text(&kept("minCudaVersion")) {
        return Err((
            400,
            "allowedCudaVersions and minCudaVersion are mutually exclusive".to_owned(),
        ));
    }
    of_both(body, &current["type"], scaling)
}

fn of_both(body: &Value, kind: &Value, scaling: &Value) -> Result<(), (u16, String)> {
    if *kind == "QUEUE"
        && scaling["type"] == "REQUEST_COUNT"
        && body["workers"].get("idleTimeout").is_some()
    {
        return Err((400, "idleTimeout is not applicable".to_owned()));
    }
    if let (Some(min), Some(max)) = (
        body["workers"]["min"].as_u64(),
        body["workers"]["max"].as_u64(),
    ) && min > max
    {
        return Err((400, "workers.min is above workers.max".to_owned()));
    }
    let gpu = &body["gpu"];
    if has_items(&gpu["allowedCudaVersions"]) && has_text(&gpu["minCudaVersion"]) {
        return Err((
            400,
            "allowedCudaVersions and minCudaVersion are mutually exclusive".to_owned(),
        ));
    }
    let cpus = body["cpu"].as_array().into_iter().flatten();
    for vcpus in cpus.filter_map(|cpu| cpu["vcpuCount"].as_u64()) {
        if !vcpus.is_power_of_two() {
            return Err((400, "vcpuCount must be a power of two".to_owned()));
        }
    }
    Ok(())
}

fn has_items(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty())
}

fn has_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}
