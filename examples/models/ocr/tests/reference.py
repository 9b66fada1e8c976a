"""Reads text with the package rapidocr and ONNX Runtime, as an independent implementation for comparison.

Usage: reference.py WEIGHTS IMAGE. WEIGHTS is the folder that contains the package. Prints a JSON list of lines.
"""

import json
import logging
import sys

weights, image = sys.argv[1:]
sys.path.insert(0, weights)
from rapidocr import RapidOCR  # noqa: E402

logging.disable(logging.CRITICAL)
# The worker reads one line at a time, and does not turn lines that are upside down.
reader = RapidOCR(params={"Global.use_cls": False, "Rec.rec_batch_num": 1})
found = reader(image)
lines = zip(found.boxes, found.txts, found.scores) if found.boxes is not None else []
print(json.dumps([{"corners": box.tolist(), "text": text, "score": score} for box, text, score in lines]))
