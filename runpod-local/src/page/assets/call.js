// The page of the load balancer: sends a request to one of the worker's handlers, and shows the response as it arrives.

import { element, fill, setAttribute, setText } from "./dom.js";
import { jsonEditor } from "./json_editor.js";
import { isObject, parse, pretty } from "./json_text.js";
import { valueView } from "./json_view.js";
import { askForKey } from "./key_dialog.js";
import { follow, read } from "./live.js";
import { Refusal, answer, explain, get, onKeyNeeded } from "./server.js";

// More parts would make the page slow.
const MOST_PARTS = 2000;

const at = (id) => document.getElementById(id);
const editor = jsonEditor({ label: "Input" });
const choice = element("select", { id: "handler", on: { change: showExample } });
const send = element("button", { type: "submit", class: "primary", disabled: true }, "Send");
const cancel = element("button", { type: "button", class: "danger", hidden: true, on: { click: () => running?.abort() } }, "Cancel");
let handlers = new Map();
let example = null;
// The input that the page has filled in. A person's own input is never replaced.
let prefilled = "";
let generation = null;
let running = null;

onKeyNeeded(askForKey);
fill(
  at("call"),
  element("header", {}, element("h2", {}, "Request")),
  element(
    "form",
    { on: { submit } },
    element("label", { for: "handler", class: "name" }, "Handler"),
    choice,
    editor.node,
    element("footer", { class: "actions" }, cancel, send),
  ),
);

follow("/local/events", {
  connected: () => {},
  disconnected: (error) => {
    const locked = error instanceof Refusal && error.status === 401;
    connection(locked ? "locked" : "offline", locked ? "The API key is missing" : "Not connected");
  },
  event: (name, text) => {
    if (name === "state") show(parse(text));
  },
});

function show(state) {
  const { ready, problem, fault } = state;
  if (ready.length > 0) connection("live", `Ready: ${ready.join(", ")}`);
  else connection("connecting", "No worker is ready");
  const trouble = problem ?? (fault && `${fault}; the workers of the last successful build continue.`);
  at("problem").hidden = !trouble;
  setText(at("problem"), trouble ?? "");
  example = isObject(state.examples[0]) ? state.examples[0].input : null;
  showExample();
  if (ready.length > 0 && String(state.generation) !== generation) {
    generation = String(state.generation);
    readHandlers();
  }
}

async function readHandlers() {
  try {
    const { paths = {}, components = {} } = parse(await get("/openapi.json"));
    const found = Object.entries(paths).filter(([, methods]) => methods.post);
    handlers = new Map(found.map(([path, methods]) => [path, exampleOf(methods.post, components)]));
  } catch (error) {
    end("failed", `The handlers are not known: ${explain(error)}`);
    return;
  }
  const before = choice.value;
  fill(choice, ...[...handlers.keys()].map((path) => element("option", { value: path }, path)));
  if (handlers.has(before)) choice.value = before;
  send.disabled = running !== null || handlers.size === 0;
  showExample();
}

/** Returns the example in the schema of a handler's input, if there is one. */
function exampleOf(operation, { schemas = {} }) {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const named = schema?.$ref?.startsWith("#/components/schemas/") ? schemas[schema.$ref.split("/").at(-1)] : schema;
  return named?.examples?.[0] ?? named?.default ?? null;
}

/** Shows the example of the chosen handler: the one in its schema, or the one in `test_input.json`. */
function showExample() {
  if (editor.text() !== prefilled) return;
  const value = handlers.get(choice.value) ?? example;
  prefilled = value === null || value === undefined ? "" : pretty(value);
  editor.setText(prefilled);
}

async function submit(event) {
  event.preventDefault();
  if (running) return;
  const body = editor.text().trim();
  if (body !== "" && editor.fault()) {
    editor.focus();
    return;
  }
  running = new AbortController();
  busy(true);
  fill(at("parts"));
  at("nothing").hidden = true;
  end("", "Waiting for the response");
  try {
    await call(choice.value, body, running.signal);
  } catch (error) {
    if (running.signal.aborted) end("failed", "Cancelled");
    else if (at("parts").children.length > 0) end("failed", "The response is incomplete: the connection has ended");
    else end("failed", explain(error));
  }
  running = null;
  busy(false);
}

async function call(path, body, signal) {
  const headers = { accept: "text/event-stream", "content-type": "application/json" };
  const response = await answer(path, { method: "POST", body: body === "" ? "null" : body, headers, signal });
  const status = `${response.status} ${response.statusText}`.trim();
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    part(response.ok ? "result" : "error", await response.text());
    end(response.ok ? "completed" : "failed", status);
    return;
  }
  end("", `${status}, in progress`);
  let outcome = null;
  await read(response.body, (name, text) => {
    if (name === "error") outcome = "failed";
    if (name === "end" || name === "result") outcome = "completed";
    if (name !== "end") part(name === "message" ? "item" : name, text);
  });
  if (outcome === null) end("failed", "The response is incomplete: the worker has ended");
  else end(outcome, outcome === "failed" ? "Failed" : status);
}

/** Adds a part of the response. */
function part(kind, text) {
  let value = text;
  try {
    value = parse(text);
  } catch {
    // It is not JSON, so it is shown as text.
  }
  const parts = at("parts");
  if (parts.children.length >= MOST_PARTS) parts.firstElementChild.remove();
  parts.append(element("li", { "data-kind": kind }, element("span", { class: "kind" }, kind), valueView(value)));
}

function busy(isBusy) {
  send.disabled = isBusy || handlers.size === 0;
  cancel.hidden = !isBusy;
}

function end(outcome, text) {
  setAttribute(at("outcome"), "data-outcome", outcome);
  setText(at("outcome"), text);
}

function connection(state, text) {
  setAttribute(at("connection"), "data-connection", state);
  setText(at("connection-text"), text);
}
