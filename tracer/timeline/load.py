"""A finished recording, read at once."""

import gc
import os

from tracer.recording.follow import Follower

from .timeline import Timeline


def load(path: str | os.PathLike[str]) -> tuple[Timeline, int]:
    """The recording at `path`, indexed, and the number of damaged places in it. Raises NotARecording."""
    timeline = Timeline()
    # Nothing of what is read becomes garbage, and looking for some takes a third of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        with Follower(path) as follower:
            while frames := follower.read():
                timeline.feed(frames)
            follower.finish()
            timeline.settle()
            gc.freeze()  # what was read stays: no later collection needs to look at it
            return timeline, follower.reader.damaged
    finally:
        if enabled:
            gc.enable()
