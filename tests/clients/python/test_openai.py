"""The official `openai` package with only its base URL changed: against our worker on the local endpoint and over HTTP,
and against a worker on the official SDK."""

import os
import sys
from pathlib import Path

import openai
import pytest

from processes import Process, address, environment, program

HERE = Path(__file__).parent

WORDS = [{"role": "user", "content": "to be or not"}]


class Worker:
    """A worker and the client of its routes."""

    def __init__(self, kind, room, ours="RUNPOD_TEST_CHAT"):
        self.kind = kind
        self.processes = []
        if kind == "sdk":
            local = self.process("endpoint", [program("RUNPOD_TEST_LOCAL"), "--port", "0"], room)
            self.url = local.wait_for(address)
            command = [sys.executable, str(HERE / "openai_worker.py")]
            self.process("worker", command, room, local.wait_for(environment))
            base = "/openai/v1"
        else:
            arguments = {
                "queue": ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", "0"],
                "http": ["--serve-http", "--http-port", "0"],
            }[kind]
            worker = self.process("worker", [program(ours), *arguments], room)
            self.url = worker.wait_for(address)
            base = {"queue": "/v2/local/openai/v1", "http": "/v1"}[kind]
        self.log = self.processes[0]
        self.client = openai.OpenAI(base_url=self.url + base, api_key="any", max_retries=0)

    def process(self, *arguments):
        process = Process(*arguments)
        self.processes.append(process)
        return process

    def end(self):
        self.client.close()
        for process in reversed(self.processes):
            process.end()


def workers(*kinds, ours="RUNPOD_TEST_CHAT"):
    @pytest.fixture(scope="module", params=kinds)
    def worker(request, tmp_path_factory):
        rooms = os.environ.get("RUNPOD_TEST_ROOMS")
        rooms = Path(rooms) if rooms else tmp_path_factory.mktemp("rooms")
        room = rooms / f"openai-{request.param}-{ours.lower()}"
        worker = Worker(request.param, room, ours)
        yield worker
        worker.end()

    return worker


ours = workers("queue", "http")
sdk = workers("sdk")
caller = workers("queue", "http", ours="RUNPOD_TEST_TOOLS")


@pytest.fixture
def client(ours):
    return ours.client


def test_the_models_are_listed_and_found(client):
    assert [model.id for model in client.models.list()] == ["lengths-1", "parrot-1"]
    assert client.models.retrieve("parrot-1").id == "parrot-1"


def test_an_answer_is_one_object(client):
    answer = client.chat.completions.create(model="parrot-1", messages=WORDS, max_tokens=3)
    assert answer.object == "chat.completion"
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content) == ("assistant", "to be or ")
    assert choice.finish_reason == "length"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 3)


def test_a_stream_has_the_pieces_the_reason_and_the_usage(client):
    parts = [{"type": "text", "text": "to be"}, {"type": "text", "text": "or not"}]
    stream = client.chat.completions.create(
        model="parrot-1",
        messages=[{"role": "user", "content": parts}],
        stream=True,
        stream_options={"include_usage": True},
    )
    *chunks, usage = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "to be\nor not"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (usage.choices, usage.usage.total_tokens) == ([], 6)


WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def test_the_model_calls_a_function_and_gets_its_result(caller):
    messages = [{"role": "user", "content": "Will it rain in Oslo?"}]
    arguments = {"model": "forecaster-1", "tools": [WEATHER]}
    answer = caller.client.chat.completions.create(messages=messages, **arguments)
    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    call = choice.message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("weather", '{"city":"Oslo"}')
    messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    answer = caller.client.chat.completions.create(messages=messages, **arguments)
    assert answer.choices[0].message.content == "The forecast: rain."


def test_a_stream_contains_the_call_of_a_function(caller):
    messages = [{"role": "user", "content": "Will it rain in Oslo?"}]
    # The client itself puts the pieces of the answer together.
    with caller.client.chat.completions.stream(
        model="forecaster-1", messages=messages, tools=[WEATHER]
    ) as stream:
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"city":"Oslo"}'


def test_a_malformed_function_is_refused_with_its_place(caller):
    with pytest.raises(openai.APIError) as raised:
        for _ in caller.client.chat.completions.create(
            model="forecaster-1", messages=WORDS, tools=[{"type": "function"}], stream=True
        ):
            pass
    assert raised.value.param == "tools.0.function"


def test_a_prompt_is_completed(client):
    whole = client.completions.create(model="parrot-1", prompt="a b c", max_tokens=2)
    assert whole.choices[0].text == "a b "
    stream = client.completions.create(model="parrot-1", prompt="a b c", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "a b c"


def test_texts_become_vectors(client):
    # The client asks for base64 unless the caller names a format.
    for more in ({}, {"encoding_format": "float"}):
        answer = client.embeddings.create(model="lengths-1", input=["a", "b c d"], **more)
        assert [vector.embedding for vector in answer.data] == [[1.0], [5.0]]
        assert answer.usage.prompt_tokens == 4


BAD = [
    ({"temperature": -1}, "temperature", 400),
    ({"max_tokens": 0}, "max_tokens", 400),
    ({"max_tokens": 4097}, "max_tokens", 400),
    ({"messages": []}, "messages", 400),
    ({"messages": [{"role": "robot", "content": "hi"}]}, "messages.0.role", 400),
    ({"messages": [{"role": "user", "content": "a " * 4097}]}, "messages", 400),
    ({"model": "gpt-4"}, "model", 404),
    ({"n": 2}, "n", 400),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools", 400),
    ({"response_format": {"type": "json_object"}}, "response_format", 400),
]


@pytest.mark.parametrize("bad,param,status", BAD)
def test_a_bad_request_is_an_error_with_its_parameter(ours, bad, param, status):
    arguments = {"model": "parrot-1", "messages": WORDS, **bad}
    with pytest.raises(openai.APIError) as raised:
        for _ in ours.client.chat.completions.create(**arguments, stream=True):
            pass
    assert raised.value.param == param
    if ours.kind == "http":
        with pytest.raises(openai.APIStatusError) as raised:
            ours.client.chat.completions.create(**arguments)
        assert (raised.value.status_code, raised.value.param) == (status, param)
    else:
        # As on the platform, the error is an object with the status 200.
        answer = ours.client.chat.completions.create(**arguments)
        assert (answer.object, answer.code, answer.param) == ("error", status, param)


def test_a_stream_that_is_closed_stops_the_job(ours):
    many = [{"role": "user", "content": "word " * 4000}]
    stream = ours.client.chat.completions.create(model="parrot-1", messages=many, stream=True)
    next(iter(stream))
    stream.close()
    ours.log.wait_for(
        # Over HTTP, the job may also fail at an item that its client does not read any more.
        lambda lines: any(end in line for line in lines for end in ("CANCELLED", "Job stopped.", "disconnected")) or None
    )
    # The slot is free again.
    test_an_answer_is_one_object(ours.client)


def test_a_worker_on_the_sdk_serves_the_same_clients(sdk):
    client = sdk.client
    assert [model.id for model in client.models.list()] == ["python"]
    answer = client.chat.completions.create(model="python", messages=WORDS)
    assert answer.choices[0].message.content == "to be or not"
    stream = client.chat.completions.create(model="python", messages=WORDS, stream=True)
    assert [chunk.choices[0].delta.content for chunk in stream] == ["to", "be", "or", "not"]


def test_a_failed_job_of_a_worker_on_the_sdk_is_an_error(sdk):
    fails = [{"role": "user", "content": "fail"}]
    with pytest.raises(openai.InternalServerError, match="out of memory"):
        sdk.client.chat.completions.create(model="python", messages=fails)
    with pytest.raises(openai.APIError, match="out of memory"):
        list(sdk.client.chat.completions.create(model="python", messages=fails, stream=True))
