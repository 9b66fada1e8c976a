//! Parses a description of faults and reports what is wrong with it.

use std::str::FromStr;

use axum::http::StatusCode;
use serde::Deserialize;

use super::config::{Faults, FaultsError};
use super::rule::{Outage, Route, Rule};
use crate::operation::Operation;

/// The maximum delay. A longer one would only make a test hang.
const MOST_DELAY_MS: u64 = 600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenFaults {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    rules: Vec<GivenRule>,
    #[serde(default)]
    outages: Vec<GivenOutage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRule {
    route: String,
    #[serde(default)]
    error: f64,
    status: Option<u16>,
    delay_ms: Option<Delay>,
    #[serde(default)]
    reset_before: f64,
    #[serde(default)]
    reset_after: f64,
    #[serde(default)]
    malformed: f64,
    #[serde(default)]
    flashboot: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenOutage {
    route: Option<String>,
    #[serde(default)]
    from_s: f64,
    for_s: f64,
    status: Option<u16>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(
    untagged,
    expecting = "delay_ms must be a number of milliseconds, or [least, most]"
)]
enum Delay {
    Always(u64),
    Between(u64, u64),
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(json: &str) -> Result<Self, Self::Err> {
        faults(json)
    }
}

fn faults(json: &str) -> Result<Faults, FaultsError> {
    let given: GivenFaults =
        serde_json::from_str(json).map_err(|error| FaultsError(error.to_string()))?;
    let mut reader = FaultsReader::default();
    let rules = given.rules.into_iter().enumerate().map(|(index, rule)| {
        reader.place = format!("rules[{index}]");
        reader.rule(&rule)
    });
    let rules = rules.collect();
    let outages = given
        .outages
        .into_iter()
        .enumerate()
        .map(|(index, outage)| {
            reader.place = format!("outages[{index}]");
            reader.outage(outage)
        });
    let outages = outages.collect();
    if reader.faults.is_empty() {
        Ok(Faults {
            seed: given.seed,
            rules,
            outages,
        })
    } else {
        Err(FaultsError(reader.faults.join("; ")))
    }
}

/// Collects the problems found so far.
#[derive(Default)]
struct FaultsReader {
    place: String,
    faults: Vec<String>,
}

impl FaultsReader {
    fn add(&mut self, field: &str, what: &str) {
        self.faults.push(format!("{}.{field}: {what}", self.place));
    }

    fn rule(&mut self, given: &GivenRule) -> Rule {
        let likelihoods = [
            ("error", given.error),
            ("reset_before", given.reset_before),
            ("reset_after", given.reset_after),
            ("malformed", given.malformed),
            ("flashboot", given.flashboot),
        ];
        for (field, likelihood) in likelihoods {
            if !(0.0..=1.0).contains(&likelihood) {
                self.add(field, &format!("{likelihood} is not between 0 and 1"));
            }
        }
        let sum: f64 = likelihoods.iter().map(|(_, likelihood)| likelihood).sum();
        // In floating point, ten times 0.1 is slightly more than 1.
        if sum > 1.0 + 1e-9 {
            self.faults.push(format!(
                "{}: the probabilities add up to {sum}, but must not exceed 1, because at most one fault happens to a request",
                self.place
            ));
        }
        let route = self.route(&given.route);
        if given.flashboot > 0.0
            && matches!(route, Route::Only(operation) if !operation.takes_jobs())
        {
            self.add(
                "flashboot",
                "this fault applies only to requests for jobs; the route must be job-take, job-take-batch or *",
            );
        }
        Rule {
            route,
            error: given.error,
            status: given
                .status
                .map_or(StatusCode::INTERNAL_SERVER_ERROR, |status| {
                    self.status(status)
                }),
            delay_ms: self.delay(given.delay_ms),
            reset_before: given.reset_before,
            reset_after: given.reset_after,
            malformed: given.malformed,
            flashboot: given.flashboot,
        }
    }

    fn outage(&mut self, given: GivenOutage) -> Outage {
        for (field, seconds) in [("from_s", given.from_s), ("for_s", given.for_s)] {
            if seconds < 0.0 {
                self.add(
                    field,
                    &format!("{seconds} is negative; expected seconds from 0 on"),
                );
            }
        }
        Outage {
            route: given.route.map_or(Route::All, |route| self.route(&route)),
            from_s: given.from_s,
            for_s: given.for_s,
            status: given.status.map(|status| self.status(status)),
        }
    }

    fn route(&mut self, name: &str) -> Route {
        if name == "*" {
            return Route::All;
        }
        if let Some(operation) = Operation::named(name) {
            return Route::Only(operation);
        }
        let known: Vec<_> = Operation::ALL.iter().map(|it| it.name()).collect();
        self.add(
            "route",
            &format!(
                "{name:?} is not a route; expected * or one of {}",
                known.join(", ")
            ),
        );
        Route::All
    }

    fn status(&mut self, status: u16) -> StatusCode {
        if (400..=599).contains(&status)
            && let Ok(status) = StatusCode::from_u16(status)
        {
            return status;
        }
        self.add(
            "status",
            &format!("{status} is not an error status; expected 400 to 599"),
        );
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn delay(&mut self, delay: Option<Delay>) -> [u64; 2] {
        let [least, most] = match delay {
            None => [0, 0],
            Some(Delay::Always(delay)) => [delay, delay],
            Some(Delay::Between(least, most)) => [least, most],
        };
        if least > most {
            self.add("delay_ms", &format!("{least} is more than {most}"));
        } else if most > MOST_DELAY_MS {
            self.add("delay_ms", &format!("{most} is more than {MOST_DELAY_MS}"));
        }
        [least, most]
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, faults};

    fn wrong(json: &str) -> String {
        faults(json).unwrap_err().to_string()
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let wrong = wrong(
            r#"{"rules": [
                {"route": "run"},
                {"route": "jobdone", "error": 1.5, "status": 200, "delay_ms": [20, 10]},
                {"route": "run", "error": 0.6, "reset_before": 0.6, "flashboot": 0.1, "delay_ms": 600001}
            ], "outages": [{"from_s": -1, "for_s": 1}]}"#,
        );
        for part in [
            "rules[1].route: \"jobdone\" is not a route; expected * or one of run, runsync",
            "rules[1].error: 1.5 is not between 0 and 1",
            "rules[1].status: 200 is not an error status",
            "rules[1].delay_ms: 20 is more than 10",
            "rules[2]: the probabilities add up to 1.3",
            "rules[2].flashboot: ",
            "rules[2].delay_ms: 600001 is more than 600000",
            "outages[0].from_s: -1 is negative",
        ] {
            assert!(wrong.contains(part), "{part} is not in: {wrong}");
        }
        assert!(!wrong.contains("rules[0]"));
    }

    #[test]
    fn a_misspelt_key_is_told_with_those_that_there_are() {
        let wrong = wrong(r#"{"rules": [{"route": "run", "eror": 0.1}]}"#);
        assert!(
            wrong.contains("`eror`") && wrong.contains("`error`"),
            "{wrong}"
        );
        assert!(wrong.contains("line 1 column"), "{wrong}");
    }

    #[test]
    fn what_is_shown_can_be_given_again() {
        let given = faults(
            r#"{"seed": 7, "rules": [{"route": "job-done", "error": 0.1, "status": 503, "delay_ms": 5},
                {"route": "*", "delay_ms": [1, 2]}], "outages": [{"from_s": 0.5, "for_s": 5}, {"for_s": 1, "status": 502}]}"#,
        )
        .unwrap();
        let shown = serde_json::to_string(&given).unwrap();
        assert_eq!(faults(&shown).unwrap(), given);
        assert_eq!(faults("{}").unwrap(), Faults::default());
    }

    #[test]
    fn ten_tenths_are_one() {
        let all = r#"{"rules": [{"route": "job-take", "error": 0.4, "reset_before": 0.3, "reset_after": 0.1, "malformed": 0.1, "flashboot": 0.1}]}"#;
        assert!(faults(all).is_ok());
    }

    #[test]
    fn a_file_is_read_and_named_in_errors() {
        let wrong = Faults::from_flag("no-such-file.json")
            .unwrap_err()
            .to_string();
        assert!(wrong.starts_with("no-such-file.json: "), "{wrong}");
        let folder = std::env::temp_dir().join(format!("runpod-local-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("faults.json");
        std::fs::write(&file, r#"{"seed": 7}"#).unwrap();
        assert!(Faults::from_flag(file.to_str().unwrap()).is_ok());
        std::fs::write(&file, r#"{"seed": -7}"#).unwrap();
        let wrong = Faults::from_flag(file.to_str().unwrap())
            .unwrap_err()
            .to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(
            wrong.contains("faults.json: ") && wrong.contains("u64"),
            "{wrong}"
        );
    }
}
