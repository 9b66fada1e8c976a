// Which part of the page is shown: `#/` is the overview, `#/jobs/<id>` a job.

/** Calls `show(jobId or null)` for the present place and for every one to come. */
export function onPlace(show) {
  const tell = () => show(jobInPlace());
  addEventListener("hashchange", tell);
  tell();
}

/** The place of a job's page, for links. */
export function placeOf(id) {
  return `#/jobs/${encodeURIComponent(id)}`;
}

/** Goes to a job's page. */
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
