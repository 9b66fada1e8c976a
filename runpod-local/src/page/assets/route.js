// The visible part of the page: `#/` is the overview, `#/jobs/<id>` is a job, and `#/chat` is the chat.

/** Calls `show(place, jobId or null)` now and whenever the place changes: "overview", "job" or "chat". */
export function onPlace(show) {
  const tell = () => {
    const id = jobInPlace();
    show(id !== null ? "job" : location.hash === "#/chat" ? "chat" : "overview", id);
  };
  addEventListener("hashchange", tell);
  tell();
}

/** Returns the address of a job's page, for links. */
export function placeOf(id) {
  return `#/jobs/${encodeURIComponent(id)}`;
}

/** Opens a job's page. */
export function goToJob(id) {
  location.hash = placeOf(id);
}

function jobInPlace() {
  const match = location.hash.match(/^#\/jobs\/(.+)$/);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}
