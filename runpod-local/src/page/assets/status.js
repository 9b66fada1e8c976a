// The states of a job, and how long it is in them.

import { element, setAttribute, setText } from "./dom.js";

const NAMES = {
  IN_QUEUE: "Queued",
  IN_PROGRESS: "Running",
  COMPLETED: "Completed",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
  TIMED_OUT: "Timed out",
};

/** A state's name for people. */
export function statusName(status) {
  return NAMES[status] ?? String(status);
}

/** How long a job has waited, or waited, in milliseconds; `null` where it ended without having run. */
export function delayTime(job, now = Date.now()) {
  return job.delayTime ?? (job.status === "IN_QUEUE" ? Math.max(0, now - job.since) : null);
}

/** How long a job has run, or ran, in milliseconds; `null` before it began. */
export function executionTime(job, now = Date.now()) {
  return job.executionTime ?? (job.status === "IN_PROGRESS" ? Math.max(0, now - job.since) : null);
}

/** A mark with a state's colour and name; `update(status)` shows another one. */
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
