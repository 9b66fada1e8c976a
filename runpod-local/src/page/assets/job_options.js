// Optional settings of a job: time limits, priority and webhook.

import { element } from "./dom.js";
import { ABSENT, singleField } from "./form_field.js";

/** Returns a collapsed box with `node` and `read(faults)`. `read` returns JSON text to add after the input. */
export function jobOptions() {
  const fields = {
    executionTimeout: secondsField("Execution timeout", "How many seconds the job may run. The default is 600.", 5),
    ttl: secondsField("Time to live", "How many seconds the job may wait and run in total. The default is one day.", 10),
    lowPriority: singleField({ kind: "boolean", description: "On Runpod, no workers are started for such a job. The order of the queue does not change." }, { name: "Low priority", required: true }),
    webhook: singleField({ kind: "text", format: "uri", description: "The address that receives the result by POST." }, { name: "Webhook", required: false }),
  };
  return {
    node: element(
      "details",
      { class: "options" },
      element("summary", {}, "Options"),
      element("div", { class: "fields" }, Object.values(fields).map(({ node }) => node)),
    ),
    read(faults) {
      const { webhook, ...policy } = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.read(faults)]));
      for (const key of ["executionTimeout", "ttl"]) if (policy[key] !== ABSENT) policy[key] = Math.round(Number(policy[key]) * 1000);
      const set = Object.entries(policy).filter(([, value]) => value !== ABSENT && value !== false);
      const parts = set.length > 0 ? [`"policy":${JSON.stringify(Object.fromEntries(set))}`] : [];
      if (webhook !== ABSENT) parts.push(`"webhook":${JSON.stringify(webhook)}`);
      return parts.map((part) => `,${part}`).join("");
    },
  };
}

function secondsField(name, description, least) {
  return singleField({ kind: "number", minimum: least, maximum: 604_800, description }, { name, required: false });
}
