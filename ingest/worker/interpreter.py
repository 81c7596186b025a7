"""How the interpreter of a worker's process is set."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL_S = 0.0002
GARBAGE_THRESHOLD = 20_000
"""Objects made before they are looked through for cycles: a batch of 500 events makes about as many, without any."""


def set_up() -> None:
    """Call it once, when all is loaded, in a process that is a worker's own.

    The thread that writes gets Redis's replies in dozens of pieces a batch, and for each waits until the thread that
    prepares the next batch lets go of the interpreter: much less than the usual 5 ms. What is loaded by now stays, and
    need not be looked through by the garbage collector again and again.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(GARBAGE_THRESHOLD)
    gc.collect()
    gc.freeze()
