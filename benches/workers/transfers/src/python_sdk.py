"""Downloads or uploads the files of an order with the official Python SDK, and measures that."""

import json
import os
import re
import sys
import time

import boto3  # noqa: F401, so that its start is not measured
from runpod.serverless.utils import rp_download, rp_upload


def transfer(order):
    if order["download"]:
        os.chdir(order["into"])
        files = rp_download.download_files_from_urls("job", order["download"])
    elif len(order["upload"]) == 1:
        [path] = order["upload"]
        files = [rp_upload.upload_file_to_bucket(os.path.basename(path), path, prefix="job")]
    else:
        files = rp_upload.files("job", order["upload"])
    if not all(files):
        sys.exit("a file was not transferred")


def peak_memory():
    with open("/proc/self/status", encoding="utf-8") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) / 1000


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    begun, before = time.perf_counter(), time.process_time()
    transfer(order)
    report = {
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - before,
        "megabytes": peak_memory(),
    }
    with open(order["report"], "w", encoding="utf-8") as file:
        json.dump(report, file)
