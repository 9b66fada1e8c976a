// The request for a job as a program would send it. The snippets use the official clients. To run such a program on
// Runpod, remove the marked line and use a real key.

import { copyButton } from "./copy.js";
import { element, setAttribute } from "./dom.js";
import { foldInto } from "./fold.js";
import { digits, unhidden } from "./json_text.js";

const LANGUAGES = [
  ["curl", curl],
  ["Python", python],
  ["JavaScript", javascript],
  ["Rust", rust],
  ["cargo runpod", invoke],
];
const LONGEST = 20_000;
// The variable from which `cargo runpod invoke` reads the key of an endpoint that is not on Runpod.
const LOCAL_KEY = "RUNPOD_LOCAL_API_KEY";

/** Returns tabs with the request in several languages. `update(input, endpoint)` shows another request. */
export function snippets() {
  const code = element("pre", { class: "snippet", tabindex: "0", role: "tabpanel", "aria-label": "Request" });
  let [[chosen]] = LANGUAGES;
  let texts = {};
  const tabs = LANGUAGES.map(([name]) =>
    element("button", { type: "button", role: "tab", on: { click: () => choose(name), keydown: step } }, name),
  );
  const tabList = element("div", { class: "tabs", role: "tablist", "aria-label": "Language" }, tabs);
  function choose(name) {
    chosen = name;
    for (const tab of tabs) {
      setAttribute(tab, "aria-selected", String(tab.textContent === name));
      setAttribute(tab, "tabindex", tab.textContent === name ? "0" : "-1");
    }
    foldInto(code, texts[name] ?? "", LONGEST, (text) => text);
  }
  function step(event) {
    const direction = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!direction) return;
    const next = tabs[(tabs.indexOf(event.target) + direction + tabs.length) % tabs.length];
    choose(next.textContent);
    next.focus();
  }
  choose(chosen);
  return {
    node: element(
      "section",
      { class: "card", "aria-label": "Request" },
      element("header", {}, element("h3", {}, "As code"), tabList, copyButton(() => texts[chosen], "Copy request")),
      code,
    ),
    update(input, endpoint) {
      const body = unhidden(JSON.stringify({ input }, null, 2));
      const about = { base: location.origin, ...endpoint };
      const made = Object.fromEntries(LANGUAGES.map(([name, write]) => [name, write(body, about, input)]));
      if (made.curl === texts.curl) return;
      texts = made;
      choose(chosen);
    },
  };
}

function curl(body, { base, apiKey, apiKeyVariable }) {
  const key = apiKey ? ` \\\n  -H "Authorization: Bearer $${apiKeyVariable}"` : "";
  return `curl ${base}/runsync \\\n  -H 'Content-Type: application/json'${key} \\\n  -d ${inShell(body)}`;
}

// Sends the whole request, because an input with a key `input` would be taken for a request.
function invoke(body, { base, apiKey, apiKeyVariable }) {
  const key = apiKey && apiKeyVariable !== LOCAL_KEY ? `${LOCAL_KEY}="$${apiKeyVariable}" ` : "";
  return `${key}cargo runpod invoke --url ${base} ${inShell(body)}`;
}

function inShell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// tests/clients/rust sends the same request.
function rust(_body, { base, id, apiKey, apiKeyVariable }, input) {
  const json = unhidden(JSON.stringify(input, null, 2)).replaceAll("\n", "\n    ");
  // A raw string ends at the first quote that is followed by the same number of `#`.
  let signs = "#";
  while (json.includes(`"${signs}`)) signs += "#";
  return [
    '// cargo add runpod-sdk --features serverless; cargo add tokio --features macros,rt-multi-thread; cargo add serde_json',
    "use runpod_sdk::{RunpodClient, serverless::ServerlessEndpoint};",
    "use serde_json::Value;",
    "",
    "#[tokio::main]",
    "async fn main() -> Result<(), Box<dyn std::error::Error>> {",
    "    let client = RunpodClient::builder()",
    `        .with_api_key(${apiKey ? `std::env::var(${JSON.stringify(apiKeyVariable)})?` : '"local"'})`,
    `        .with_api_url(${JSON.stringify(`${base}/v2`)}) // only for the local endpoint`,
    "        .build_client()?;",
    `    let input: Value = serde_json::from_str(r${signs}"${json}"${signs})?;`,
    `    let output: Value = ServerlessEndpoint::new(${JSON.stringify(id)}, client).run_now(&input).await?;`,
    '    println!("{output}");',
    "    Ok(())",
    "}",
  ].join("\n");
}

function python(_body, { base, id, apiKey, apiKeyVariable }, input) {
  return [
    ...(apiKey ? ["import os", ""] : []),
    "import runpod  # pip install runpod",
    "",
    `runpod.endpoint_url_base = ${JSON.stringify(`${base}/v2`)}  # only for the local endpoint`,
    `runpod.api_key = ${apiKey ? `os.environ["${apiKeyVariable}"]` : '"local"'}`,
    "",
    `job = runpod.Endpoint(${JSON.stringify(id)}).run({`,
    `    "input": ${literal(input, 1)}`,
    "})",
    "print(job.output(timeout=60))",
  ].join("\n");
}

function javascript(body, { base, id, apiKey, apiKeyVariable }) {
  return [
    'import runpodSdk from "runpod-sdk"; // npm install runpod-sdk',
    "",
    `const runpod = runpodSdk(${apiKey ? `process.env.${apiKeyVariable}` : '"local"'}, {`,
    `  baseUrl: ${JSON.stringify(`${base}/v2`)}, // only for the local endpoint`,
    "});",
    `const job = await runpod.endpoint(${JSON.stringify(id)}).runSync(${body});`,
    "console.log(job.output);",
  ].join("\n");
}

// Python literals are the same as JSON, except for three words.
function literal(value, depth) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return unhidden(JSON.stringify(value));
  if (digits(value) !== null) return digits(value);
  const [open, close, items] = Array.isArray(value)
    ? ["[", "]", value.map((item) => literal(item, depth + 1))]
    : ["{", "}", Object.entries(value).map(([key, item]) => `${unhidden(JSON.stringify(key))}: ${literal(item, depth + 1)}`)];
  if (items.length === 0) return open + close;
  const indent = "    ".repeat(depth + 1);
  return `${open}\n${items.map((item) => `${indent}${item},\n`).join("")}${"    ".repeat(depth)}${close}`;
}
