// The items of a stream while they are produced. Text is joined; everything else, such as pictures and sounds, is a
// list.

import { copyButton } from "./copy.js";
import { element, fill, setText } from "./dom.js";
import { atEnd } from "./follow_end.js";
import { jsonLine, mediaView, written } from "./json_view.js";
import { mediaIn } from "./media.js";
import { visible } from "./visible.js";

const MOST_ROWS = 1000;
const LONGEST_FLOW = 200_000;

/** Returns a view with `node` and `update(detail)`. The stream of a detail only grows, unless the job starts again. */
export function streamView() {
  const count = element("span", { class: "count" });
  const flow = element("pre", { class: "text flow", dir: "auto", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Stream" });
  const list = element("ol", { class: "item-list", tabindex: "0", "aria-label": "Stream" });
  const cut = element("p", { class: "hint", hidden: true });
  let stream = [];
  let shown = 0;
  let flows = true;
  let length = 0;

  const restart = (items) => {
    stream = items;
    shown = 0;
    length = 0;
    fill(flow);
    fill(list);
  };
  const whole = () => (flows ? stream.join("") : stream.map((item) => written(item, 0)).join("\n"));
  const node = element(
    "section",
    { class: "card", hidden: true, "aria-label": "Stream" },
    element("header", {}, element("h3", {}, "Stream"), count, copyButton(whole, "Copy stream")),
    cut,
    flow,
    list,
  );
  const addText = (text) => {
    flow.append(visible(text));
    length += text.length;
    while (length > LONGEST_FLOW && flow.childNodes.length > 1) {
      length -= flow.firstChild.length;
      flow.firstChild.remove();
    }
  };
  const addRow = (item, index) => {
    const shown = element("div", { class: "value" }, mediaView(item), jsonLine(item));
    list.append(element("li", {}, element("span", { class: "index" }, String(index)), shown));
    if (list.childElementCount > MOST_ROWS) list.firstElementChild.remove();
  };

  return {
    node,
    update({ stream: items, streamFrom, items: produced }) {
      node.hidden = items.length === 0;
      if (items !== stream) restart(items);
      const stillFlows = flows && shown > 0 ? items.slice(shown).every(isText) : items.every(isText);
      if (stillFlows !== flows) {
        restart(items);
        flows = stillFlows;
      }
      flow.hidden = !flows;
      list.hidden = flows;
      const first = Math.max(shown, flows ? 0 : items.length - MOST_ROWS);
      atEnd(flows ? flow : list, () => {
        for (let at = first; at < items.length; at += 1) {
          if (flows) addText(items[at]);
          else addRow(items[at], streamFrom + at);
        }
      });
      shown = items.length;
      const total = Math.max(streamFrom + items.length, produced ?? 0);
      setText(count, total === 1 ? "1 item" : `${total.toLocaleString("en")} items`);
      const hidden = flows ? streamFrom : streamFrom + Math.max(0, items.length - MOST_ROWS);
      cut.hidden = hidden === 0;
      setText(cut, `The first ${hidden.toLocaleString("en")} items are not shown.`);
    },
  };
}

function isText(item) {
  return typeof item === "string" && mediaIn(item) === null;
}
