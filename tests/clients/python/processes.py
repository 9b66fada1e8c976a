"""Starts a local endpoint and a worker as processes."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# How many seconds a test waits before it fails. Far longer than anything here takes. No test measures time.
PATIENCE = 60


def program(variable):
    """Returns the path of a program that `cargo xtask test` has built."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(
            f"{variable} is not set to a program; run this suite with `cargo xtask test`, or set it"
        )
    return path


class Process:
    """A program in its own process group. Of the suite's environment, it gets only PATH."""

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
                # The results of a killed worker are kept in the test's own folder, for the next worker there. They
                # never go to this machine's network volume or to a worker of another test.
                "RUNPOD_RESULT_SPOOL": str(room / "spool"),
                "TMPDIR": str(room),
                # The built-in checks test the machine, not the protocol.
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
        """Waits until `found` returns something other than None for all lines so far, and returns that."""
        result = None

        def there():
            nonlocal result
            result = found(self._lines)
            return result is not None or self._ended

        with self._changed:
            self._changed.wait_for(there, PATIENCE)
            if result is None:
                end = "it exited" if self._ended else f"it printed nothing for {PATIENCE} s"
                wrote = "\n".join(self._lines)
                raise RuntimeError(f"{self.name}: {end}; it wrote:\n{wrote}")
        return result

    def has_started(self, job):
        """Waits until the job's handler has started. Both workers log this."""
        self.wait_for(
            lambda lines: any(job in line and "Started." in line for line in lines) or None
        )

    def line(self):
        """Sends a line to standard input, which lets a waiting handler continue."""
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def end(self):
        """Kills the whole process group at once, because these tests do not check how a worker stops."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process.stdin.close()
        self._reader.join()


def address(lines):
    """Returns the address that an endpoint prints when it listens."""
    for line in lines:
        found = re.search(r"http://(?:127\.0\.0\.1|localhost):\d+", line)
        if found:
            return found.group()
    return None


def environment(lines):
    """Returns the variables that `runpod-local` prints for workers, once it has printed all of them."""
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
    """A local endpoint and its worker.

    `attached` selects the kind of worker: `in-process` is our worker, which serves the endpoint itself
    (`--rp_serve_api`). `ours` and `sdk` are worker processes that are connected to the stand-alone `runpod-local`.
    `kind` is the name of a worker in `tests/peers`.
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
        """The client's base address. On the platform it is `https://api.runpod.ai/v2`."""
        return f"{self.url}/v2"

    def end(self):
        for process in reversed(self._processes):
            process.end()
