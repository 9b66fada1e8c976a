"""A worker on the official Python SDK, written as a user of the SDK would write it."""

import asyncio
import os
import time

import runpod


async def value(job):
    work = job["input"]
    if work.get("ms"):
        await asyncio.sleep(work["ms"] / 1000)
    return "x" * work["bytes"] if work.get("bytes") else 0


async def items(job):
    for _ in range(job["input"]["items"]):
        yield time.monotonic_ns()


if __name__ == "__main__":
    slots = int(os.environ["BENCH_SLOTS"])
    handler = items if os.environ["BENCH_KIND"] == "stream" else value
    runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: slots})
