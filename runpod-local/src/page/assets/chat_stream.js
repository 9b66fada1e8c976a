// The answer to a chat, as it arrives.

import { read } from "./live.js";
import { request } from "./server.js";

/**
 * Sends `messages`, and calls `text(piece)` for each piece of the answer and `call({ name, arguments })` for each call of
 * a function. Returns `{ finish, tokens, first, ms }`: the reason of the end, the number of tokens, the time until the
 * first piece, and the time from the first piece to the last, in milliseconds. Fails with an error whose message is for
 * the user, or with an `AbortError` if `signal` is aborted.
 */
export async function answerTo({ model, messages, signal }, { text, call }) {
  const start = performance.now();
  let first = null;
  let last = null;
  let finish = null;
  let tokens = null;
  let pieces = 0;
  let isWhole = false;
  const body = JSON.stringify({ model, messages, stream: true, stream_options: { include_usage: true } });
  const headers = { "content-type": "application/json" };
  const response = await request("/openai/v1/chat/completions", { method: "POST", body, headers, signal });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) throw new Error(errorIn(await response.json()));
  await read(response.body, (_, data) => {
    if (data === "[DONE]") {
      isWhole = true;
      return;
    }
    const frame = parsed(data);
    if (frame.error) throw new Error(errorIn(frame));
    tokens = frame.usage?.completion_tokens ?? tokens;
    const choice = frame.choices?.[0];
    finish = choice?.finish_reason ?? finish;
    for (const { function: called } of choice?.delta?.tool_calls ?? []) call(called);
    const piece = choice?.delta?.content;
    if (!piece) return;
    last = performance.now();
    first ??= last;
    pieces += 1;
    text(piece);
  });
  if (!isWhole && finish === null) throw new Error("The answer ended early: its job was cancelled, or its worker has stopped.");
  return { finish, tokens: tokens ?? pieces, first: (first ?? performance.now()) - start, ms: first === null ? 0 : last - first };
}

function parsed(data) {
  let frame = null;
  try {
    frame = JSON.parse(data);
  } catch {
    // The error below describes it.
  }
  if (typeof frame !== "object" || frame === null) throw new Error(`The worker sent a frame of an unknown form: ${data.slice(0, 200)}`);
  return frame;
}

function errorIn(answer) {
  const message = answer.error?.message ?? answer.message ?? answer.error;
  return typeof message === "string" ? message : `The worker sent an answer without a stream: ${JSON.stringify(answer).slice(0, 200)}`;
}
