"""The call trees of a recording that grows, as text: a call when it begins, and its end if it did not end at once."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tracer.recording.follow import Follower
from tracer.recording.reader import Frame
from tracer.timeline.calls import row
from tracer.timeline.contexts import Context
from tracer.timeline.row import Row
from tracer.timeline.timeline import Timeline

from .tree import tree_line

PAUSE = 0.05  # seconds between two looks at a file that does not grow


def follow_lines(path: str | os.PathLike[str], pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Lines as the calls happen, until the recording ends. Raises NotARecording."""
    timeline, printed = Timeline(), _Printed()
    with Follower(path) as follower:
        while True:
            frames = follower.read()
            if frames:
                timeline.feed(frames)
                yield from printed.lines(timeline, frames)
            elif follower.ended:
                follower.finish()
                return
            else:
                pause(PAUSE)


class _Printed:
    """What has been printed of each context."""

    def __init__(self) -> None:
        self._spans: dict[int, int] = {}  # context -> how many of its spans
        self._open: dict[int, list[int]] = {}  # context -> spans printed as open

    def lines(self, timeline: Timeline, frames: list[Frame]) -> Iterator[str]:
        """What is new, in the order of time."""
        timeline.settle()
        fresh: list[tuple[int, int, Row]] = []
        touched = dict.fromkeys(context for context, content in frames if isinstance(content, bytes))
        for identity in touched:
            context = timeline.contexts[identity]
            fresh += self._ended(timeline, context)
            fresh += self._begun(timeline, context)
        fresh.sort(key=lambda entry: entry[:2])
        for _, _, one in fresh:
            yield tree_line(one, timeline.start)

    def _begun(self, timeline: Timeline, context: Context) -> Iterator[tuple[int, int, Row]]:
        for span in range(self._spans.get(context.id, 0), context.spans):
            found = row(timeline, context, span)
            if found.open:
                self._open.setdefault(context.id, []).append(span)
            yield found.begin, span, found
        self._spans[context.id] = context.spans

    def _ended(self, timeline: Timeline, context: Context) -> Iterator[tuple[int, int, Row]]:
        still = []
        for span in self._open.get(context.id, ()):
            found = row(timeline, context, span)
            if found.end is None:
                still.append(span)
            else:
                yield found.end, -span, replace(found, hook=f"… {found.hook}")
        self._open[context.id] = still
