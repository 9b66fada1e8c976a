// A local endpoint with one worker attached, as processes.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** How long anything may take before it counts as hung, in ms. Far above what it takes; no test measures time. */
export const PATIENCE = 60_000;

/**
 * Whose worker, and where. `in-process` is ours, serving the endpoint itself (`--rp_serve_api`); `ours` and `sdk` are
 * processes attached to the stand-alone `runpod-local`. `RUNPOD_TEST_ATTACHED`: only this one, or several of them with
 * commas between.
 */
export const ATTACHED = (process.env.RUNPOD_TEST_ATTACHED || "in-process,ours,sdk").split(",");

/** A program that `cargo xtask test` has built or installed. */
function program(variable) {
  const path = process.env[variable];
  if (!path) {
    throw new Error(`${variable} names no program; run this suite with \`cargo xtask test\`, or set it`);
  }
  return path;
}

/** A program in a process group of its own, with nothing of our environment but the path. */
class Process {
  #child;
  #lines = [];
  #events = new EventEmitter();
  #ended = false;

  constructor(name, [command, ...args], room, environment = {}) {
    this.name = name;
    mkdirSync(room, { recursive: true });
    this.#child = spawn(command, args, {
      cwd: room,
      env: {
        PATH: process.env.PATH,
        HOME: room,
        // Results of a worker that was killed are kept in its room, for the next worker there: never on this machine's
        // network volume, and not for a worker of another test.
        RUNPOD_RESULT_SPOOL: join(room, "spool"),
        TMPDIR: room,
        // The built-in checks look at the machine, not at the protocol.
        RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true",
        RUNPOD_SKIP_GPU_CHECK: "true",
        ...environment,
      },
      detached: true,
    });
    // A suite that is interrupted leaves nobody behind.
    process.once("exit", () => this.#kill());
    this.#child.once("error", (error) => this.#over(`it did not start: ${error.message}`));
    this.#child.once("close", () => this.#over("it ended"));
    this.#child.stdin.on("error", () => {}); // Nobody reads any more; the test sees that elsewhere.

    const log = createWriteStream(join(room, `${name}.log`));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: output }).on("line", (line) => {
        log.write(`${line}\n`);
        this.#lines.push(line);
        this.#events.emit("change");
      });
    }
  }

  #over(how) {
    this.#ended = how;
    this.#events.emit("change");
  }

  /** The first thing other than `undefined` that `found` makes of all lines so far. */
  async waitFor(found) {
    const signal = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const result = found(this.#lines);
      if (result !== undefined) return result;
      const silent = `nothing came in ${PATIENCE} ms`;
      const how = this.#ended || (await once(this.#events, "change", { signal }).then(() => {}, () => silent));
      if (how) throw new Error(`${this.name}: ${how}; it wrote:\n${this.#lines.join("\n")}`);
    }
  }

  /** Lets a handler go on that waits for a line on standard input. */
  line() {
    this.#child.stdin.write("\n");
  }

  #kill() {
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }

  /** Ends the whole group at once: how a worker ends is not what these tests are about. */
  async end() {
    this.#kill();
    if (!this.#ended) await once(this.#child, "close");
  }
}

/** The address that an endpoint prints once it listens. */
function address(lines) {
  for (const line of lines) {
    const found = line.match(/http:\/\/(?:127\.0\.0\.1|localhost):\d+/);
    if (found) return found[0];
  }
}

/** The variables that `runpod-local` prints for workers, once all are there. */
function environment(lines) {
  const found = {};
  for (const line of lines) {
    for (const [, name, single, double, bare] of line.matchAll(
      /\b(RUNPOD_[A-Z_]+)=(?:'([^']*)'|"([^"]*)"|(\S+))/g,
    )) {
      found[name] = single ?? double ?? bare;
    }
  }
  const needed = [
    "RUNPOD_WEBHOOK_GET_JOB",
    "RUNPOD_WEBHOOK_POST_OUTPUT",
    "RUNPOD_WEBHOOK_POST_STREAM",
    "RUNPOD_WEBHOOK_PING",
    "RUNPOD_PING_INTERVAL",
    "RUNPOD_AI_API_KEY",
    "RUNPOD_POD_ID",
  ];
  return needed.every((name) => name in found) ? found : undefined;
}

/** A local endpoint and the worker behind it. */
export class Endpoint {
  #processes = [];

  /** `kind` is a worker's name in `tests/peers`. */
  static async start(attached, kind, name) {
    const endpoint = new Endpoint();
    try {
      await endpoint.#start(attached, kind, `${name}-${attached}`);
    } catch (error) {
      await endpoint.end();
      throw error;
    }
    return endpoint;
  }

  async #start(attached, kind, name) {
    const rooms = process.env.RUNPOD_TEST_ROOMS ?? mkdtempSync(join(tmpdir(), "runpod-"));
    const room = join(rooms, name);
    if (attached === "in-process") {
      const serve = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", "0"];
      this.worker = this.#process("worker", [program("RUNPOD_TEST_WORKER"), kind, ...serve], room);
      this.url = await this.worker.waitFor(address);
      return;
    }
    const server = this.#process("endpoint", [program("RUNPOD_TEST_LOCAL"), "--port", "0"], room);
    this.url = await server.waitFor(address);
    const command =
      attached === "ours"
        ? [program("RUNPOD_TEST_WORKER")]
        : [program("RUNPOD_TEST_PYTHON"), join(ROOT, "tests/peers/python_peer.py")];
    this.worker = this.#process("worker", [...command, kind], room, await server.waitFor(environment));
  }

  #process(...args) {
    const process = new Process(...args);
    this.#processes.push(process);
    return process;
  }

  /** What the client takes for the platform's `https://api.runpod.ai/v2`. */
  get baseUrl() {
    return `${this.url}/v2`;
  }

  async end() {
    for (const process of this.#processes.reverse()) await process.end();
  }
}

/** What `look` gives, once that is true. The client has no call that waits for a state, so neither have its users. */
export async function eventually(look) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`still ${JSON.stringify(seen)} after ${PATIENCE} ms`);
    await delay(20);
  }
}
