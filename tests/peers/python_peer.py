"""The reference worker of the conformance suite: the real SDK, with handlers that do what the job's input says.

`rust-peer` builds the same workers under the same names; its `main.rs` explains the names.
"""

import asyncio
import sys
import threading
import types

# The SDK calls this for the processor's name when it is imported. That takes a second of each start, and only the SDK's
# debugger shows the name.
sys.modules["cpuinfo"] = types.SimpleNamespace(get_cpu_info=lambda: {"brand_raw": "any"})

import runpod  # noqa: E402
from runpod.serverless.utils import rp_debugger  # noqa: E402

# Python's standard input cannot be read by several threads at once.
ONE_READER = threading.Lock()


def line():
    """Waits until the suite confirms that the job's announcement has arrived."""
    with ONE_READER:
        sys.stdin.readline()


async def line_async():
    await asyncio.to_thread(line)


def answer(job):
    """Returns the handler's output after all waiting, or raises an error if the plan says so."""
    plan = job["input"]
    match plan["do"]:
        case "return":
            return plan["value"]
        case "nothing":
            return None
        case "raise":
            raise ValueError(plan["message"])
        case "job":
            return dict(job)
        case "large":
            return "x" * plan["characters"]
        case "not a number":
            return float("nan")
        case "not json":
            return {(1, 2)}
    raise LookupError(f"unknown task: {plan['do']}")


def plain(job):
    for update in job["input"].get("progress", []):
        runpod.serverless.progress_update(job, update)
        line()
    return answer(job)


async def asynchronous(job):
    for update in job["input"].get("progress", []):
        runpod.serverless.progress_update(job, update)
        await line_async()
    if job["input"]["do"] == "hang":
        runpod.serverless.progress_update(job, "hanging")
        await asyncio.Event().wait()
    if job["input"].get("wait"):
        await line_async()
    return answer(job)


def generator(job):
    for step in job["input"]["steps"]:
        if "progress" in step:
            runpod.serverless.progress_update(job, step["progress"])
            line()
        if "raise" in step:
            raise ValueError(step["raise"])
        if "item" in step:
            yield step["item"]


async def async_generator(job):
    for step in job["input"]["steps"]:
        if "progress" in step:
            runpod.serverless.progress_update(job, step["progress"])
            await line_async()
        if "raise" in step:
            raise ValueError(step["raise"])
        if "item" in step:
            yield step["item"]


def timed(job):
    checkpoints = rp_debugger.Checkpoints()
    checkpoints.add("whole")
    checkpoints.start("whole")
    with rp_debugger.LineTimer("part"):
        pass
    checkpoints.add("never stopped")
    checkpoints.start("never stopped")
    checkpoints.stop("whole")
    return answer(job)


# The handlers of the SDK's own end-to-end suite. They return `mock_return` after `mock_delay` seconds, as a whole or
# item by item.
async def mock(job):
    await asyncio.sleep(job["input"].get("mock_delay", 0))
    return job["input"]["mock_return"]


def mock_generator(job):
    yield from job["input"]["mock_return"]


async def mock_async_generator(job):
    await asyncio.sleep(job["input"].get("mock_delay", 0))
    for item in job["input"]["mock_return"]:
        yield item


# The fitness checks that have run.
CHECKED = []


def first():
    CHECKED.append("first")


async def second():
    CHECKED.append("second")


def kaput():
    raise RuntimeError(f"no GPU memory after {', '.join(CHECKED)}")


def last():
    CHECKED.append("last")


async def checked(job):
    return CHECKED


CHECKS = {"fit": [first, second, last], "unfit": [first, second, kaput, last]}

FOUR = {"concurrency_modifier": lambda current: 4}
REFRESH = {"refresh_worker": True}
AGGREGATE = {"return_aggregate_stream": True}

WORKERS = {
    "async": {"handler": asynchronous},
    "plain": {"handler": plain},
    "four": {"handler": asynchronous, **FOUR},
    "four-by-modifier": {"handler": asynchronous, **FOUR},
    "refresh": {"handler": asynchronous, **REFRESH},
    "stream": {"handler": async_generator},
    "iterator": {"handler": generator},
    "emitter": {"handler": generator},
    "stream-aggregate": {"handler": async_generator, **AGGREGATE},
    "iterator-aggregate": {"handler": generator, **AGGREGATE},
    "stream-refresh": {"handler": async_generator, **REFRESH},
    "fit": {"handler": checked},
    "unfit": {"handler": checked},
    "timed": {"handler": timed},
    "mock": {"handler": mock},
    "mock-iterator": {"handler": mock_generator, **AGGREGATE},
    "mock-stream": {"handler": mock_async_generator, **AGGREGATE},
}

if __name__ == "__main__":
    worker = sys.argv.pop(1)
    for check in CHECKS.get(worker, []):
        runpod.serverless.register_fitness_check(check)
    runpod.serverless.start(WORKERS[worker])
