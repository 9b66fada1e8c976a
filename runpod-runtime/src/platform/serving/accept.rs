//! The form of a response, which the request's header `Accept` chooses.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The form of a successful response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON document: the value, or a list of the stream's items.
    Json,
    /// Server-sent events.
    Events,
    /// One JSON object on each line.
    Lines,
}

impl Form {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// Returns the form with the greatest weight in `Accept`. If several have it, the first one counts. Without any
    /// known type, it is JSON.
    pub(super) fn asked_for(headers: &HeaderMap) -> Self {
        let mut best = (Self::Json, 0.0);
        for range in headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let mut parts = range.split(';').map(str::trim);
            let Some(form) = parts.next().and_then(Self::of_type) else {
                continue;
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
            if weight > best.1 {
                best = (form, weight);
            }
        }
        best.0
    }

    fn of_type(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "text/event-stream" => Some(Self::Events),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines" => Some(Self::Lines),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_weight_chooses_and_json_is_the_default() {
        for (accept, form) in [
            (None, Form::Json),
            (Some("*/*"), Form::Json),
            (Some("image/png"), Form::Json),
            (Some("text/event-stream"), Form::Events),
            (Some("Text/Event-Stream; charset=utf-8"), Form::Events),
            (Some("application/json, text/event-stream"), Form::Json),
            (
                Some("application/json;q=0.5, text/event-stream"),
                Form::Events,
            ),
            (Some("application/x-ndjson, */*;q=0.1"), Form::Lines),
            (Some("text/event-stream;q=0"), Form::Json),
            (
                Some("text/event-stream;q=x, application/jsonl;q=0.1"),
                Form::Lines,
            ),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(Form::asked_for(&headers), form, "{accept:?}");
        }
    }
}
