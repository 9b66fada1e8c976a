// The request for a job as a program would send it. The clients are the official ones, so that a program that was tried
// here runs on Runpod once the marked line is gone and the key is a real one.

import { copyButton } from "./copy.js";
import { element, fill, setAttribute } from "./dom.js";
import { digits, unhidden } from "./json_text.js";

const LANGUAGES = [
  ["curl", curl],
  ["Python", python],
  ["JavaScript", javascript],
];

/** Tabs with the request in three languages; `update(input, endpoint)` shows another one. */
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
    fill(code, texts[name] ?? "");
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

function curl(body, { base, apiKey }) {
  const key = apiKey ? ` \\\n  -H "Authorization: Bearer $RUNPOD_API_KEY"` : "";
  return `curl ${base}/runsync \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
}

function python(_body, { base, id, apiKey }, input) {
  return [
    ...(apiKey ? ["import os", ""] : []),
    "import runpod  # pip install runpod",
    "",
    `runpod.endpoint_url_base = ${JSON.stringify(`${base}/v2`)}  # not on Runpod`,
    `runpod.api_key = ${apiKey ? 'os.environ["RUNPOD_API_KEY"]' : '"local"'}`,
    "",
    `job = runpod.Endpoint(${JSON.stringify(id)}).run({`,
    `    "input": ${literal(input, 1)}`,
    "})",
    "print(job.output(timeout=60))",
  ].join("\n");
}

function javascript(body, { base, id, apiKey }) {
  return [
    'import runpodSdk from "runpod-sdk"; // npm install runpod-sdk',
    "",
    `const runpod = runpodSdk(${apiKey ? "process.env.RUNPOD_API_KEY" : '"local"'}, {`,
    `  baseUrl: ${JSON.stringify(`${base}/v2`)}, // not on Runpod`,
    "});",
    `const job = await runpod.endpoint(${JSON.stringify(id)}).runSync(${body});`,
    "console.log(job.output);",
  ].join("\n");
}

// Python's literals are JSON's, but for three words.
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
