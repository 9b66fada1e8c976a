"""The worker that ours is compared with, as a user of the SDK would write it; `worker.rs` is the same in Rust."""

import asyncio
import sys

import runpod


async def value(job):
    await asyncio.sleep(job["input"]["ms"] / 1000)
    return job["input"]["ms"]


async def stream(job):
    for number in range(3):
        yield number


HANDLERS = {"value": value, "stream": stream}

if __name__ == "__main__":
    kind, slots = sys.argv.pop(1), int(sys.argv.pop(1))
    runpod.serverless.start({"handler": HANDLERS[kind], "concurrency_modifier": lambda current: slots})
