"""Endpoints for the official client to use, and the client itself."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from processes import Endpoint

ATTACHED = ["in-process", "ours", "sdk"]

# To test only some of the kinds, set `RUNPOD_TEST_ATTACHED` to their names, separated by commas.
if os.environ.get("RUNPOD_TEST_ATTACHED"):
    ATTACHED = os.environ["RUNPOD_TEST_ATTACHED"].split(",")

# Removes the developer's own settings for the real platform.
for name in [name for name in os.environ if name.startswith("RUNPOD_")]:
    if not name.startswith("RUNPOD_TEST_"):
        del os.environ[name]


def served(kind):
    """Returns a fixture: for each kind of worker, an endpoint that all tests of a file share."""

    @pytest.fixture(scope="module", params=ATTACHED)
    def endpoint(request, tmp_path_factory):
        rooms = os.environ.get("RUNPOD_TEST_ROOMS")
        rooms = Path(rooms) if rooms else tmp_path_factory.mktemp("rooms")
        name = f"{request.module.__name__}-{request.param}"
        endpoint = Endpoint(request.param, kind, rooms / name)
        yield endpoint
        endpoint.end()

    return endpoint


@pytest.fixture(scope="module")
def runpod(endpoint):
    """The official package, imported again, because it reads the address when it is imported."""
    for name in [name for name in sys.modules if name.split(".")[0] == "runpod"]:
        del sys.modules[name]
    os.environ["RUNPOD_ENDPOINT_BASE_URL"] = endpoint.base_url
    yield importlib.import_module("runpod")
    del os.environ["RUNPOD_ENDPOINT_BASE_URL"]

