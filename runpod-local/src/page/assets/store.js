// The page's data: the endpoint's state and the viewed job, kept up to date by events. Views read `known`. Once per
// frame, they are told which parts of it have changed.

import { follow } from "./live.js";
import { parse } from "./json_text.js";
import { Refusal, get } from "./server.js";

const MOST_JOBS = 200;
const MOST_WORKER_EVENTS = 200;
const BETWEEN_LOADS = 500;
const BETWEEN_LOADS_OF_ONE = 100;
const FINAL = new Set(["COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]);

/** `viewed` is the viewed job. Its `detail` is `null` until it has been loaded, and if the job is `missing`. */
export const known = {
  connection: "connecting",
  endpoint: null,
  handlers: [],
  route: null,
  examples: [],
  jobs: new Map(),
  workers: new Map(),
  workerEvents: [],
  stats: null,
  viewed: null,
};

/** Returns whether a job in this state has finished. */
export function isFinal(status) {
  return FINAL.has(status);
}

const watchers = [];
const dirty = new Set();

/** Calls `render` in the next frame after one of `parts` (keys of `known`) has changed. */
export function watch(parts, render) {
  watchers.push({ parts, render });
}

/** Records that these parts of `known` have changed. */
export function changed(...parts) {
  if (dirty.size === 0) requestAnimationFrame(renderChanged);
  for (const part of parts) dirty.add(part);
}

const listeners = [];

/** Calls `listener(summary, before)` whenever a job's state has changed. */
export function onTransition(listener) {
  listeners.push(listener);
}

let unfollow = () => {};
// The events of workers that have arrived since the connection was opened.
let arrived = [];

/** Follows the endpoint and, if there is an id, this job. */
export function look(id) {
  unfollow();
  const viewed = id === null ? null : { id, detail: null, missing: false, loading: 0, meanwhile: [] };
  known.viewed = viewed;
  changed("viewed");
  const reload = atMostEvery(BETWEEN_LOADS, () => load(viewed));
  const reloadViewed = atMostEvery(BETWEEN_LOADS_OF_ONE, () => loadViewed(viewed));
  const query = id === null ? "" : `?job=${encodeURIComponent(id)}`;
  unfollow = follow(`/local/events${query}`, {
    // The events start before the state is requested, so no change is missed in between.
    connected: () => {
      arrived = [];
      reload();
    },
    disconnected: (error) => connection(error instanceof Refusal && error.status === 401 ? "locked" : "offline"),
    event: (name, text) => receive(name, parse(text), { viewed, reload, reloadViewed }),
  });
}

/** Adds the summary or detail of a job to the known data. */
export function learn(summary) {
  const before = known.jobs.get(summary.id);
  known.jobs.set(summary.id, summary);
  if (before && before.status !== summary.status) for (const listener of listeners) listener(summary, before);
  forgetOldest();
  changed("jobs");
}

function renderChanged() {
  const parts = new Set(dirty);
  dirty.clear();
  for (const { parts: wanted, render } of watchers) {
    if (!wanted.some((part) => parts.has(part))) continue;
    try {
      render();
    } catch (error) {
      // If a view fails, the other views are still rendered.
      reportError(error);
    }
  }
}

function connection(state) {
  known.connection = state;
  changed("connection");
}

function receive(name, data, { viewed, reload, reloadViewed }) {
  if (name === "job") {
    learn(data);
    if (viewed?.id === data.id) followViewed(data, viewed, reloadViewed);
  } else if (name === "worker") {
    known.workers.set(data.id, data);
    changed("workers");
  } else if (name === "workerGone") {
    known.workers.delete(data.id);
    changed("workers");
  } else if (name === "workerEvent") {
    arrived = [...arrived, data].slice(-MOST_WORKER_EVENTS);
    addWorkerEvents([data]);
  } else if (name === "stats") {
    known.stats = rounded(data);
    changed("stats");
  } else if (viewed && (name === "item" || name === "log")) {
    // A load in progress may return older data, so the event is also added to its result later.
    if (viewed.loading > 0) viewed.meanwhile.push([name, data]);
    if (viewed.detail) addLine(viewed, name, data, reloadViewed);
  } else if (name === "reload") {
    reload();
  }
}

// A load in progress may return an event, too, or may return older events than those that have arrived meanwhile.
function addWorkerEvents(events) {
  const last = known.workerEvents.at(-1)?.number ?? -1;
  const later = events.filter(({ number }) => number > last);
  known.workerEvents = [...known.workerEvents, ...later].slice(-MOST_WORKER_EVENTS);
  changed("workerEvents");
}

function followViewed(summary, viewed, reload) {
  const { detail } = viewed;
  // Only the detail contains the result. A job that runs again starts its stream again.
  if (!detail || isFinal(summary.status) || isFinal(detail.status) || summary.retries !== detail.retries) reload();
  if (detail) Object.assign(detail, summary, { error: detail.error });
  changed("viewed");
}

function addLine({ detail }, name, data, reload) {
  const next = detail.streamFrom + detail.stream.length;
  if (name === "log") addLog(detail.logs, data);
  else if (data.index === next) detail.stream.push(data.output);
  else if (data.index > next) reload();
  changed("viewed");
}

// Log lines have no numbers. A line may arrive twice: as an event and in a load.
function addLog(logs, line) {
  const same = ({ time, level, text }) => time === line.time && level === line.level && text === line.text;
  if (!logs.slice(-50).some(same)) logs.push(line);
}

// Returns a function that loads immediately, and then not again before `ms` milliseconds have passed.
function atMostEvery(ms, load) {
  let last = -ms;
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    const run = () => {
      planned = false;
      last = performance.now();
      load().catch(() => connection("offline"));
    };
    setTimeout(run, Math.max(0, last + ms - performance.now()));
  };
}

async function loadViewed(viewed) {
  viewed.loading += 1;
  const detail = await loadDetail(viewed.id).finally(() => {
    viewed.loading -= 1;
  });
  if (known.viewed !== viewed) return;
  viewed.missing = detail === null;
  viewed.detail = detail;
  for (const [name, data] of detail ? viewed.meanwhile : []) addLine(viewed, name, data, () => {});
  if (viewed.loading === 0) viewed.meanwhile = [];
  changed("viewed");
}

async function load(viewed) {
  const [state] = await Promise.all([get("/local/state").then(parse), viewed && loadViewed(viewed)]);
  if (known.viewed !== viewed) return;
  // The endpoint may describe another worker by now.
  const described = JSON.stringify([state.endpoint, state.handlers, state.route, state.examples]);
  const isOther = described !== known.described;
  Object.assign(known, {
    described,
    connection: "live",
    endpoint: state.endpoint,
    handlers: state.handlers,
    route: state.route,
    examples: state.examples,
    workers: new Map(state.workers.map((worker) => [worker.id, worker])),
    workerEvents: state.workerEvents,
    stats: rounded(state.stats),
  });
  addWorkerEvents(arrived);
  mergeJobs(state.jobs);
  changed("connection", "workers", "jobs", "stats", ...(isOther ? ["endpoint"] : []));
}

// Drawing needs plain JavaScript numbers, however the numbers were written.
function rounded(stats) {
  return JSON.parse(JSON.stringify(stats));
}

function mergeJobs(jobs) {
  const before = known.jobs;
  known.jobs = new Map(jobs.map((job) => [job.id, job]));
  for (const job of jobs) {
    const old = before.get(job.id);
    if (old && old.status !== job.status) for (const listener of listeners) listener(job, old);
  }
}

async function loadDetail(id) {
  try {
    return parse(await get(`/local/jobs/${encodeURIComponent(id)}`));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

function forgetOldest() {
  if (known.jobs.size <= MOST_JOBS * 1.5) return;
  const newest = [...known.jobs.values()].sort((a, b) => b.submitted - a.submitted).slice(0, MOST_JOBS);
  known.jobs = new Map(newest.map((job) => [job.id, job]));
}
