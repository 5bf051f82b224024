"""How the demo servers end: SIGTERM and Ctrl-C raise SystemExit, so that every `with` on the way out is left."""

import os
import signal
import sys
import time
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DEAF = 1.0  # seconds


def end_on_signals(status: int) -> None:
    """Let SIGTERM and SIGINT end this program with `status`. A child that it forks dies of them, without cleaning up.

    For a second after the first signal the next ones do nothing: a terminal's Ctrl-C is often followed by somebody's
    SIGTERM, and must not be interrupted by it in its cleaning up. Later they raise again, for an end that hangs.
    """
    program = os.getpid()
    last = float("-inf")

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if os.getpid() != program:
            # Cleaning up is the parent's. To raise is not even safe: what is raised between fork() and the return
            # into the program (as in threading's own clean-up after a fork) is printed and forgotten.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif time.monotonic() - last > DEAF:
            last = time.monotonic()
            sys.exit(status)

    for each in SIGNALS:
        signal.signal(each, end)
