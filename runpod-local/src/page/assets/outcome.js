// The error of a failed job.

import { element } from "./dom.js";
import { isObject, parse } from "./json_text.js";
import { jsonBlock, plainText, textBlock, valueView } from "./json_view.js";
import { visible } from "./visible.js";

const REPORTED = new Set(["error_type", "error_message", "error_traceback"]);

/** Shows the error of a job. A worker's error report, which is JSON text, is split up. Other errors are shown as is. */
export function errorView(error) {
  const report = reportIn(error);
  if (!report) return valueView(error);
  const { error_type: type, error_message: message, error_traceback: trace } = report;
  const others = Object.entries(report).filter(([key, value]) => !REPORTED.has(key) && value !== "" && value !== null);
  return element(
    "div",
    { class: "value report" },
    type && element("p", { class: "error-type", dir: "auto" }, visible(className(String(type)))),
    textBlock(String(message ?? "")),
    trace && element("details", { open: true }, element("summary", {}, "Traceback"), textBlock(String(trace))),
    others.length > 0 && element("dl", { class: "facts" }, others.map(fact)),
  );
}

/** Returns the error in the form in which it is copied. */
export function errorText(error) {
  return plainText(reportIn(error) ?? error);
}

function fact([key, value]) {
  const shown = typeof value === "string" ? visible(value) : jsonBlock(value);
  return element("div", {}, element("dt", {}, visible(key.replaceAll("_", " "))), element("dd", {}, shown));
}

function reportIn(error) {
  if (isObject(error)) return "error_message" in error ? error : null;
  if (typeof error !== "string" || !error.trimStart().startsWith("{")) return null;
  try {
    const report = parse(error);
    return isObject(report) && "error_message" in report ? report : null;
  } catch {
    return null;
  }
}

// Python writes the class as `<class 'ValueError'>`.
function className(type) {
  return type.match(/^<class '(.+)'>$/)?.[1] ?? type;
}
