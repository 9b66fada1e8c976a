"""The official client's `AsyncioEndpoint`, and a worker that returns one value per job."""

import asyncio

import aiohttp
import pytest

from conftest import served
from processes import PATIENCE

endpoint = served("async")

HANG = {"do": "hang"}


def value(value):
    return {"do": "return", "value": value}


@pytest.fixture
def with_client(runpod):
    """Runs a coroutine with a client that has its own session."""

    def run(use):
        async def session():
            async with aiohttp.ClientSession() as session:
                await use(runpod.AsyncioEndpoint("local", session, api_key="any"))

        asyncio.run(session())

    return run


def test_a_job_that_was_run_gives_its_output(with_client):
    async def use(client):
        output = {"text": "Grüße, 世界 🌍", "number": 0.1, "nested": [{"a": None}, []]}
        job = await client.run(value(output))
        assert await job.output(timeout=PATIENCE) == output
        assert await job.status() == "COMPLETED"

    with_client(use)


def test_jobs_that_are_run_together_all_give_their_own_output(with_client):
    async def use(client):
        jobs = await asyncio.gather(*(client.run(value(number)) for number in range(5)))
        outputs = await asyncio.gather(*(job.output(timeout=PATIENCE) for job in jobs))
        assert outputs == list(range(5))

    with_client(use)


def test_a_handler_that_raises_is_a_failed_job_without_output(with_client):
    async def use(client):
        job = await client.run({"do": "raise", "message": "no such model"})
        assert await job.output(timeout=PATIENCE) is None
        assert await job.status() == "FAILED"

    with_client(use)


def test_a_running_job_that_is_cancelled_frees_its_worker(with_client, endpoint):
    async def use(client):
        job = await running(client, endpoint)
        answer = await job.cancel()
        assert (answer["id"], answer["status"]) == (job.job_id, "CANCELLED")
        assert await job.status() == "CANCELLED"
        job = await client.run(value("next"))
        assert await job.output(timeout=PATIENCE) == "next"

    with_client(use)


def test_purging_cancels_what_is_queued_and_leaves_what_runs(with_client, endpoint):
    async def use(client):
        busy = await running(client, endpoint)
        queued = [await client.run(value(number)) for number in range(3)]
        assert await client.purge_queue() == {"removed": 3, "status": "completed"}
        assert [await job.status() for job in queued] == ["CANCELLED"] * 3
        assert await busy.status() == "IN_PROGRESS"
        await busy.cancel()

    with_client(use)


def test_health_counts_jobs_and_workers(with_client, endpoint):
    async def use(client):
        before = (await client.health())["jobs"]["completed"]
        busy = await running(client, endpoint)
        health = await client.health()
        assert health["jobs"]["inProgress"] == health["workers"]["running"] == 1
        await busy.cancel()
        job = await client.run(value(1))
        await job.output(timeout=PATIENCE)
        assert (await client.health())["jobs"]["completed"] == before + 1

    with_client(use)


async def running(client, endpoint):
    """Starts a job that runs until it is cancelled, and waits for its handler. See `hanging` in test_values.py."""
    job = await client.run(HANG)
    await asyncio.to_thread(endpoint.worker.has_started, job.job_id)
    assert await job.status() == "IN_PROGRESS"
    return job
