//! The files of the page. They are embedded in the binary, so the page needs no network and no build step.

use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::response::ErrorResponse;

/// The content security policy. The browser runs, shows and requests only the page's own files. The last two directives
/// make the browser refuse to turn text into markup, in case a script of the page ever tries.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; media-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) const PAGE: &str = include_str!("assets/index.html");

/// The page of the load balancer.
pub(super) const CALL_PAGE: &str = include_str!("assets/call.html");

macro_rules! assets {
    ($($kind:ident: $($name:literal),+;)+) => {
        /// Name, content type and text of every file except the page itself.
        pub(super) const ASSETS: &[(&str, &str, &str)] =
            &[$($(($name, $kind, include_str!(concat!("assets/", $name))),)+)+];
    };
}

assets! {
    CSS: "call.css", "chat.css", "fields.css", "frame.css", "job.css", "overview.css", "page.css";
    SCRIPT: "activity.js", "announce.js", "call.js", "chat.js", "chat_stream.js", "copy.js", "dom.js", "file_picker.js", "fold.js", "follow_end.js", "form.js", "form_field.js",
        "job_list.js", "job_log.js", "job_options.js", "job_page.js", "json_editor.js", "json_text.js", "json_view.js",
        "key_dialog.js", "live.js", "media.js", "new_job.js", "outcome.js", "progress.js", "route.js", "schema.js", "server.js",
        "snippets.js", "start.js", "status.js", "store.js", "stream_view.js", "time.js", "visible.js",
        "worker_events.js", "worker_list.js";
}

pub(super) async fn page() -> Response {
    file(HTML, PAGE)
}

/// Serves the load balancer's page.
pub(crate) async fn call_page() -> Response {
    file(HTML, CALL_PAGE)
}

pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, ErrorResponse> {
    ASSETS
        .iter()
        .find(|(asset, _, _)| *asset == name)
        .map(|(_, kind, text)| file(kind, text))
        .ok_or_else(|| ErrorResponse::not_found("the page has no such file"))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // The files must not be cached, because another version of the worker may serve a different page at the same
        // address.
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
