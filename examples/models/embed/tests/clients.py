"""Uses a worker on a local endpoint through the official client. `python clients.py CHECK URL FOLDER`, where FOLDER has the
model."""

import sys
import threading

import numpy
import openai

from reference import Model

MODEL = "all-MiniLM-L6-v2"
SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
# Texts of different lengths, so that a batch has padding.
TEXTS = [
    *SENTENCES,
    "This is an example sentence",
    "",
    "Ünïcödé, 漢字 and 🙂",
    "a rather long text about ships in a harbour at night. " * 18,
]


def vectors(client, texts, **more):
    answer = client.embeddings.create(model=MODEL, input=texts, **more)
    return numpy.array([entry.embedding for entry in answer.data]), answer.usage.prompt_tokens


def reference(client, folder):
    """The vectors are those of an independent implementation, in one batch and alone, in both encodings."""
    model = Model(folder)
    expected = numpy.array([model.embed(text) for text in TEXTS])
    together, tokens = vectors(client, TEXTS)
    assert tokens == sum(len(model.tokenizer.encode(text).ids) for text in TEXTS), tokens
    alone = numpy.concatenate([vectors(client, text, encoding_format="float")[0] for text in TEXTS])
    for found in together, alone:
        assert found.shape == (len(TEXTS), 384), found.shape
        worst = abs(found - expected).max()
        print(f"the largest difference is {worst:.2g}")
        assert worst < 1e-4, worst


def similarity(client, folder):
    """The published values of this model: cosines and the first numbers of a vector."""
    found, _ = vectors(client, [*SENTENCES, "This is an example sentence"])
    cosines = found[:3] @ found[:3].T
    for (one, other), expected in {(0, 1): 0.6660, (0, 2): 0.1046, (1, 2): 0.1411}.items():
        assert abs(cosines[one, other] - expected) < 1e-3, cosines
    assert abs(found[3][:3] - [0.0676569, 0.0634959, 0.0487131]).max() < 1e-4, found[3][:3]


def batches(client, folder):
    """Many clients send one text each while the model works on a long request. One text is too long. Each client gets
    its own vector or error."""
    model = Model(folder)
    # As many texts as no other request has, so that the log shows when this call ran.
    busy = threading.Thread(target=vectors, args=(client, [TEXTS[-1]] * 48))
    busy.start()
    texts = [f"text number {number}" for number in range(24)]
    too_long = 7
    texts[too_long] = "word " * 300
    found = [None] * len(texts)

    def send(number):
        response = client.embeddings.with_raw_response.create(model=MODEL, input=texts[number], encoding_format="float")
        found[number] = response.http_response.json()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(texts))]
    for thread in [*threads]:
        thread.start()
    for thread in [*threads, busy]:
        thread.join()
    for number, answer in enumerate(found):
        if number == too_long:
            assert (answer["object"], answer["param"], answer["code"]) == ("error", "input.0", 400), answer
            assert "302 tokens" in answer["message"], answer
        else:
            [entry] = answer["data"]
            assert abs(model.embed(texts[number]) - entry["embedding"]).max() < 1e-4, number


def refusals(client, folder):
    """Bad requests get an error with the parameter, and the worker continues."""
    for body, param in [
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": [[1, 2]]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "dimensions": 8}, "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a", "model": "text-embedding-3-small"}, "model"),
        ({}, "input"),
    ]:
        answer = client.post("/embeddings", body={"model": MODEL, **body}, cast_to=object)
        assert answer["object"] == "error" and answer["param"] == param, (body, answer)
    assert [model.id for model in client.models.list()] == [MODEL]
    assert vectors(client, "a")[0].shape == (1, 384)


if __name__ == "__main__":
    _, check, url, folder = sys.argv
    with openai.OpenAI(base_url=f"{url}/v2/local/openai/v1", api_key="any", max_retries=0) as client:
        {check.__name__: check for check in (reference, similarity, batches, refusals)}[check](client, folder)
