// The endpoint's activity: finished jobs in each second of the last minute, and their latency.

import { drawing, element, fill, setAttribute, setText } from "./dom.js";
import { known, watch } from "./store.js";
import { duration } from "./time.js";

const HEIGHT = 60;
const BAR = 4;
const STEP = 5;

/** Shows the activity in `place`. */
export function activity(place) {
  const totals = Object.fromEntries(["queued", "running", "completed", "failed"].map((name) => [name, element("dd", {}, "0")]));
  const bars = Array.from({ length: 60 }, (_, second) =>
    drawing("rect", { x: String(second * STEP), y: String(HEIGHT), width: String(BAR), height: "0", rx: "1" }),
  );
  const chart = drawing(
    "svg",
    { viewBox: `0 0 ${60 * STEP - 1} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", focusable: "false" },
    drawing("path", { class: "floor", d: `M0 ${HEIGHT - 0.5}H${60 * STEP}` }),
    bars,
  );
  const scale = element("span", { class: "scale" });
  const percentiles = ["p50", "p90", "p99"].map(percentile);
  fill(
    place,
    element("header", {}, element("h2", {}, "Activity")),
    element(
      "dl",
      { class: "totals" },
      Object.entries(totals).map(([name, value]) =>
        element("div", { "data-total": name }, element("dt", {}, name[0].toUpperCase() + name.slice(1)), value),
      ),
    ),
    element(
      "div",
      { class: "charts" },
      element(
        "figure",
        { class: "throughput" },
        element("figcaption", {}, "Finished jobs per second", scale),
        chart,
        element("div", { class: "axis", "aria-hidden": "true" }, element("span", {}, "60 s ago"), element("span", {}, "now")),
      ),
      element(
        "figure",
        { class: "latency" },
        element("figcaption", {}, "Latency (delay + execution)"),
        element("dl", {}, percentiles.map(({ node }) => node)),
      ),
    ),
  );

  const total = (name, number) => {
    setText(totals[name], many(number));
    setAttribute(totals[name].parentNode, "data-some", number > 0);
  };
  watch(["stats"], () => {
    const { stats } = known;
    if (!stats) return;
    total("queued", stats.queue);
    total("running", stats.running);
    total("completed", stats.completed);
    total("failed", stats.failed);
    const most = Math.max(1, ...stats.throughput);
    for (const [second, ended] of stats.throughput.entries()) {
      const height = ended === 0 ? 0 : Math.max(2, (ended / most) * (HEIGHT - 2));
      setAttribute(bars[second], "height", height.toFixed(1));
      setAttribute(bars[second], "y", (HEIGHT - height).toFixed(1));
    }
    const sum = stats.throughput.reduce((total, ended) => total + ended, 0);
    setText(scale, sum === 0 ? "" : `peak ${many(Math.max(...stats.throughput))}`);
    setAttribute(chart, "aria-label", `${many(sum)} jobs finished in the last minute, at most ${many(sum === 0 ? 0 : most)} per second`);
    const slowest = stats.latency?.p99 ?? 0;
    for (const each of percentiles) each.update(stats.latency?.[each.name] ?? null, slowest);
  });
}

function percentile(name) {
  const bar = element("progress", { max: "1", "aria-hidden": "true" });
  const value = element("span", {}, "–");
  bar.value = 0;
  return {
    name,
    node: element("div", {}, element("dt", {}, name), element("dd", {}, bar, value)),
    update(ms, slowest) {
      setText(value, duration(ms));
      bar.value = ms === null || slowest === 0 ? 0 : ms / slowest;
    },
  };
}

function many(number) {
  return number.toLocaleString("en");
}
