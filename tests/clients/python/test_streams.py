"""The official client's `Job.stream`, with and without asyncio, and a worker that streams."""

import asyncio

import aiohttp
import pytest

from conftest import served
from processes import PATIENCE

endpoint = served("stream-aggregate")


def items(*items):
    return [{"item": item} for item in items]


# The handler waits here until the suite lets it continue.
HELD = {"progress": "held"}


@pytest.fixture
def client(runpod):
    return runpod.Endpoint("local", api_key="any")


def test_an_item_arrives_while_the_next_one_is_not_yet_made(client, endpoint):
    job = client.run({"input": {"steps": [*items("first"), HELD, *items("second")]}})
    stream = job.stream()
    assert next(stream) == "first"
    assert job.status() == "IN_PROGRESS"
    endpoint.worker.line()
    assert list(stream) == ["second"]
    assert job.status() == "COMPLETED"


def test_many_items_arrive_whole_and_in_order(client):
    expected = [{"index": index, "text": "ü" * (index % 50)} for index in range(500)]
    job = client.run({"input": {"steps": items(*expected)}})
    assert list(job.stream()) == expected
    assert job.output(timeout=PATIENCE) == expected


def test_a_stream_that_fails_keeps_its_items(client):
    job = client.run({"input": {"steps": [*items(1, 2), {"raise": "torn"}]}})
    assert list(job.stream()) == [1, 2]
    assert job.status() == "FAILED"
    assert "torn" in client.rp_client.get(f"local/status/{job.job_id}")["error"]


def test_run_sync_of_a_stream_gives_all_items(client):
    request = {"input": {"steps": items("a", "b")}}
    assert client.run_sync(request, timeout=PATIENCE) == ["a", "b"]


def test_asyncio_an_item_arrives_while_the_next_one_is_not_yet_made(runpod, endpoint):
    async def use():
        async with aiohttp.ClientSession() as session:
            client = runpod.AsyncioEndpoint("local", session, api_key="any")
            job = await client.run({"steps": [*items("first"), HELD, *items("second")]})
            stream = job.stream()
            assert await anext(stream) == "first"
            assert await job.status() == "IN_PROGRESS"
            endpoint.worker.line()
            assert [item async for item in stream] == ["second"]
            assert await job.output(timeout=PATIENCE) == ["first", "second"]

    asyncio.run(use())
