"""Checks of the worker with the official `openai` client: `clients.py CHECK URL MODEL.gguf`."""

import json
import sys
import urllib.request

import openai

import reference

NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
QUESTION = "What is the capital of France?"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"

url, path = sys.argv[2:4]
client = openai.OpenAI(base_url=f"{url}/v2/local/openai/v1", api_key="any", max_retries=0)


def chat(content=QUESTION, **parameters):
    parameters = {"model": NAME, "temperature": 0, **parameters}
    messages = parameters.pop("messages", [{"role": "user", "content": content}])
    return client.chat.completions.create(messages=messages, **parameters)


def text(answer):
    return answer.choices[0].message.content


def capital():
    answer = chat()
    assert "Paris" in text(answer), answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.model == NAME
    usage = answer.usage
    assert (usage.prompt_tokens, usage.total_tokens) == (37, 37 + usage.completion_tokens), usage
    assert [model.id for model in client.models.list()] == [NAME]
    print(text(answer))


def stream():
    whole = chat()
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == text(whole), (pieces, whole)
    # Each token has its own piece, with its leading space.
    assert sum(piece.startswith(" ") for piece in pieces) >= 5, pieces
    assert chunks[-1].usage == whole.usage, (chunks[-1], whole)
    # Letters of several tokens are never split.
    prompt = "🦜🏝️ größer 日本語 🦜🏝️ größer 日本語 🦜🏝️"
    completion = {"model": NAME, "prompt": prompt, "max_tokens": 24, "temperature": 0}
    whole = client.completions.create(**completion).choices[0].text
    pieces = [chunk.choices[0].text for chunk in client.completions.create(**completion, stream=True)]
    assert "".join(pieces) == whole, (pieces, whole)
    assert "\ufffd" not in whole and any(ord(letter) > 0x2000 for letter in whole), whole


def parameters():
    limited = chat(max_tokens=3)
    assert (limited.usage.completion_tokens, limited.choices[0].finish_reason) == (3, "length")
    stopped = chat(stop=[" Paris"])
    assert stopped.choices[0].finish_reason == "stop"
    assert text(stopped) == text(chat()).split(" Paris")[0], stopped
    assert text(chat(temperature=2, top_p=0)) == text(chat())
    story = {"content": "Tell a story.", "max_tokens": 12, "temperature": 1.5}
    one, same, other = (text(chat(**story, seed=seed)) for seed in (1, 1, 2))
    assert one == same != other, (one, same, other)
    assert len({text(chat(**story)) for _ in range(3)}) == 3
    parts = [{"type": "text", "text": "What is the capital "}, {"type": "text", "text": "of France?"}]
    assert "Paris" in text(chat(parts))


def post(input):
    body = json.dumps({"input": input}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v2/local/runsync", body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def native():
    whole = text(chat(max_tokens=5))
    options = {"max_tokens": 5, "temperature": 0}
    messages = [{"role": "user", "content": QUESTION}]
    for extra in (options, {"sampling_params": options}):
        [answer] = post({"messages": messages, **extra})["output"]
        assert answer["choices"] == [{"tokens": [whole]}], answer
        assert answer["usage"] == {"input": 37, "output": 5}, answer


def refused(param, code=None, **parameters):
    # On a queue endpoint, an error has the status 200. In a stream, the client raises it.
    answer = chat(**parameters)
    assert (answer.object, answer.param) == ("error", param), answer
    assert code in (None, answer.error_code), answer
    assert answer.type in ("invalid_request_error", "not_found_error"), answer
    print(answer.message)
    try:
        list(chat(**parameters, stream=True))
    except openai.APIError as error:
        assert error.param == param, error.body
    else:
        raise AssertionError(f"a stream with {parameters} was accepted")


def refusals():
    refused("messages", messages=[{"role": "system", "content": "Be brief."}])
    refused("messages.0.role", messages=[{"role": "robot", "content": "hi"}])
    refused("model", "model_not_found", model="gpt-4")
    refused("max_tokens", max_tokens=0)
    refused("max_tokens", "context_length_exceeded", max_tokens=8193)
    refused("messages", "context_length_exceeded", content="word " * 9000)
    refused("temperature", temperature=-1)
    assert "Paris" in text(chat())


def abandon():
    stream = chat("Count to one thousand.", max_tokens=4000, stream=True)
    # The first frame has only the role.
    texts = (chunk for chunk in stream if chunk.choices[0].delta.content)
    for _, chunk in zip(range(4), texts):
        assert chunk.choices
    stream.close()


def equal():
    """The worker's replies are those of an independent implementation."""
    model = reference.Model(path)
    tokenizer = model.tokenizer
    assert tokenizer.encode("What is 12345?") == [1780, 314, 216, 33, 34, 35, 36, 37, 47]
    for question in (QUESTION, "What is 12345 plus 1?", "Schreibe 'größer' in 3 Sprachen!"):
        prompt = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        ids = tokenizer.encode(prompt)
        reply = model.greedy(ids, 16)
        answer = chat(question, max_tokens=16)
        assert text(answer) == tokenizer.decode(reply), (text(answer), tokenizer.decode(reply))
        found = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        assert found == (len(ids), len(reply)), (found, ids, reply)
        print(f"{question} {text(answer)!r}")
    memory = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello Ada!"},
        {"role": "user", "content": "What is my name?"},
    ]
    roles = {"developer": "system"}
    turns = (f"<|im_start|>{roles.get(it['role'], it['role'])}\n{it['content']}<|im_end|>\n" for it in memory)
    ids = tokenizer.encode("".join(turns) + "<|im_start|>assistant\n")
    assert chat(messages=memory, max_tokens=1).usage.prompt_tokens == len(ids)
    texts = ("What is 12345?", "  two spaces\n\n\ttab", "It's 1,000.50 €; we'll see_it", "größer 日本 🦜")
    for sample in texts:
        answer = client.completions.create(model=NAME, prompt=sample, max_tokens=1)
        assert answer.usage.prompt_tokens == len(tokenizer.encode(sample)), sample


CHECKS = (capital, stream, parameters, native, refusals, abandon, equal)
{check.__name__: check for check in CHECKS}[sys.argv[1]]()
