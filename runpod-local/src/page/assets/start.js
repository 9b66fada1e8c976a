// Assembles the page.

import { activity } from "./activity.js";
import { say } from "./announce.js";
import { chat } from "./chat.js";
import { fill, setAttribute, setText } from "./dom.js";
import { jobList } from "./job_list.js";
import { jobPage } from "./job_page.js";
import { askForKey } from "./key_dialog.js";
import { newJob } from "./new_job.js";
import { goToJob, onPlace } from "./route.js";
import { onKeyNeeded } from "./server.js";
import { statusName } from "./status.js";
import { isFinal, known, look, onTransition, watch } from "./store.js";
import { duration } from "./time.js";
import { brief } from "./visible.js";
import { workerList } from "./worker_list.js";

const at = (id) => document.getElementById(id);
const own = new Set();
const narrow = matchMedia("(max-width: 860px)");

onKeyNeeded(askForKey);
activity(at("activity"));
workerList(at("workers"));
jobList(at("jobs"));
chat(at("chat"));
const showInput = newJob(at("new-job"), (id) => {
  own.add(id);
  goToJob(id);
});
jobPage(at("job"), (input) => {
  if (narrow.matches) location.hash = "#/";
  showInput(input);
  at("new-job").querySelector("textarea:not([hidden]), input:not([type=radio])")?.focus();
});

let loaded = false;
onPlace((place, id) => {
  const stays = !narrow.matches && document.activeElement?.closest("#new-job");
  setAttribute(document.body, "data-place", place);
  for (const view of ["overview", "job", "chat"]) at(view).hidden = view !== place;
  for (const link of at("places").children) setAttribute(link, "aria-current", link.dataset.to === place && "page");
  look(id);
  // After submitting, the focus stays in the form for the next job. After following a link, it moves to the new
  // heading.
  if (loaded && !stays) requestAnimationFrame(focusHeading);
  if (narrow.matches) scrollTo(0, 0);
});
loaded = true;

function focusHeading() {
  const titles = { overview: "jobs-title", job: "job-title", chat: "chat-title" };
  at(titles[document.body.dataset.place])?.focus();
}

at("skip").addEventListener("click", (event) => {
  // The address says which job is shown, so the link must not change it.
  event.preventDefault();
  focusHeading();
});

onTransition((job) => {
  const wanted = own.has(job.id) || known.viewed?.id === job.id;
  if (!wanted || document.hidden) return;
  const time = isFinal(job.status) && typeof job.executionTime === "number" ? ` after ${duration(job.executionTime)}` : "";
  say(`Job ${brief(job.id, 9)}: ${statusName(job.status)}${time}`);
});

watch(["connection", "endpoint"], () => {
  const { connection, endpoint } = known;
  const words = { connecting: "Connecting", live: "Live", offline: "Not connected, retrying", locked: "API key needed" };
  setAttribute(at("connection"), "data-connection", connection);
  setText(at("connection-text"), words[connection]);
  at("unlock").hidden = connection !== "locked";
  setText(at("endpoint"), endpoint ? brief(endpoint.id, 60) : "");
});
at("unlock").addEventListener("click", () => look(known.viewed?.id ?? null));

watch(["endpoint"], () => {
  at("places").hidden = !known.handlers.some(({ chatModel }) => chatModel);
});

watch(["viewed", "endpoint"], () => {
  const { viewed, endpoint } = known;
  const name = endpoint ? `${brief(endpoint.id, 30)} · Runpod local endpoint` : "Runpod local endpoint";
  document.title = viewed?.detail ? `${statusName(viewed.detail.status)} · ${brief(viewed.id, 9)} · ${name}` : name;
});
