"""The reference worker of the chaos suite: the real SDK, with handlers that do what the job's input says.

`chaos-worker` builds the same workers under the same names; see its `main.rs` and `plan.rs`.
"""

import asyncio
import sys
import time
import types

# The SDK calls this for the processor's name when it is imported. That takes a second of each start, and only the SDK's
# debugger shows the name.
sys.modules["cpuinfo"] = types.SimpleNamespace(get_cpu_info=lambda: {"brand_raw": "any"})

import runpod  # noqa: E402


def made(job, number=None):
    """Returns a result, an item or an update. It names its job for the ledger."""
    output = {"job": job["id"], "pad": "x" * job["input"].get("size", 0)}
    if number is not None:
        output["number"] = number
    return output


def end(job):
    match job["input"].get("end", "value"):
        case "error":
            raise ValueError(f"{job['id']} fails as requested")
        case "panic":
            raise SystemError(f"{job['id']} panics as requested")


def progress(job, number):
    if number < job["input"].get("progress", 0):
        runpod.serverless.progress_update(job, {"job": job["id"], "number": number})


async def asynchronous(job):
    for number in range(job["input"].get("progress", 0)):
        progress(job, number)
    await asyncio.sleep(job["input"].get("ms", 0) / 1000)
    end(job)
    return made(job)


def plain(job):
    for number in range(job["input"].get("progress", 0)):
        progress(job, number)
    time.sleep(job["input"].get("ms", 0) / 1000)
    end(job)
    return made(job)


async def stream(job):
    items = job["input"].get("items", 0)
    for number in range(items):
        progress(job, number)
        await asyncio.sleep(job["input"].get("ms", 0) / 1000 / items)
        yield made(job, number)
    end(job)


HANDLERS = {"async": asynchronous, "plain": plain, "stream": stream}

if __name__ == "__main__":
    handler, slots = sys.argv.pop(1), int(sys.argv.pop(1))
    runpod.serverless.start({"handler": HANDLERS[handler], "concurrency_modifier": lambda current: slots})
