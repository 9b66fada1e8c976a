// The programs under test: the stand-alone endpoint, and workers that serve an endpoint themselves.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** How many ms a test waits before it fails. Far longer than anything here takes. No test measures time. */
export const PATIENCE = 60_000;

/** The folder for screenshots and logs. */
export const artefacts = process.env.RUNPOD_TEST_ARTEFACTS || mkdtempSync(join(tmpdir(), "runpod-page-"));
mkdirSync(artefacts, { recursive: true });

/** Starts the stand-alone endpoint. Nothing runs its jobs until a worker connects. */
export async function endpoint(name, { args = [], environment = {} } = {}) {
  const program = new Program(name, variable("RUNPOD_TEST_LOCAL"), ["--port", "0", ...args], { environment });
  const url = await program.find(address);
  return { url, webhooks: await program.find(webhooks), end: () => program.end() };
}

/** Starts a worker that serves the endpoint itself. `example` is the job in its `test_input.json`. */
export async function serving(name, which, example) {
  const args = ["--rp_serve_api", "--rp_api_host=127.0.0.1", "--rp_api_port=0"];
  const files = example ? { "test_input.json": JSON.stringify(example) } : {};
  const program = new Program(name, variable(which), args, { files });
  const url = await program.find(address);
  return { url, end: () => program.end() };
}

/** Starts a load balancer with a worker that serves HTTP. */
export async function balanced(name) {
  const program = new Program(name, variable("RUNPOD_TEST_BALANCED"), [variable("RUNPOD_TEST_SERVE_HTTP")], {});
  const url = await program.find((lines) => lines.map((line) => line.match(/^ready at (.*)/)?.[1]).find(Boolean));
  return { url, end: () => program.end() };
}

function variable(name) {
  const path = process.env[name];
  if (!path) throw new Error(`${name} names no program; run this suite with \`cargo xtask page\`, or set it`);
  return path;
}

class Program {
  #child;
  #lines = [];
  #changes = new EventEmitter();
  #ended = null;

  constructor(name, command, args, { files = {}, environment = {} }) {
    this.name = name;
    const room = mkdtempSync(join(artefacts, `${name}-`));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(room, file), text);
    this.#child = spawn(command, args, {
      cwd: room,
      env: {
        PATH: process.env.PATH,
        HOME: room,
        // The program keeps its files in its own folder, not elsewhere on this machine.
        TMPDIR: room,
        RUNPOD_RESULT_SPOOL: join(room, "spool"),
        // The built-in checks test the machine, not the page.
        RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true",
        RUNPOD_SKIP_GPU_CHECK: "true",
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    process.once("exit", () => this.#child.kill("SIGKILL"));
    this.#child.once("error", (error) => this.#over(`it could not be started: ${error.message}`));
    this.#child.once("close", () => this.#over("it exited"));
    const log = createWriteStream(join(room, "log"));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: output }).on("line", (line) => {
        log.write(`${line}\n`);
        this.#lines.push(line);
        this.#changes.emit("change");
      });
    }
  }

  /** Waits until `look` finds something in the program's lines, and returns that. */
  async find(look) {
    const signal = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const found = look(this.#lines);
      if (found !== undefined) return found;
      const ended = this.#ended ?? (await once(this.#changes, "change", { signal }).then(() => null, () => "it printed nothing more"));
      if (ended) throw new Error(`${this.name}: ${ended}; it wrote:\n${this.#lines.join("\n")}`);
    }
  }

  async end() {
    if (this.#ended) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  #over(how) {
    this.#ended = how;
    this.#changes.emit("change");
  }
}

function address(lines) {
  return lines.map((line) => line.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0]).find(Boolean);
}

function webhooks(lines) {
  const found = {};
  for (const [, name, value] of lines.join("\n").matchAll(/\bRUNPOD_WEBHOOK_([A-Z_]+)='([^']*)'/g)) found[name] = value;
  return ["GET_JOB", "POST_OUTPUT", "POST_STREAM", "PING"].every((name) => name in found) ? found : undefined;
}
