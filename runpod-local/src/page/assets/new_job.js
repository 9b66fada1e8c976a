// The panel for submitting jobs.

import { say } from "./announce.js";
import { element, fill, freshId, setAttribute, setText } from "./dom.js";
import { fieldFor, groupFields } from "./form.js";
import { ABSENT, Misfit } from "./form_field.js";
import { jsonEditor } from "./json_editor.js";
import { faultIn, isObject, parse, pretty } from "./json_text.js";
import { jobOptions } from "./job_options.js";
import { shapeOf } from "./schema.js";
import { explain, post } from "./server.js";
import { known, watch } from "./store.js";
import { brief } from "./visible.js";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

/** Builds the panel in `place` and returns a function that shows an input in it. Calls `submitted(id)` for each job. */
export function newJob(place, submitted) {
  const handlerSelect = element("select", { id: freshId("handler"), on: { change: () => chooseHandler(handlerSelect.value) } });
  const handlerField = element("div", { class: "field", hidden: true }, element("label", { for: handlerSelect.id, class: "name" }, "Handler"), handlerSelect);
  const examples = element("div", { class: "examples", role: "group", "aria-label": "Examples", hidden: true });
  const modes = modeSwitch((mode) => changeMode(mode));
  const formBox = element("div", { class: "form-box" });
  const editor = jsonEditor({ label: "Input", onInput: () => follow(editor.text()) });
  const problem = element("p", { class: "fault", role: "alert", hidden: true });
  const options = jobOptions();
  const send = element("button", { type: "submit", class: "primary" }, "Submit job", element("kbd", { "aria-hidden": "true" }, APPLE ? "⌘ ↵" : "Ctrl ↵"));
  const form = element(
    "form",
    { on: { submit, keydown: submitByKey } },
    handlerField,
    examples,
    formBox,
    editor.node,
    options.node,
    element("footer", {}, problem, send),
  );
  setAttribute(form, "aria-labelledby", "new-job-title");
  // The browser's own messages would show one error at a time, and none in nested fields.
  form.noValidate = true;
  fill(place, element("header", {}, element("h2", { id: "new-job-title" }, "New job"), modes.node), form);

  let handler = null;
  let field = null;
  let mode = "json";

  // The form's content before the user changed it.
  let offered = null;

  watch(["endpoint"], () => {
    const { handlers, route } = known;
    // The endpoint may now describe another handler, but the user's own text is kept.
    const written = offered !== null && asText() !== offered ? asText() : null;
    form.hidden = false;
    handlerField.hidden = handlers.length < 2 || route === null;
    fill(handlerSelect, handlers.map(({ name }) => element("option", { value: name }, brief(name, 60))));
    showExamples();
    useHandler(handlers.find(({ name }) => name === handler?.name) ?? handlers[0] ?? null);
    if (written === null) {
      // With an example, the first job is one click away.
      show(known.examples.length > 0 ? (known.examples[0].input ?? null) : ABSENT);
      offered = asText();
    } else if (faultIn(written)) {
      changeModeTo("json");
    } else {
      show(parse(written));
    }
  });
  // The input's schema is unknown until the endpoint has sent it.
  form.hidden = modes.node.hidden = true;

  // The handler is chosen above the form, so the route key has no field of its own.
  function useHandler(chosen) {
    handler = chosen;
    if (chosen) handlerSelect.value = chosen.name;
    const schema = chosen?.input;
    const has = isObject(schema) || schema === false;
    const shape = has ? shapeOf(schema, schema) : null;
    if (!shape) field = null;
    else if (shape.kind === "group") field = groupFields(shape, { hidden: known.route });
    else field = fieldFor(shape, { name: "input", required: true });
    fill(formBox, field?.node);
    modes.allow(field !== null);
  }

  function chooseHandler(name) {
    const value = currentValue();
    useHandler(known.handlers.find((each) => each.name === name) ?? null);
    show(mode === "form" ? ABSENT : routed(value, name));
  }

  /** Shows an input: in the form if it fits, otherwise as JSON. */
  function show(value) {
    const asked = isObject(value) && known.route !== null ? value[known.route] : undefined;
    const named = known.handlers.find(({ name }) => name === asked);
    if (named && named !== handler) useHandler(named);
    tell(null);
    const fits = field !== null && tryWrite(value);
    editor.setText(pretty(value === ABSENT ? routed(blank(), handler?.name) : value));
    changeModeTo(fits ? "form" : "json");
  }

  function tryWrite(value) {
    try {
      field.write(value);
      return true;
    } catch (fault) {
      if (!(fault instanceof Misfit)) throw fault;
      // Some fields may already contain parts of the value.
      field.write(ABSENT);
      if (value !== ABSENT) tell(`This input does not fit the form, so it stays JSON. ${["input", ...fault.path].join(".")}: ${fault.message}.`);
      return false;
    }
  }

  function changeMode(wanted) {
    if (wanted === mode) return;
    tell(null);
    if (wanted === "json") {
      editor.setText(pretty(routed(field.read([]), handler?.name)));
      changeModeTo("json");
    } else if (editor.fault()) {
      modes.set("json");
    } else {
      show(parse(editor.text()));
    }
  }

  function changeModeTo(wanted) {
    mode = wanted;
    modes.set(wanted);
    formBox.hidden = wanted !== "form";
    editor.node.hidden = wanted !== "json";
    for (const area of formBox.querySelectorAll("textarea")) area.dispatchEvent(new Event("grow"));
  }

  // If the user changes the route key in the JSON, the handler changes, too.
  function follow(text) {
    tell(null);
    if (handlerField.hidden || text.length > 100_000 || faultIn(text)) return;
    const value = parse(text);
    const named = isObject(value) && known.handlers.find(({ name }) => name === value[known.route]);
    if (named && named !== handler) useHandler(named);
  }

  function currentValue() {
    if (mode === "form") return routed(field.read([]), handler?.name);
    return faultIn(editor.text()) ? blank() : parse(editor.text());
  }

  function asText() {
    return mode === "form" ? pretty(currentValue()) : editor.text();
  }

  function routed(value, name) {
    if (known.route === null || name === undefined || !isObject(value)) return value === ABSENT ? blank() : value;
    return { [known.route]: name, ...Object.fromEntries(Object.entries(value).filter(([key]) => key !== known.route)) };
  }

  function showExamples() {
    const chips = known.examples.map((example, index) =>
      element("button", { type: "button", class: "chip", dir: "auto", on: { click: () => show(example.input ?? null) } }, nameOf(example, index)),
    );
    examples.hidden = chips.length === 0;
    fill(examples, element("span", { class: "name", "aria-hidden": "true" }, "Examples"), chips);
  }

  function submitByKey(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  }

  async function submit(event) {
    event.preventDefault();
    tell(null);
    const faults = [];
    // Input that was typed as JSON is sent exactly as it was typed.
    const input = mode === "json" ? typed() : JSON.stringify(routed(field.read(faults), handler?.name));
    const others = options.read(faults);
    if (input === null) return;
    if (faults.length > 0) {
      tell(faults.length === 1 ? faults[0].message : `${faults.length} fields have errors. ${faults[0].message}`);
      faults[0].focus();
      return;
    }
    if (send.disabled) return;
    send.disabled = true;
    try {
      const { id } = JSON.parse(await post("/run", `{"input":${input}${others}}`));
      say("Job submitted");
      submitted(id);
    } catch (error) {
      tell(explain(error));
    } finally {
      send.disabled = false;
    }
  }

  function typed() {
    return editor.fault() ? null : editor.text();
  }

  function tell(text) {
    setText(problem, text ?? "");
    problem.hidden = text === null;
  }

  return show;
}

function modeSwitch(changed) {
  const name = freshId("mode");
  const inputs = Object.fromEntries(
    ["form", "json"].map((mode) => [
      mode,
      element("input", { type: "radio", name, value: mode, id: `${name}-${mode}`, on: { change: () => changed(mode) } }),
    ]),
  );
  const labelled = (mode, text) => [inputs[mode], element("label", { for: inputs[mode].id }, text)];
  const node = element(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": "Input as" },
    labelled("form", "Form"),
    labelled("json", "JSON"),
  );
  return {
    node,
    set(mode) {
      inputs[mode].checked = true;
    },
    allow(form) {
      node.hidden = !form;
    },
  };
}

function nameOf({ input }, index) {
  const texts = isObject(input) ? Object.values(input).filter((value) => typeof value === "string" && value !== "") : [input];
  const [first] = texts.sort((one, other) => other.length - one.length);
  return typeof first === "string" ? brief(first, 32) : brief(`${index + 1}: ${JSON.stringify(input ?? null)}`, 32);
}

function blank() {
  return {};
}
