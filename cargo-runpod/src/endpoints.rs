//! `cargo runpod endpoints`: lists the endpoints of the account.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::invoke::safe_text;
use crate::rest::endpoint::Endpoint;
use crate::rest::{Api, Client};
use crate::threads;

/// List the endpoints of your account
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    api: Api,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.api)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let mut endpoints = runtime.block_on(client.endpoints())?;
    endpoints.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let text = if arguments.json {
        document(&endpoints)
    } else {
        table(&endpoints)
    };
    if endpoints.is_empty() && !arguments.json {
        let _ = writeln!(io::stderr(), "the account of this key has no endpoints");
    }
    // If nobody reads stdout, there is nothing left to do.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn document(endpoints: &[Endpoint]) -> String {
    let endpoints: Vec<_> = endpoints
        .iter()
        .map(|endpoint| {
            json!({
                "name": endpoint.name, "id": endpoint.id, "type": endpoint.kind, "image": endpoint.container.image,
                "workers": { "min": endpoint.workers.min, "max": endpoint.workers.max }, "createdAt": endpoint.created_at,
                "url": endpoint.url(),
            })
        })
        .collect();
    format!("{}\n", json!({ "endpoints": endpoints }))
}

fn table(endpoints: &[Endpoint]) -> String {
    let mut rows = vec![["NAME", "ID", "TYPE", "WORKERS", "IMAGE"].map(str::to_owned)];
    rows.extend(endpoints.iter().map(|endpoint| {
        let number =
            |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
        [
            safe_text::line(&endpoint.name, 60),
            safe_text::line(&endpoint.id, 60),
            endpoint
                .kind
                .as_deref()
                .map_or("-".to_owned(), |kind| safe_text::line(kind, 20)),
            format!(
                "{}-{}",
                number(endpoint.workers.min),
                number(endpoint.workers.max)
            ),
            safe_text::line(endpoint.container.image.as_deref().unwrap_or("-"), 100),
        ]
    }));
    if endpoints.is_empty() {
        return String::new();
    }
    aligned(&rows)
}

/// Lays out rows in columns.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
