// The page of a single job.

import { say } from "./announce.js";
import { copyButton } from "./copy.js";
import { element, fill, setAttribute, setText } from "./dom.js";
import { jobLog } from "./job_log.js";
import { plainText, valueView } from "./json_view.js";
import { errorText, errorView } from "./outcome.js";
import { progressBar } from "./progress.js";
import { explain, post } from "./server.js";
import { snippets } from "./snippets.js";
import { delayTime, executionTime, statusMark } from "./status.js";
import { isFinal, known, watch } from "./store.js";
import { streamView } from "./stream_view.js";
import { age, duration, everySecond, fullTime } from "./time.js";
import { visible } from "./visible.js";

/** Shows the viewed job in `place`. `reuse(input)` puts an input into the form. */
export function jobPage(place, reuse) {
  let page = null;
  watch(["viewed", "endpoint"], () => {
    const { viewed } = known;
    if (viewed === null) page = null;
    else if (page?.id !== viewed.id) {
      page = openPage(viewed.id, reuse);
      fill(place, page.node);
    }
    page?.update(viewed);
  });
  everySecond(() => page?.tick());
}

function openPage(id, reuse) {
  const mark = statusMark();
  const cancel = element("button", { type: "button", class: "danger", on: { click: () => act("cancel", cancel) } }, "Cancel");
  const retry = element("button", { type: "button", on: { click: () => act("retry", retry) } }, "Retry");
  const again = element("button", { type: "button", on: { click: () => reuse(last.input) } }, "Use this input");
  const refused = element("p", { class: "fault", role: "alert", hidden: true });
  const facts = factList();
  const progress = progressBar("Progress of the job");
  const progressCard = card("Progress", progress.node);
  const stream = streamView();
  const outcome = element("div", { class: "parts" });
  const input = element("div", { class: "parts" });
  const log = jobLog();
  const request = snippets();
  const parts = element("div", { class: "parts", hidden: true }, progressCard, stream.node, outcome, log.node, input, request.node);
  const gone = element("p", { class: "empty", hidden: true }, "There is no such job: it never existed here, or its result has expired.");
  const node = element(
    "article",
    { class: "job-page", "aria-labelledby": "job-title" },
    element("p", { class: "back" }, element("a", { href: "#/" }, "← All jobs")),
    element(
      "header",
      { class: "job-head" },
      element("h2", { id: "job-title", tabindex: "-1" }, element("span", {}, "Job "), element("code", {}, visible(id))),
      copyButton(() => id, "Copy the job's id"),
      mark.node,
      element("div", { class: "actions" }, again, retry, cancel),
    ),
    refused,
    facts.node,
    gone,
    parts,
  );
  let last = null;
  let ended = null;

  async function act(what, button) {
    button.disabled = true;
    refused.hidden = true;
    try {
      await post(`/${what}/${encodeURIComponent(id)}`);
      say(what === "cancel" ? "Cancelled" : "Back in the queue");
      // The button is about to disappear, so the focus moves to the heading for keyboard users.
      node.querySelector("h2").focus();
    } catch (error) {
      setText(refused, explain(error));
      refused.hidden = false;
    } finally {
      button.disabled = false;
    }
  }

  function update({ detail, missing }) {
    gone.hidden = !missing;
    parts.hidden = detail === null;
    mark.node.hidden = again.hidden = detail === null;
    if (detail === null) {
      retry.hidden = cancel.hidden = true;
      return;
    }
    const isNew = detail !== last;
    last = detail;
    const final = isFinal(detail.status);
    mark.update(detail.status);
    cancel.hidden = final;
    retry.hidden = detail.status !== "FAILED" && detail.status !== "TIMED_OUT";
    facts.update(detail);
    progressCard.hidden = !isThere(detail.progress) || detail.status === "COMPLETED";
    progress.update(detail.progress);
    stream.update(detail);
    log.update(detail);
    if (isNew) {
      fill(input, card("Input", valueView(detail.input), { copy: () => plainText(detail.input) }));
      request.update(detail.input, known.endpoint);
    }
    const outcomeNow = final ? detail : null;
    if (isNew || outcomeNow !== ended) fill(outcome, final ? outcomes(detail) : null);
    ended = outcomeNow;
    setAttribute(node, "data-status", detail.status);
  }

  return { id, node, update, tick: () => last && facts.update(last) };
}

function outcomes({ status, output, error, stream }) {
  const cards = [];
  if (isThere(error)) cards.push(card("Error", errorView(error), { copy: () => errorText(error), kind: "failed" }));
  // The result of a stream is usually an empty list, because its items are shown above.
  const empty = Array.isArray(output) && output.length === 0 && stream.length > 0;
  if (output !== undefined && !empty && (output !== null || status === "COMPLETED")) {
    cards.push(card("Result", valueView(output), { copy: () => plainText(output) }));
  }
  return cards;
}

function factList() {
  const shown = {};
  const list = element("dl", { class: "facts" });
  for (const name of ["Submitted", "Delay", "Execution", "Worker", "Retries", "Webhook"]) {
    const value = element("dd", {});
    const row = element("div", {}, element("dt", {}, name), value);
    shown[name] = { row, value };
    list.append(row);
  }
  const set = (name, text, wanted = true) => {
    shown[name].row.hidden = !wanted;
    setText(shown[name].value, text);
  };
  return {
    node: list,
    update(job) {
      set("Submitted", age(job.submitted));
      setAttribute(shown.Submitted.value, "title", fullTime(job.submitted));
      set("Delay", duration(delayTime(job)));
      set("Execution", duration(executionTime(job)));
      set("Worker", visible(job.workerId ?? ""), isThere(job.workerId));
      set("Retries", String(job.retries), job.retries > 0);
      set("Webhook", "set", job.webhook === true);
    },
  };
}

function card(title, body, { copy = null, kind = "" } = {}) {
  return element(
    "section",
    { class: `card ${kind}`.trim(), "aria-label": title },
    element("header", {}, element("h3", {}, title), copy && copyButton(copy, `Copy ${title.toLowerCase()}`)),
    body,
  );
}

function isThere(value) {
  return value !== null && value !== undefined;
}
