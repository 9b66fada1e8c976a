// The log lines of a job.

import { element, fill, setText } from "./dom.js";
import { atEnd } from "./follow_end.js";
import { clock } from "./time.js";
import { brief, visible } from "./visible.js";

const MOST_LINES = 1000;

/** Returns a view with `node` and `update(detail)`. */
export function jobLog() {
  const count = element("span", { class: "count" });
  const list = element("ol", { class: "log", tabindex: "0", "aria-label": "Log" });
  const node = element(
    "section",
    { class: "card", hidden: true, "aria-label": "Log" },
    element("header", {}, element("h3", {}, "Log"), count),
    list,
  );
  let logs = [];
  let shown = 0;
  return {
    node,
    update({ logs: lines }) {
      node.hidden = lines.length === 0;
      setText(count, lines.length === 1 ? "1 line" : `${lines.length} lines`);
      if (lines !== logs) {
        logs = lines;
        shown = 0;
        fill(list);
      }
      atEnd(list, () => {
        for (const line of lines.slice(Math.max(shown, lines.length - MOST_LINES))) list.append(row(line));
        while (list.childElementCount > MOST_LINES) list.firstElementChild.remove();
      });
      shown = lines.length;
    },
  };
}

function row({ time, level, text }) {
  return element(
    "li",
    { "data-level": String(level).toLowerCase() },
    element("time", {}, clock(time)),
    element("span", { class: "level" }, brief(String(level), 12)),
    element("span", { class: "line", dir: "auto" }, visible(String(text))),
  );
}
