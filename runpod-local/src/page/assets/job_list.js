// The list of jobs, newest first.

import { element, fill, setAttribute, setText } from "./dom.js";
import { shareOf } from "./progress.js";
import { placeOf } from "./route.js";
import { delayTime, executionTime, statusMark } from "./status.js";
import { isFinal, known, watch } from "./store.js";
import { age, duration, everySecond, fullTime } from "./time.js";
import { brief, visible } from "./visible.js";

const MOST_ROWS = 200;

/** Shows the list in `place`. */
export function jobList(place) {
  const rows = new Map();
  const body = element("tbody");
  const choose = element(
    "select",
    { "aria-label": "Filter jobs", on: { change: () => update() } },
    [["all", "All"], ["open", "Queued and running"], ["ended", "Completed"], ["failed", "Failed"]].map(([value, name]) =>
      element("option", { value }, name),
    ),
  );
  const table = element(
    "table",
    { class: "jobs" },
    element(
      "thead",
      {},
      element("tr", {}, ["State", "Job", "Delay", "Execution", "Submitted"].map((name) => element("th", { scope: "col", class: name.toLowerCase() }, name))),
    ),
    body,
  );
  const empty = element("p", { class: "empty" });
  fill(
    place,
    element("header", {}, element("h2", { id: "jobs-title", tabindex: "-1" }, "Jobs"), choose),
    empty,
    element("div", { class: "table-box" }, table),
  );

  function update() {
    const jobs = [...known.jobs.values()]
      .filter((job) => matches(job, choose.value))
      .sort((one, other) => other.submitted - one.submitted)
      .slice(0, MOST_ROWS);
    const wanted = new Set(jobs.map((job) => job.id));
    for (const [id, row] of rows) {
      if (wanted.has(id)) continue;
      row.node.remove();
      rows.delete(id);
    }
    // Rows in the right place are not moved, because moving a row would take the focus from its link.
    let next = body.firstElementChild;
    for (const job of jobs) {
      let row = rows.get(job.id);
      if (!row) rows.set(job.id, (row = jobRow(job)));
      if (row.node === next) next = next.nextElementSibling;
      else body.insertBefore(row.node, next);
      row.update(job);
    }
    table.hidden = jobs.length === 0;
    empty.hidden = jobs.length > 0;
    setText(empty, emptyText());
  }

  watch(["jobs"], update);
  everySecond(() => rows.forEach((row) => row.tick()));
  update();
}

function jobRow({ id }) {
  let job = null;
  const mark = statusMark();
  const link = element("a", { href: placeOf(id), title: visible(id) }, element("code", {}, shortId(id)));
  const note = element("span", { class: "note", dir: "auto" });
  const bar = element("progress", { max: "1", "aria-label": "Progress", hidden: true });
  const [delay, execution, submitted] = ["delay", "execution", "submitted"].map((name) => element("td", { class: name }));
  const node = element(
    "tr",
    { on: { click: follow } },
    element("td", { class: "state" }, mark.node),
    element("td", { class: "job" }, element("div", { class: "job-line" }, link, bar, note)),
    delay,
    execution,
    submitted,
  );
  // A click anywhere in the row opens the job, unless the user is selecting text.
  function follow(event) {
    if (event.target.closest("a") === null && String(getSelection()) === "") link.click();
  }
  const tick = () => {
    setText(delay, duration(delayTime(job)));
    setText(execution, duration(executionTime(job)));
    setText(submitted, age(job.submitted));
  };
  return {
    node,
    tick,
    update(summary) {
      if (summary === job) return;
      job = summary;
      mark.update(job.status);
      setText(note, noteFor(job));
      const share = job.status === "IN_PROGRESS" ? shareOf(job.progress) : null;
      bar.hidden = share === null;
      bar.value = share ?? 0;
      setAttribute(submitted, "title", fullTime(job.submitted));
      tick();
    },
  };
}

function noteFor(job) {
  if (job.error) return brief(job.error.replace(/^<class '(.+?)'>/, "$1"), 160);
  const notes = [];
  if (job.items > 0) notes.push(job.items === 1 ? "1 item" : `${job.items.toLocaleString("en")} items`);
  if (job.retries > 0) notes.push(job.retries === 1 ? "1 retry" : `${job.retries} retries`);
  notes.push(brief(job.preview ?? "", 120));
  return notes.join(" · ");
}

function matches(job, which) {
  if (which === "open") return !isFinal(job.status);
  if (which === "ended") return job.status === "COMPLETED";
  if (which === "failed") return job.status === "FAILED" || job.status === "TIMED_OUT";
  return true;
}

function emptyText() {
  if (known.connection === "connecting") return "Loading …";
  return known.jobs.size === 0 ? "No jobs yet. Submit one here or with any Runpod client." : "No job is in this state.";
}

function shortId(id) {
  return id.length > 24 ? brief(id, 14) : visible(id);
}
