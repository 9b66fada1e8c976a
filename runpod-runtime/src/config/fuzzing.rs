//! Fuzz targets for the environment and the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use reqwest::Url;

use super::url_template::UrlTemplate;
use super::{Arguments, Environment, ProcessContext, Secret, Settings};

/// The environment variables, indexed by the digit (0 to 9, then a to z) before their value. New ones are added at the end,
/// because the kept inputs contain the digits.
const VARIABLES: [&str; 13] = [
    "RUNPOD_AI_API_KEY",
    "RUNPOD_WEBHOOK_GET_JOB",
    "RUNPOD_WEBHOOK_POST_OUTPUT",
    "RUNPOD_WEBHOOK_POST_STREAM",
    "RUNPOD_WEBHOOK_PING",
    "RUNPOD_PING_INTERVAL",
    "RUNPOD_METRICS_PORT",
    "RUNPOD_POD_ID",
    "RUNPOD_SHUTDOWN_GRACE_S",
    "RUNPOD_INIT_TIMEOUT",
    "RUNPOD_ENDPOINT_ID",
    "RUNPOD_LOG_LEVEL",
    "RUNPOD_MAX_RESULT_BYTES",
];

pub(crate) fn url_template(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let (Some(template), Some(worker), Some(job)) = (lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    // The platform gives such an id to neither a job nor a worker.
    if [worker, job]
        .iter()
        .any(|id| matches!(*id, "" | "." | ".."))
    {
        return;
    }
    let Ok(template) = UrlTemplate::parse("RUNPOD_X", template, worker) else {
        return;
    };
    let (plain, url) = (template.with_id("x"), template.with_id(job));
    let place = |url: &Url| {
        let host = url.host_str().map(str::to_owned);
        (url.scheme().to_owned(), host, url.port())
    };
    assert_eq!(place(&plain), place(&url), "an id must not change the host");
    let segments = |url: &Url| url.path_segments().map(Iterator::count);
    assert_eq!(
        segments(&plain),
        segments(&url),
        "an id must be one segment"
    );
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
}

pub(crate) fn arguments(data: &[u8]) {
    let words = data.split(|byte| *byte == 0).map(os_string);
    let arguments = Arguments::parse([OsString::from("worker")].into_iter().chain(words));
    let count = data.split(|byte| *byte == 0).count();
    assert!(
        arguments.rest.len() <= count,
        "parsing must not add arguments"
    );
    resolve(&Environment::default(), &arguments);
}

pub(crate) fn environment(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let pairs = text.lines().filter_map(|line| {
        let mut characters = line.chars();
        let digit = characters.next()?.to_digit(36)?;
        let variable = *VARIABLES.get(usize::try_from(digit).ok()?)?;
        Some((variable.to_owned(), characters.as_str().to_owned()))
    });
    resolve(&Environment::of(pairs), &Arguments::default());
}

/// Resolves the settings and checks that the result is either settings or faults, and that the key appears in no
/// fault.
fn resolve(environment: &Environment, arguments: &Arguments) {
    let nowhere = PathBuf::from("/nonexistent");
    let context = ProcessContext {
        streams: true,
        working_directory: nowhere.clone(),
        volume: nowhere.clone(),
        temporary: nowhere,
        stdout_is_terminal: false,
    };
    let key = environment.get(VARIABLES[0]).map(str::trim);
    let key = key.filter(|key| is_looked_for(key));
    match Settings::resolve(environment, arguments, &context) {
        Ok(settings) => assert!(!settings.worker_id.is_empty()),
        Err(error) => {
            assert!(!error.faults().is_empty());
            for fault in error.faults() {
                let shown = fault.to_string();
                assert!(
                    key.is_none_or(|key| !shown.contains(key)),
                    "the fault contains the key"
                );
            }
        }
    }
}

pub(crate) fn redaction(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let Some((key, text)) = text.split_once('\n') else {
        return;
    };
    let secret = Secret::new(key);
    assert!(!format!("{secret} {secret:?}").contains(key) || !is_looked_for(key));
    if is_looked_for(key) {
        let text = format!("{text}{key}{text}");
        assert!(
            !secret.redact(&text).contains(key),
            "the key was not redacted"
        );
    }
}

/// Returns whether the key is long enough to be redacted, and is not a part of the replacement text.
fn is_looked_for(key: &str) -> bool {
    key.chars().count() >= 6 && !key.contains(['[', ']']) && !"redacted".contains(key)
}

fn os_string(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    {
        std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(bytes).into_owned().into()
    }
}
