//! The `OTEL_*` variables that the worker reads itself. OpenTelemetry's crates read all others, such as the headers.

use std::time::Duration;

use crate::config::Environment;

const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const TIMEOUTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
];
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];
const PROTOCOL: &str = "http/protobuf";
/// How long one export may take by default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether and how traces are exported.
#[derive(Debug, PartialEq)]
pub(super) struct Variables {
    /// The variable that gives the collector's address. `None` if nothing is exported.
    pub(super) endpoint: Option<&'static str>,
    pub(super) timeout: Duration,
    /// One line for each value that has no effect.
    pub(super) warnings: Vec<String>,
}

impl Variables {
    /// Reads the variables. As OpenTelemetry's specification demands, an invalid value has no effect except a warning.
    pub(super) fn of(environment: &Environment) -> Self {
        let mut read = Self {
            endpoint: None,
            timeout: TIMEOUT,
            warnings: Vec::new(),
        };
        let is = |name: &str, value: &str| {
            let given = environment.get(name).map(str::trim);
            given.is_some_and(|given| given.eq_ignore_ascii_case(value))
        };
        let first = |names: [&'static str; 2]| {
            let mut names = names.into_iter();
            names.find_map(|name| Some((name, environment.get(name)?.trim())))
        };
        let Some((endpoint, _)) = first(ENDPOINTS) else {
            return read;
        };
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return read;
        }
        if let Some(exporter) = environment.get("OTEL_TRACES_EXPORTER")
            && exporter.trim() != "otlp"
        {
            read.warnings.push(format!(
                "OTEL_TRACES_EXPORTER: found {exporter:?}; expected otlp or none; traces are not exported"
            ));
            return read;
        }
        read.endpoint = Some(endpoint);
        if let Some((name, protocol)) = first(PROTOCOLS)
            && protocol != PROTOCOL
        {
            read.warnings.push(format!(
                "{name}: found {protocol:?}; the worker exports traces with {PROTOCOL} only; set the variable to \
                 {PROTOCOL}, and {endpoint} to the collector's address for OTLP over HTTP (port 4318 by default)"
            ));
        }
        if let Some((name, text)) = first(TIMEOUTS) {
            match text.parse() {
                Ok(0) | Err(_) => read.warnings.push(format!(
                    "{name}: found {text:?}; expected a whole number of milliseconds; 10000 is used"
                )),
                Ok(milliseconds) => read.timeout = Duration::from_millis(milliseconds),
            }
        }
        if let Some(sampler) = environment.get("OTEL_TRACES_SAMPLER")
            && !SAMPLERS.contains(&sampler)
        {
            read.warnings.push(format!(
                "OTEL_TRACES_SAMPLER: found {sampler:?}; expected one of {}; parentbased_always_on is used",
                SAMPLERS.join(", ")
            ));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    fn read(pairs: &[(&str, &str)]) -> Variables {
        Variables::of(&Environment::of(pairs.iter().copied()))
    }

    #[test]
    fn nothing_is_exported_unless_an_endpoint_is_set() {
        assert_eq!(read(&[]).endpoint, None);
        assert_eq!(read(&[("OTEL_SERVICE_NAME", "worker")]).endpoint, None);
        assert_eq!(read(&[ENDPOINT]).endpoint, Some(ENDPOINT.0));
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1");
        assert_eq!(read(&[ENDPOINT, own]).endpoint, Some(own.0));
    }

    #[test]
    fn the_export_can_be_turned_off() {
        for off in [
            ("OTEL_SDK_DISABLED", "true"),
            ("OTEL_SDK_DISABLED", "TRUE"),
            ("OTEL_TRACES_EXPORTER", "none"),
        ] {
            let read = read(&[ENDPOINT, off]);
            assert_eq!(read.endpoint, None, "{off:?}");
            assert!(read.warnings.is_empty(), "{read:?}");
        }
        assert!(
            read(&[ENDPOINT, ("OTEL_SDK_DISABLED", "no")])
                .endpoint
                .is_some()
        );
    }

    #[test]
    fn a_value_without_effect_is_a_warning_with_a_remedy() {
        for (name, value, remedy) in [
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "grpc",
                "set the variable to http/protobuf",
            ),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "10000 is used"),
            ("OTEL_TRACES_SAMPLER", "sometimes", "always_on is used"),
            ("OTEL_TRACES_EXPORTER", "zipkin", "expected otlp or none"),
        ] {
            let read = read(&[ENDPOINT, (name, value)]);
            let [warning] = &read.warnings[..] else {
                panic!("{read:?}");
            };
            assert!(warning.starts_with(name), "{warning}");
            assert!(warning.contains(remedy), "{warning}");
            assert_eq!(read.timeout, TIMEOUT);
        }
    }

    #[test]
    fn the_timeout_of_traces_comes_before_that_of_all_signals() {
        let both = [
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ];
        assert_eq!(read(&both).timeout, Duration::from_millis(250));
        assert_eq!(read(&both[..2]).timeout, Duration::from_secs(5));
    }
}
