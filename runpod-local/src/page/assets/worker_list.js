// The attached workers and the jobs that they run.

import { element, fill, setAttribute, setText } from "./dom.js";
import { placeOf } from "./route.js";
import { known, watch } from "./store.js";
import { age, everySecond } from "./time.js";
import { brief, visible } from "./visible.js";
import { workerEvents } from "./worker_events.js";

const MOST_JOBS = 8;

/** Shows the list in `place`. */
export function workerList(place) {
  const count = element("span", { class: "count" });
  const list = element("ul", { class: "workers" });
  const empty = element("p", { class: "empty" }, "No worker is attached. Jobs wait in the queue until a worker attaches.");
  fill(place, element("header", {}, element("h2", {}, "Workers"), count), empty, list, workerEvents());
  const rows = new Map();
  empty.hidden = true;
  watch(["workers"], () => {
    const workers = [...known.workers.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
    for (const id of rows.keys()) if (!known.workers.has(id)) rows.delete(id);
    for (const worker of workers) {
      // A ping changes only a time. The row stays, so a focused link in it keeps the focus.
      const { lastPing, lastSeen, ...shown } = worker;
      const key = JSON.stringify(shown);
      if (rows.get(worker.id)?.key !== key) rows.set(worker.id, { key, ...workerRow(worker) });
      rows.get(worker.id).tick(worker);
    }
    const nodes = workers.map(({ id }) => rows.get(id).node);
    if (nodes.some((node, index) => node !== list.children[index]) || nodes.length !== list.childElementCount) fill(list, nodes);
    empty.hidden = workers.length > 0;
    setText(count, workers.length === 0 ? "" : String(workers.length));
  });
  // A worker that has just left still has its row until the next frame.
  everySecond(() => rows.forEach((row, id) => known.workers.has(id) && row.tick(known.workers.get(id))));
}

function workerRow(worker) {
  const ping = element("span", { class: "ping" });
  const tick = ({ lastPing, lastSeen }) => setText(ping, `${lastPing ? "pinged" : "seen"} ${age(lastPing ?? lastSeen)}`);
  const links = worker.jobs
    .slice(0, MOST_JOBS)
    .map((id) => element("a", { href: placeOf(id), title: visible(id) }, element("code", {}, brief(id, 9))));
  const more = worker.jobs.length - links.length;
  const node = element(
    "li",
    { "data-state": worker.state },
    element("span", { class: "dot", "aria-hidden": "true" }),
    element("bdi", { class: "worker-id", title: visible(worker.userAgent ?? "") }, brief(worker.id, 60)),
    element("span", { class: "worker-state" }, worker.state),
    ping,
    (links.length > 0 || worker.version || worker.reason) &&
      element(
        "p",
        { class: "worker-more" },
        worker.version && element("span", {}, brief(/^\d/.test(worker.version) ? `version ${worker.version}` : worker.version, 60)),
        worker.reason && element("span", { class: "reason", dir: "auto" }, brief(worker.reason, 160)),
        links.length > 0 && element("span", {}, "runs"),
        links,
        more > 0 && element("span", {}, `and ${more} more`),
      ),
  );
  setAttribute(node, "data-worker", visible(worker.id));
  return { node, tick };
}
