"""Waiting as the client's users do: it has no call that waits, so it is asked again and again."""

import time

from processes import PATIENCE


def eventually(look):
    """What `look` gives, once that is true."""
    until = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < until, f"still {seen!r} after {PATIENCE} s"
        time.sleep(0.02)
    return seen
