// The visible part of the page: `#/` is the overview, `#/jobs/<id>` is a job.

/** Calls `show(jobId or null)` now and whenever the place changes. */
export function onPlace(show) {
  const tell = () => show(jobInPlace());
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
