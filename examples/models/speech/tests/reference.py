"""Finds speech with ONNX Runtime, as an independent implementation for comparison.

Usage: reference.py MODEL WAV. Prints one JSON object: the probability of each chunk, and the segments in seconds.
"""

import json
import sys
import wave

import numpy as np
import onnxruntime


def samples(path):
    with wave.open(path) as file:
        assert file.getnchannels() == 1
        rate, width = file.getframerate(), file.getsampwidth()
        frames = file.readframes(file.getnframes())
    if width == 1:
        return rate, (np.frombuffer(frames, np.uint8).astype(np.float32) - 128) / 128
    assert width == 2
    return rate, np.frombuffer(frames, "<i2").astype(np.float32) / 32768


def probabilities(model, audio, rate):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    size = 512 if rate == 16000 else 256
    context = np.zeros(size // 8, np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    for start in range(0, len(audio), size):
        chunk = audio[start : start + size]
        chunk = np.pad(chunk, (0, size - len(chunk)))
        both = np.concatenate([context, chunk])[None]
        inputs = {"input": both, "state": state, "sr": np.array(rate, np.int64)}
        output, state = session.run(["output", "stateN"], inputs)
        context = chunk[-len(context) :]
        yield float(output[0, 0])


def segments(values, rate, length, threshold=0.5, speech=0.25, silence=0.1, pad=0.03):
    """All at once instead of chunk by chunk: runs of speech, then pauses that are too short, then short runs."""
    size = 512 if rate == 16000 else 256
    inside, runs, low = False, [], None
    for index, value in enumerate(values):
        at = index * size
        if value >= threshold:
            if not inside:
                runs.append([at, None])
                inside = True
            low = None
        elif inside and value < threshold - 0.15:
            low = at if low is None else low
            if at - low >= silence * rate:
                runs[-1][1] = low
                inside, low = False, None
    if inside:
        runs[-1][1] = length
    long = [run for run in runs if run[1] - run[0] > speech * rate]
    return [
        {"start": max(0, start - pad * rate) / rate, "end": min(length, end + pad * rate) / rate}
        for start, end in long
    ]


if __name__ == "__main__":
    model, path = sys.argv[1:]
    rate, audio = samples(path)
    values = list(probabilities(model, audio, rate))
    print(json.dumps({"probabilities": values, "segments": segments(values, rate, len(audio))}))
