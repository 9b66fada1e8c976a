// What may be sent beside a job's input: limits in time, priority, webhook.

import { element } from "./dom.js";
import { ABSENT, singleField } from "./form_field.js";

/** A closed box with `node` and `read(faults)`, which gives JSON text to put behind the input. */
export function jobOptions() {
  const fields = {
    executionTimeout: secondsField("Execution timeout", "Seconds that it may run; 600 without it.", 5),
    ttl: secondsField("Time to live", "Seconds that it may wait and run; a day without it.", 10),
    lowPriority: singleField({ kind: "boolean", description: "Runs when no other job waits." }, { name: "Low priority", required: true }),
    webhook: singleField({ kind: "text", format: "uri", description: "An address that gets the result by POST." }, { name: "Webhook", required: false }),
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
