"""A local endpoint with one worker attached, as processes."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# How long anything may take before it counts as hung. Far above what it takes; no test measures time.
PATIENCE = 60


def program(variable):
    """A program that `cargo xtask test` has built."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(
            f"{variable} names no program; run this suite with `cargo xtask test`, or set it"
        )
    return path


class Process:
    """A program in a process group of its own, with nothing of our environment but the path."""

    def __init__(self, name, command, room, environment=None):
        room.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = room / f"{name}.log"
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            command,
            cwd=room,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(room),
                # Results of a worker that was killed are kept in its room, for the next worker there: never on this
                # machine's network volume, and not for a worker of another test.
                "RUNPOD_RESULT_SPOOL": str(room / "spool"),
                "TMPDIR": str(room),
                # The built-in checks look at the machine, not at the protocol.
                "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
                "RUNPOD_SKIP_GPU_CHECK": "true",
                **(environment or {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        with self.log.open("w", encoding="utf-8") as log:
            for line in self._process.stdout:
                text = line.decode("utf-8", "replace")
                log.write(text)
                log.flush()
                with self._changed:
                    self._lines.append(text.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, found):
        """The first thing other than None that `found` makes of all lines so far."""
        result = None

        def there():
            nonlocal result
            result = found(self._lines)
            return result is not None or self._ended

        with self._changed:
            self._changed.wait_for(there, PATIENCE)
            if result is None:
                end = "it ended" if self._ended else f"nothing came in {PATIENCE} s"
                wrote = "\n".join(self._lines)
                raise RuntimeError(f"{self.name}: {end}; it wrote:\n{wrote}")
        return result

    def has_started(self, job):
        """Waits until the handler of a job has begun, as either worker says in its log."""
        self.wait_for(
            lambda lines: any(job in line and "Started." in line for line in lines) or None
        )

    def line(self):
        """Lets a handler go on that waits for a line on standard input."""
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def end(self):
        """Ends the whole group at once: how a worker ends is not what these tests are about."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process.stdin.close()
        self._reader.join()


def address(lines):
    """The address that an endpoint prints once it listens."""
    for line in lines:
        found = re.search(r"http://(?:127\.0\.0\.1|localhost):\d+", line)
        if found:
            return found.group()
    return None


def environment(lines):
    """The variables that `runpod-local` prints for workers, once all are there."""
    pattern = re.compile(r"\b(RUNPOD_[A-Z_]+)=(?:'([^']*)'|\"([^\"]*)\"|(\S+))")
    found = {}
    for line in lines:
        for name, single, double, bare in pattern.findall(line):
            found[name] = single or double or bare
    needed = {
        "RUNPOD_WEBHOOK_GET_JOB",
        "RUNPOD_WEBHOOK_POST_OUTPUT",
        "RUNPOD_WEBHOOK_POST_STREAM",
        "RUNPOD_WEBHOOK_PING",
        "RUNPOD_PING_INTERVAL",
        "RUNPOD_AI_API_KEY",
        "RUNPOD_POD_ID",
    }
    return found if needed <= found.keys() else None


class Endpoint:
    """A local endpoint and the worker behind it.

    `attached` says whose worker and where: `in-process` is ours, serving the endpoint itself (`--rp_serve_api`); `ours`
    and `sdk` are processes attached to the stand-alone `runpod-local`. `kind` is a worker's name in `tests/peers`.
    """

    def __init__(self, attached, kind, room):
        self._processes = []
        try:
            self._start(attached, kind, room)
        except BaseException:
            self.end()
            raise

    def _start(self, attached, kind, room):
        if attached == "in-process":
            serve = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", "0"]
            self.worker = self._process(
                "worker", [program("RUNPOD_TEST_WORKER"), kind, *serve], room
            )
            self.url = self.worker.wait_for(address)
            return
        server = self._process("endpoint", [program("RUNPOD_TEST_LOCAL"), "--port", "0"], room)
        self.url = server.wait_for(address)
        command = {
            "ours": [program("RUNPOD_TEST_WORKER")],
            "sdk": [sys.executable, str(ROOT / "tests/peers/python_peer.py")],
        }[attached]
        self.worker = self._process(
            "worker", [*command, kind], room, server.wait_for(environment)
        )

    def _process(self, *arguments):
        process = Process(*arguments)
        self._processes.append(process)
        return process

    @property
    def base_url(self):
        """What the clients take for the platform's `https://api.runpod.ai/v2`."""
        return f"{self.url}/v2"

    def end(self):
        for process in reversed(self._processes):
            process.end()
