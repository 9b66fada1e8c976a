// Server-sent events, read with `fetch`, because the browser's `EventSource` cannot send the API key.

import { Refusal, request } from "./server.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;

/**
 * Follows `path` until the returned function is called. Reconnects whenever the connection ends.
 * `listener.event(name, text)` gets the events. `listener.connected()` is called before the first event of a
 * connection, and `listener.disconnected(error)` after the last.
 */
export function follow(path, listener) {
  const stop = new AbortController();
  run(path, listener, stop.signal);
  return () => stop.abort();
}

async function run(path, listener, signal) {
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    let fault = null;
    try {
      const response = await request(path, { signal, headers: { accept: "text/event-stream" } });
      pause = FIRST_PAUSE;
      listener.connected();
      await read(response.body, (name, text) => {
        if (!signal.aborted) listener.event(name, text);
      });
    } catch (error) {
      fault = error;
    }
    if (signal.aborted) return;
    listener.disconnected(fault);
    // The user has declined to enter the key, so asking again would not help.
    if (fault instanceof Refusal && fault.status === 401) return;
    await waited(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Reads the events of a response: calls `event(name, text)` for each, as it arrives. */
export async function read(body, event) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const pieces = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // Large events arrive in many pieces. They are joined only when a piece contains a line break.
      pieces.push(value);
      if (!value.includes("\n")) continue;
      const blocks = pieces.join("").split("\n\n");
      pieces.length = 0;
      pieces.push(blocks.pop());
      for (const block of blocks) dispatch(block, event);
    }
  } catch (error) {
    // Otherwise the connection would stay open, and the endpoint would continue to work for it.
    reader.cancel().catch(() => {});
    throw error;
  }
}

function dispatch(block, event) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  if (data.length > 0) event(name, data.join("\n"));
}

function waited(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
