"""all-MiniLM-L6-v2 in numpy, from the weights. It shares no code with the worker, and computes one text at a time, so
there is no padding and no batch."""

import json
import math
from pathlib import Path

import numpy
from tokenizers import Tokenizer

HEADS = 12
LAYERS = 6


def tensors(path):
    """Reads a file in the format safetensors that contains only 32-bit floats."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        found[name] = numpy.frombuffer(body[start:end], "<f4").reshape(entry["shape"])
    return found


class Model:
    def __init__(self, folder):
        self.weights = tensors(Path(folder) / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def linear(self, name, rows):
        return rows @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, name, rows):
        centred = rows - rows.mean(-1, keepdims=True)
        scale = numpy.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attention(self, layer, rows):
        count, width = rows.shape
        split = lambda part: self.linear(f"{layer}.attention.self.{part}", rows).reshape(count, HEADS, -1).swapaxes(0, 1)
        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.swapaxes(1, 2) / math.sqrt(width // HEADS)
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        mixed = scores / scores.sum(-1, keepdims=True) @ value
        return self.linear(f"{layer}.attention.output.dense", mixed.swapaxes(0, 1).reshape(count, width))

    def embed(self, text):
        ids = self.tokenizer.encode(text).ids
        part = lambda name: self.weights[f"embeddings.{name}_embeddings.weight"]
        rows = part("word")[ids] + part("position")[: len(ids)] + part("token_type")[0]
        rows = self.norm("embeddings.LayerNorm", rows)
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            rows = self.norm(f"{layer}.attention.output.LayerNorm", rows + self.attention(layer, rows))
            inner = self.linear(f"{layer}.intermediate.dense", rows)
            inner = inner * (1 + numpy.vectorize(math.erf)(inner / math.sqrt(2))) / 2
            rows = self.norm(f"{layer}.output.LayerNorm", rows + self.linear(f"{layer}.output.dense", inner))
        mean = rows.mean(0)
        return mean / numpy.linalg.norm(mean)
