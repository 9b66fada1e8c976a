"""The official client's `Endpoint`, and a worker that returns one value per job."""

import pytest
import requests

from conftest import served
from processes import PATIENCE
from waiting import eventually

endpoint = served("async")

HANG = {"do": "hang"}


def value(value):
    return {"do": "return", "value": value}


@pytest.fixture
def client(runpod):
    return runpod.Endpoint("local", api_key="any")


def hanging(client):
    """Starts a job that runs until it is cancelled, and waits until its handler has started.

    The status IN_PROGRESS is not enough, because a job is in progress as soon as it is taken. If the SDK's worker is
    told to stop a job before its handler has started, it never runs another job: asyncio does not run `finally` in a
    task that is cancelled before its first step.
    """
    job = client.run(HANG)
    eventually(lambda: job.output() == "hanging")
    return job


@pytest.fixture
def busy(client):
    """A job that occupies the worker until the test is over."""
    job = hanging(client)
    yield job
    job.cancel()


def test_a_job_that_was_run_gives_its_output(client):
    output = {"text": "Grüße, 世界 🌍", "number": 0.1, "nested": [{"a": None}, []]}
    job = client.run({"input": value(output)})
    assert job.output(timeout=PATIENCE) == output
    assert job.status() == "COMPLETED"


def test_an_input_that_was_not_wrapped_is_wrapped_by_the_client(client):
    assert client.run(value(7)).output(timeout=PATIENCE) == 7


def test_run_sync_gives_the_output_at_once(client):
    assert client.run_sync({"input": value([1, 2])}, timeout=PATIENCE) == [1, 2]


def test_nothing_returned_is_none(client):
    job = client.run({"do": "nothing"})
    assert job.output(timeout=PATIENCE) is None
    assert job.status() == "COMPLETED"


def test_an_output_of_five_megabytes_arrives_whole(client):
    characters = 5 * 1024 * 1024
    output = client.run_sync({"do": "large", "characters": characters}, timeout=PATIENCE)
    assert len(output) == characters


def test_a_handler_that_raises_is_a_failed_job_without_output_and_with_its_message(client):
    job = client.run({"do": "raise", "message": "no such model"})
    assert eventually(lambda: job.status() not in ("IN_QUEUE", "IN_PROGRESS"))
    assert job.status() == "FAILED"
    assert job.output() is None
    assert "no such model" in client.rp_client.get(f"local/status/{job.job_id}")["error"]


def test_run_sync_of_a_handler_that_raises_gives_none(client):
    assert client.run_sync({"do": "raise", "message": "no"}, timeout=PATIENCE) is None


def test_progress_is_the_output_of_a_job_in_progress(client, endpoint):
    job = client.run({**value("all"), "progress": [{"percent": 50}]})
    assert eventually(job.output) == {"percent": 50}
    assert job.status() == "IN_PROGRESS"
    endpoint.worker.line()
    assert eventually(lambda: job.status() == "COMPLETED")
    assert job.output() == "all"


def test_the_handler_gets_what_was_sent_beside_the_input_but_for_the_policy(client):
    request = {
        "input": {"do": "job"},
        "policy": {"executionTimeout": 60_000, "ttl": 600_000, "lowPriority": False},
        "s3Config": {"bucketName": "b"},
    }
    job = client.run(request)
    output = job.output(timeout=PATIENCE)
    assert output["id"] == job.job_id
    assert output["s3Config"] == {"bucketName": "b"}
    assert "policy" not in output


def test_a_running_job_that_is_cancelled_frees_its_worker(client):
    job = hanging(client)
    assert job.status() == "IN_PROGRESS"
    assert job.cancel()["status"] == "CANCELLED"
    assert job.status() == "CANCELLED"
    # The same worker runs the next job, so it was told to stop the first one.
    assert client.run(value("next")).output(timeout=PATIENCE) == "next"


def test_a_queued_job_that_is_cancelled_is_never_run(client, busy):
    queued = client.run(value("late"))
    assert queued.status() == "IN_QUEUE"
    answer = queued.cancel()
    assert (answer["id"], answer["status"]) == (queued.job_id, "CANCELLED")
    busy.cancel()
    assert client.run(value("next")).output(timeout=PATIENCE) == "next"
    assert queued.status() == "CANCELLED"
    assert queued.output() is None


def test_purging_cancels_what_is_queued_and_leaves_what_runs(client, busy):
    queued = [client.run(value(number)) for number in range(3)]
    assert client.purge_queue() == {"removed": 3, "status": "completed"}
    assert [job.status() for job in queued] == ["CANCELLED"] * 3
    assert busy.status() == "IN_PROGRESS"
    assert client.purge_queue() == {"removed": 0, "status": "completed"}


def test_health_counts_jobs_and_workers(client, busy):
    running = client.health()
    assert running["jobs"]["inProgress"] == 1
    assert running["workers"]["running"] == 1
    busy.cancel()

    before = client.health()["jobs"]
    client.run_sync(value(1), timeout=PATIENCE)
    client.run_sync({"do": "raise", "message": "no"}, timeout=PATIENCE)
    after = client.health()
    assert after["jobs"]["completed"] == before["completed"] + 1
    assert after["jobs"]["failed"] == before["failed"] + 1
    assert after["jobs"]["inQueue"] == after["jobs"]["inProgress"] == 0
    assert eventually(lambda: client.health()["workers"]["idle"]) == 1
    assert {"initializing", "ready", "throttled", "unhealthy"} <= after["workers"].keys()


def test_a_job_that_is_not_known_is_not_found(runpod, client):
    job = runpod.endpoint.runner.Job("local", "no-such-job", client.rp_client)
    with pytest.raises(requests.HTTPError) as raised:
        job.status()
    assert raised.value.response.status_code == 404
    assert "no-such-job" in raised.value.response.json()["error"]


def test_a_request_without_input_is_refused_with_the_reason(client):
    with pytest.raises(requests.HTTPError) as raised:
        client.rp_client.post("local/run", {"webhook": "http://127.0.0.1:1/"})
    assert raised.value.response.status_code == 400
    assert "input" in raised.value.response.json()["error"]
