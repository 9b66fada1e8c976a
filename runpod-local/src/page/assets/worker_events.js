// What workers in the endpoint's process report about themselves.

import { element } from "./dom.js";
import { atEnd } from "./follow_end.js";
import { placeOf } from "./route.js";
import { known, watch } from "./store.js";
import { clock, fullTime } from "./time.js";
import { brief, visible } from "./visible.js";

/** Returns the list, which is hidden while there are no events. */
export function workerEvents() {
  const list = element("ol", { class: "log", tabindex: "0", "aria-label": "Events of workers" });
  const node = element("div", { class: "worker-events", hidden: true }, element("h3", {}, "Events"), list);
  let shown = [];
  watch(["workerEvents"], () => {
    const events = known.workerEvents;
    node.hidden = events.length === 0;
    atEnd(list, () => {
      // Rows that are still there stay, so a focused link in one of them keeps the focus.
      const rows = new Map(shown.map(({ key, row }) => [key, row]));
      shown = events.map((event) => {
        const key = JSON.stringify(event);
        return { key, row: rows.get(key) ?? row(event) };
      });
      for (const old of [...list.children]) if (!shown.some((it) => it.row === old)) old.remove();
      // After a reconnection, older events can arrive after newer ones.
      shown.forEach((it, index) => {
        if (list.children[index] !== it.row) list.insertBefore(it.row, list.children[index] ?? null);
      });
    });
  });
  return node;
}

function row({ time, level, worker, job, event, text }) {
  return element(
    "li",
    { "data-level": String(level).toLowerCase(), "data-event": visible(String(event)) },
    element("time", { title: fullTime(time) }, clock(time)),
    element("span", { class: "level" }, brief(String(level), 12)),
    element(
      "span",
      { class: "line" },
      element("bdi", { class: "from" }, brief(worker, 30)),
      " ",
      job && element("a", { href: placeOf(job), title: visible(job) }, element("code", {}, brief(job, 9))),
      job && " ",
      element("bdi", {}, visible(String(text))),
    ),
  );
}
