// Requests to the endpoint that serves this page. If the endpoint requires an API key, the user is asked for it once.
// The key is kept only in this variable, so it is lost when the tab is closed.

let key = "";
let askForKey = async () => null;

/** Sets how to ask for the API key: `ask(why)` returns a promise of the key or `null`. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** The error for an unsuccessful answer of the endpoint. Its message is for the user. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends a request, and asks for the key if the endpoint requires one.
 * Fails with a `Refusal`, or with a `TypeError` if there is no connection.
 */
export async function request(path, options = {}) {
  const response = await answer(path, options);
  if (response.ok) return response;
  throw await readRefusal(response);
}

/** Like `request`, but returns unsuccessful answers, too. Fails with a `Refusal` if the user declines to enter the key. */
export async function answer(path, options = {}) {
  for (;;) {
    const used = key;
    const response = await fetch(path, { cache: "no-store", ...options, headers: headers(options.headers) });
    if (response.status !== 401) return response;
    const refusal = await readRefusal(response);
    if (used === key) {
      const given = await askOnce(used === "" ? "" : "The endpoint did not accept this key.");
      if (given === null) throw refusal;
      key = given;
    }
  }
}

/** Returns the text of `GET path`. */
export async function get(path) {
  return (await request(path)).text();
}

/** Posts JSON text or an empty body, and returns the text of the answer. */
export async function post(path, body) {
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return (await request(path, { method: "POST", body, headers: type })).text();
}

/** Returns a message for the user about a failure of these functions. */
export function explain(error) {
  if (error instanceof Refusal) return error.message;
  if (error instanceof TypeError) return "The endpoint does not answer. Check that it is still running.";
  return String(error);
}

let asking = null;

// Several requests may be refused at the same time. The user is asked only once for all of them.
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
    const { error } = JSON.parse(text);
    // OpenAI's errors are objects.
    message = error?.message ?? error ?? text;
  } catch {
    // The answer came from something else, such as a proxy. Its text is shown unchanged.
  }
  return new Refusal(response.status, String(message || `The endpoint answered ${response.status}.`));
}
