"""Waiting as the client's users do: the client has no call that waits for a state, so they poll."""

import time

from processes import PATIENCE


def eventually(look):
    """Calls `look` until it returns something true, and returns that."""
    until = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < until, f"still {seen!r} after {PATIENCE} s"
        time.sleep(0.02)
    return seen
