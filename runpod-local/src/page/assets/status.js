// The states of a job, and the time spent in them.

import { element, setAttribute, setText } from "./dom.js";

const NAMES = {
  IN_QUEUE: "Queued",
  IN_PROGRESS: "Running",
  COMPLETED: "Completed",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
  TIMED_OUT: "Timed out",
};

/** Returns the name of a state for people. */
export function statusName(status) {
  return NAMES[status] ?? String(status);
}

/** Returns how long a job has waited in milliseconds, or `null` if it ended without running. */
export function delayTime(job, now = Date.now()) {
  return job.delayTime ?? (job.status === "IN_QUEUE" ? Math.max(0, now - job.since) : null);
}

/** Returns how long a job has run in milliseconds, or `null` before its start. */
export function executionTime(job, now = Date.now()) {
  return job.executionTime ?? (job.status === "IN_PROGRESS" ? Math.max(0, now - job.since) : null);
}

/** Returns a mark with the colour and name of a state. `update(status)` shows another state. */
export function statusMark() {
  const name = element("span", {});
  const node = element("span", { class: "status" }, element("span", { class: "dot", "aria-hidden": "true" }), name);
  return {
    node,
    update(status) {
      setAttribute(node, "data-status", status);
      setAttribute(node, "title", status);
      setText(name, statusName(status));
    },
  };
}
