// A chat with the worker's model, through the same route as OpenAI clients.

import { say } from "./announce.js";
import { answerTo } from "./chat_stream.js";
import { element, fill, freshId, setAttribute, setText } from "./dom.js";
import { atEnd } from "./follow_end.js";
import { explain } from "./server.js";
import { known, watch } from "./store.js";
import { duration } from "./time.js";
import { brief, visible } from "./visible.js";

const REASONS = {
  length: "stopped at the largest number of tokens",
  content_filter: "stopped by a filter",
  tool_calls: "waits for the results of functions",
};

/** Builds the chat in `place`. */
export function chat(place) {
  const model = element("select", { id: freshId("model"), "aria-label": "Model" });
  const again = element("button", { type: "button", class: "quiet", on: { click: startAgain } }, "New chat");
  const system = element("textarea", { rows: "2", id: freshId("system"), dir: "auto" });
  const talk = element("ol", { class: "talk", tabindex: "0", "aria-label": "Messages" });
  const prompt = element("textarea", { rows: "2", id: freshId("prompt"), dir: "auto", placeholder: "Message", on: { keydown: sendByKey } });
  const send = element("button", { type: "submit", class: "primary" }, "Send");
  const stop = element("button", { type: "button", hidden: true, on: { click: () => running?.abort() } }, "Stop");
  const form = element(
    "form",
    { class: "say", on: { submit } },
    element("label", { for: prompt.id, class: "away" }, "Message"),
    prompt,
    send,
    stop,
  );
  const instructions = element(
    "details",
    {},
    element("summary", {}, "System message"),
    element("label", { for: system.id, class: "away" }, "System message"),
    system,
  );
  const title = element("h2", { id: "chat-title", tabindex: "-1" }, "Chat");
  fill(place, element("header", {}, title, model, again), instructions, talk, form);

  /** The messages that both sides have sent. */
  let history = [];
  /** Stops the answer that arrives at the moment. */
  let running = null;

  watch(["endpoint"], () => {
    const models = [...new Set(known.handlers.map(({ chatModel }) => chatModel).filter(Boolean))];
    const chosen = model.value;
    fill(model, models.map((name) => element("option", { value: name, selected: name === chosen }, brief(name, 60))));
  });

  function startAgain() {
    running?.abort();
    history = [];
    fill(talk);
    prompt.focus();
  }

  function sendByKey(event) {
    // The key that ends the input of a composed character does not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }

  async function submit(event) {
    event.preventDefault();
    const text = prompt.value;
    if (running || text.trim() === "") return;
    prompt.value = "";
    const asked = { role: "user", content: text };
    const instruction = system.value.trim() === "" ? [] : [{ role: "system", content: system.value }];
    addMessage("You").say(text);
    const reply = addMessage("Model");
    // *New chat* begins another list while this answer may still arrive.
    const talked = history;
    running = new AbortController();
    const { signal } = running;
    show(true);
    let content = "";
    try {
      const messages = [...instruction, ...history, asked];
      const end = await answerTo(
        { model: model.value, messages, signal },
        {
          text: (piece) => {
            content += piece;
            atEnd(talk, () => reply.say(piece));
          },
          call: (called) => atEnd(talk, () => reply.call(called)),
        },
      );
      reply.note(summary(end));
      say("The answer is complete");
    } catch (error) {
      if (signal.aborted) reply.note("stopped");
      else reply.fail(error instanceof Error && error.constructor === Error ? error.message : explain(error));
    }
    // An answer of which nothing arrived is not part of the conversation, and neither is its question.
    if (content !== "") talked.push(asked, { role: "assistant", content });
    if (running?.signal === signal) running = null;
    show(running !== null);
  }

  function show(isRunning) {
    stop.hidden = !isRunning;
    send.hidden = isRunning;
    setAttribute(talk, "aria-busy", String(isRunning));
  }

  function addMessage(author) {
    const body = element("div", { class: "said", dir: "auto" });
    const note = element("p", { class: "hint", hidden: true });
    const node = element("li", { "data-author": author.toLowerCase() }, element("span", { class: "author" }, author), body, note);
    atEnd(talk, () => talk.append(node));
    const tell = (text) => {
      note.hidden = false;
      setText(note, visible(text));
    };
    return {
      say: (text) => body.append(visible(text)),
      call: ({ name, arguments: given }) => body.append(element("code", {}, visible(`${name}(${given})`))),
      note: tell,
      fail: (text) => {
        setAttribute(note, "class", "fault");
        setAttribute(note, "role", "alert");
        tell(text);
      },
    };
  }
}

function summary({ finish, tokens, first, ms }) {
  const parts = [tokens === 1 ? "1 token" : `${tokens} tokens`, `first after ${duration(first)}`];
  if (tokens > 1 && ms > 0) parts.push(`${(((tokens - 1) * 1000) / ms).toFixed(1)} tokens/s`);
  if (REASONS[finish]) parts.push(REASONS[finish]);
  return parts.join(", ");
}
