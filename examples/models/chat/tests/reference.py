"""Runs a Llama model from a GGUF file with numpy only, to compare the worker with. The tokenizer is written here, too."""

import re
import struct

import numpy as np

# The kinds of values in the file's head.
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9
# The kinds of weights that this program reads.
F32, Q4_1, Q8_0 = 0, 3, 8

# GPT-2's words, with each digit on its own.
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class File:
    def __init__(self, path):
        self.file = open(path, "rb")
        assert self.file.read(4) == b"GGUF"
        self.number("I")
        tensors, values = self.number("Q"), self.number("Q")
        self.values = {}
        for _ in range(values):
            key = self.text()
            self.values[key] = self.value(self.number("I"))
        self.tensors = {}
        for _ in range(tensors):
            name = self.text()
            shape = [self.number("Q") for _ in range(self.number("I"))]
            self.tensors[name] = (shape[::-1], self.number("I"), self.number("Q"))
        self.start = -(-self.file.tell() // 32) * 32

    def number(self, form):
        return struct.unpack("<" + form, self.file.read(struct.calcsize("<" + form)))[0]

    def text(self):
        return self.file.read(self.number("Q")).decode()

    def value(self, kind):
        if kind == TEXT:
            return self.text()
        if kind == LIST:
            inner, length = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(length)]
        return self.number(NUMBERS[kind])

    def tensor(self, name):
        shape, kind, offset = self.tensors[name]
        self.file.seek(self.start + offset)
        count = int(np.prod(shape))
        if kind == F32:
            values = np.frombuffer(self.file.read(4 * count), "<f4")
        elif kind == Q8_0:
            blocks = np.frombuffer(self.file.read(34 * count // 32), [("d", "<f2"), ("q", "i1", 32)])
            values = blocks["d"].astype(np.float32)[:, None] * blocks["q"]
        else:
            assert kind == Q4_1, f"{name} has the kind {kind}"
            form = [("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)]
            blocks = np.frombuffer(self.file.read(20 * count // 32), form)
            nibbles = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], axis=1)
            scale, least = (blocks[key].astype(np.float32)[:, None] for key in "dm")
            values = scale * nibbles + least
        return values.reshape(shape).astype(np.float32)


class Tokenizer:
    def __init__(self, values):
        self.tokens = values["tokenizer.ggml.tokens"]
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        merges = values["tokenizer.ggml.merges"]
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
        kinds = zip(self.tokens, values["tokenizer.ggml.token_type"])
        special = [re.escape(token) for token, kind in kinds if kind == 3]
        self.special = re.compile("(" + "|".join(special) + ")")
        # Byte-level tokens write each byte as a visible character.
        visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in visible]
        self.letters = {byte: chr(byte) for byte in visible}
        self.letters |= {byte: chr(256 + index) for index, byte in enumerate(hidden)}
        self.bytes = {letter: byte for byte, letter in self.letters.items()}

    def encode(self, text):
        ids = []
        for part in self.special.split(text):
            if part in self.ids and self.special.fullmatch(part):
                ids.append(self.ids[part])
                continue
            for word in WORDS.findall(part):
                ids += self.merged([self.letters[byte] for byte in word.encode()])
        return ids

    def merged(self, parts):
        while len(parts) > 1:
            pairs = list(zip(parts, parts[1:]))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, 1 << 30))
            if best not in self.ranks:
                break
            at = pairs.index(best)
            parts = [*parts[:at], "".join(best), *parts[at + 2 :]]
        return [self.ids[part] for part in parts]

    def decode(self, ids):
        letters = "".join(self.tokens[index] for index in ids)
        return bytes(self.bytes[letter] for letter in letters).decode(errors="replace")


class Model:
    def __init__(self, path):
        file = File(path)
        values = {key.removeprefix("llama."): value for key, value in file.values.items()}
        assert values["general.architecture"] == "llama"
        self.tokenizer = Tokenizer(values)
        self.heads = values["attention.head_count"]
        self.groups = values["attention.head_count_kv"]
        self.size = values["embedding_length"] // self.heads
        self.epsilon = np.float32(values["attention.layer_norm_rms_epsilon"])
        self.speeds = values["rope.freq_base"] ** (-np.arange(0, self.size, 2) / self.size)
        self.end = values["tokenizer.ggml.eos_token_id"]
        self.layers = range(values["block_count"])
        self.weights = {name: file.tensor(name) for name in file.tensors}

    def norm(self, x, name):
        root = np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return x / root * self.weights[name]

    def turned(self, x):
        """Rotates neighbours, each pair with its own speed."""
        angles = np.arange(x.shape[0])[:, None, None] * self.speeds
        cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.empty_like(x)
        turned[..., 0::2] = even * cos - odd * sin
        turned[..., 1::2] = even * sin + odd * cos
        return turned

    def logits(self, ids):
        """Returns the logits after the last token. Everything is computed again for each token: there is no cache."""
        x = self.weights["token_embd.weight"][ids]
        length = len(ids)
        future = np.triu(np.full((length, length), -np.inf, np.float32), 1)
        for layer in self.layers:
            weight = lambda part: self.weights[f"blk.{layer}.{part}.weight"].T
            y = self.norm(x, f"blk.{layer}.attn_norm.weight")
            query, key, value = ((y @ weight(f"attn_{it}")).reshape(length, -1, self.size) for it in "qkv")
            query, key = self.turned(query), self.turned(key)
            key, value = (np.repeat(it, self.heads // self.groups, axis=1) for it in (key, value))
            scores = np.einsum("qhd,khd->hqk", query, key) / np.float32(self.size**0.5) + future
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            y = np.einsum("hqk,khd->qhd", scores, value).reshape(length, -1)
            x = x + y @ weight("attn_output")
            y = self.norm(x, f"blk.{layer}.ffn_norm.weight")
            gate = y @ weight("ffn_gate")
            x = x + (gate / (1 + np.exp(-gate)) * (y @ weight("ffn_up"))) @ weight("ffn_down")
        return self.norm(x[-1], "output_norm.weight") @ self.weights["token_embd.weight"].T

    def greedy(self, ids, most):
        """Returns the most likely tokens after `ids`, up to the end of the reply."""
        reply = []
        while len(reply) < most:
            token = int(self.logits([*ids, *reply]).argmax())
            if token == self.end:
                break
            reply.append(token)
        return reply
