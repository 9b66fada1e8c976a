"""Measures the worker `embed`: `python measure.py TARGET/debug FOLDER`, where FOLDER has the model.

Build the programs first: `cargo build -p embed --bin embed --example one_by_one`. All figures of a row come from the same round,
because other programs may use the processors. The last figure of a row is a ratio.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

ROUNDS = 3
SECONDS = 4
WORDS = "the of and to a in that it is was for on are as with his they at be this have from or one had by".split()


def text(number):
    """Returns a sentence of 12 words, which has about 14 tokens. No two calls get the same one."""
    return " ".join(WORDS[(number * 7 + place * (number % 5 + 1)) % len(WORDS)] for place in range(12))


class Worker:
    def __init__(self, program, folder):
        environment = {"PATH": os.environ["PATH"], "MODEL_DIR": folder, "RUNPOD_RESULT_SPOOL": "off", "RUNPOD_LOG_LEVEL": "INFO"}
        started = time.monotonic()
        self.process = subprocess.Popen(
            [program, "--rp_serve_api", "--rp_api_port", "0"], env=environment, stdout=subprocess.PIPE, text=True
        )
        self.calls = self.requests = 0
        ready = threading.Event()
        threading.Thread(target=self.read, args=(ready,), daemon=True).start()
        ready.wait()
        self.vectors(http.client.HTTPConnection(self.address), [text(0)])
        self.first_result = time.monotonic() - started

    def read(self, ready):
        for line in self.process.stdout:
            if found := re.search(r"endpoint is at http://([^:/]+:\d+)", line):
                self.address = found[1]
                ready.set()
            if found := re.search(r"texts of (\d+) requests", line):
                self.calls += 1
                self.requests += int(found[1])

    def vectors(self, connection, texts):
        body = json.dumps({"model": "all-MiniLM-L6-v2", "input": texts, "encoding_format": "base64"})
        connection.request("POST", "/v2/local/openai/v1/embeddings", body, {"content-type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        assert len(answer["data"]) == len(texts), answer

    def processor_time(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rates(self, clients, batch):
        """Returns the texts per second, the texts per second of processor time, and the requests per model call, while
        each client has one request of `batch` texts at a time."""
        end = time.monotonic() + SECONDS
        done = [0] * clients

        def client(number):
            connection = http.client.HTTPConnection(self.address)
            while time.monotonic() < end:
                self.vectors(connection, [text(number * 1000 + done[number] + at) for at in range(batch)])
                done[number] += batch

        calls, requests = self.calls, self.requests
        started, used = time.monotonic(), self.processor_time()
        threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        texts, size = sum(done), (self.requests - requests) / max(1, self.calls - calls)
        return texts / (time.monotonic() - started), texts / (self.processor_time() - used), size

    def memory(self, key):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{key}:\s+(\d+) kB", status.read())[1]) / 1000

    def end(self):
        self.process.terminate()
        self.process.wait()


def main():
    _, programs, folder = sys.argv
    batched, one = (Worker(f"{programs}/{name}", folder) for name in ("embed", "examples/one_by_one"))
    print(f"first result after {batched.first_result:.2f} s, memory {batched.memory('VmRSS'):.0f} MB")
    rows = {}
    for round in range(ROUNDS):
        for name, worker, clients, batch in [
            ("1 text a request", batched, 1, 1),
            ("8 texts a request", batched, 1, 8),
            ("32 texts a request", batched, 1, 32),
            ("1 client, without batching", one, 1, 1),
            ("1 client, with batching", batched, 1, 1),
            ("8 clients, without batching", one, 8, 1),
            ("8 clients, with batching", batched, 8, 1),
            ("64 clients, without batching", one, 64, 1),
            ("64 clients, with batching", batched, 64, 1),
        ]:
            rows.setdefault(name, []).append(worker.rates(clients, batch))
    base = None
    for name, found in rows.items():
        rates, per_time, sizes = zip(*found)
        if name == "1 text a request" or "without" in name:
            base = rates, per_time
        ratios = [sorted(one / other for one, other in zip(mine, of)) for mine, of in zip((rates, per_time), base)]
        shown = [f"x {statistics.median(it):.2f} ({it[0]:.2f} to {it[-1]:.2f})" for it in ratios]
        size = 1 if "without" in name else statistics.median(sizes)
        print(
            f"{name}: {statistics.median(rates):.0f} texts/s, {shown[0]}; "
            f"{statistics.median(per_time):.0f} texts per second of processor time, {shown[1]}; {size:.1f} requests a call"
        )
    print(f"peak memory {batched.memory('VmHWM'):.0f} MB with batching, {one.memory('VmHWM'):.0f} MB without")
    batched.end()
    one.end()


if __name__ == "__main__":
    main()
