"""A worker on the official Python SDK whose jobs only wait. `reality.rs` compares it with its model."""

import asyncio
import os

import runpod


async def pause(job):
    await asyncio.sleep(job["input"])


slots = int(os.environ["SLOTS"])
runpod.serverless.start({"handler": pause, "concurrency_modifier": lambda current: slots})
