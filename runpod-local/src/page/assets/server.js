// Requests to the endpoint that serves this page. Where it wants an API key the user is asked for it once; the key is
// held in this variable and nowhere else, so it is gone with the tab.

let key = "";
let askForKey = async () => null;

/** Says how the user is asked for the API key: a function that is given why, and gives a promise of the key or `null`. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** An answer of the endpoint that is not the wanted one; its message is for the user. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends a request, and asks for the key where the endpoint wants one.
 * Fails with a `Refusal`, or with `TypeError` where there is no connection.
 */
export async function request(path, options = {}) {
  for (;;) {
    const used = key;
    const response = await fetch(path, { cache: "no-store", ...options, headers: headers(options.headers) });
    if (response.ok) return response;
    const refusal = await readRefusal(response);
    if (response.status !== 401) throw refusal;
    if (used === key) {
      const given = await askOnce(used === "" ? "" : "This is not the key that the endpoint was started with.");
      if (given === null) throw refusal;
      key = given;
    }
  }
}

/** The text of `GET path`. */
export async function get(path) {
  return (await request(path)).text();
}

/** Sends JSON text, or nothing, and gives the text of the answer. */
export async function post(path, body) {
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return (await request(path, { method: "POST", body, headers: type })).text();
}

/** What to tell the user about any failure of the functions above. */
export function explain(error) {
  if (error instanceof Refusal) return error.message;
  if (error instanceof TypeError) return "The endpoint does not answer. Is the worker still running?";
  return String(error);
}

let asking = null;

// Several requests may be refused at once; the user is asked once for all of them.
function askOnce(why) {
  asking ??= askForKey(why).finally(() => {
    asking = null;
  });
  return asking;
}

function headers(more = {}) {
  return key === "" ? more : { ...more, authorization: `Bearer ${key}` };
}

async function readRefusal(response) {
  const text = await response.text().catch(() => "");
  let message = text;
  try {
    message = JSON.parse(text).error ?? text;
  } catch {
    // Whatever answered was not the endpoint (a proxy, say): its words are shown as they are.
  }
  return new Refusal(response.status, String(message || `The endpoint answered ${response.status}.`));
}
