// Starts a local endpoint and a worker as processes.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** How many ms a test waits before it fails. Far longer than anything here takes. No test measures time. */
export const PATIENCE = 60_000;

/**
 * The kinds of worker to test. `in-process` is our worker, which serves the endpoint itself (`--rp_serve_api`). `ours`
 * and `sdk` are worker processes that are connected to the stand-alone `runpod-local`. To test only some of them, set
 * `RUNPOD_TEST_ATTACHED` to their names, separated by commas.
 */
export const ATTACHED = (process.env.RUNPOD_TEST_ATTACHED || "in-process,ours,sdk").split(",");

/** Returns the path of a program that `cargo xtask test` has built or installed. */
function program(variable) {
  const path = process.env[variable];
  if (!path) {
    throw new Error(`${variable} is not set to a program; run this suite with \`cargo xtask test\`, or set it`);
  }
  return path;
}

/** A program in its own process group. Of the suite's environment, it gets only PATH. */
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
        // The results of a killed worker are kept in the test's own folder, for the next worker there. They never go to
        // this machine's network volume or to a worker of another test.
        RUNPOD_RESULT_SPOOL: join(room, "spool"),
        TMPDIR: room,
        // The built-in checks test the machine, not the protocol.
        RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true",
        RUNPOD_SKIP_GPU_CHECK: "true",
        ...environment,
      },
      detached: true,
    });
    // An interrupted suite leaves no process behind.
    process.once("exit", () => this.#kill());
    this.#child.once("error", (error) => this.#over(`it could not be started: ${error.message}`));
    this.#child.once("close", () => this.#over("it exited"));
    this.#child.stdin.on("error", () => {}); // The program has stopped reading. The test notices this elsewhere.

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

  /** Waits until `found` returns something other than `undefined` for all lines so far, and returns that. */
  async waitFor(found) {
    const signal = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const result = found(this.#lines);
      if (result !== undefined) return result;
      const silent = `it printed nothing for ${PATIENCE} ms`;
      const how = this.#ended || (await once(this.#events, "change", { signal }).then(() => {}, () => silent));
      if (how) throw new Error(`${this.name}: ${how}; it wrote:\n${this.#lines.join("\n")}`);
    }
  }

  /** Sends a line to standard input, which lets a waiting handler continue. */
  line() {
    this.#child.stdin.write("\n");
  }

  #kill() {
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // The process has already exited.
    }
  }

  /** Kills the whole process group at once, because these tests do not check how a worker stops. */
  async end() {
    this.#kill();
    if (!this.#ended) await once(this.#child, "close");
  }
}

/** Returns the address that an endpoint prints when it listens. */
function address(lines) {
  for (const line of lines) {
    const found = line.match(/http:\/\/(?:127\.0\.0\.1|localhost):\d+/);
    if (found) return found[0];
  }
}

/** Returns the variables that `runpod-local` prints for workers, once it has printed all of them. */
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

/** A worker that serves its own address. */
export class Worker {
  #process;

  /** Starts the program with these flags, and waits until it listens. */
  static async start(variable, flags, name) {
    const rooms = process.env.RUNPOD_TEST_ROOMS ?? mkdtempSync(join(tmpdir(), "runpod-"));
    const worker = new Worker();
    worker.#process = new Process("worker", [program(variable), ...flags], join(rooms, name));
    try {
      worker.url = await worker.#process.waitFor(address);
    } catch (error) {
      await worker.end();
      throw error;
    }
    return worker;
  }

  waitFor(found) {
    return this.#process.waitFor(found);
  }

  end() {
    return this.#process.end();
  }
}

/** A local endpoint and its worker. */
export class Endpoint {
  #processes = [];

  /** Starts both. `kind` is the name of a worker in `tests/peers`. */
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

  /** The client's base address. On the platform it is `https://api.runpod.ai/v2`. */
  get baseUrl() {
    return `${this.url}/v2`;
  }

  async end() {
    for (const process of this.#processes.reverse()) await process.end();
  }
}

/**
 * Calls `look` until it returns something true, and returns that. The client has no call that waits for a state, so
 * its users have to do the same.
 */
export async function eventually(look) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`still ${JSON.stringify(seen)} after ${PATIENCE} ms`);
    await delay(20);
  }
}
