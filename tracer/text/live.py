"""The call trees of a recording that grows, as text: a call when it begins, its end if it did not end at once, and who is held.

A loop that waits in vain is not told, turn by turn: its calls are left out unless they found something (see `_is_idle`).
"""

import heapq
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import itemgetter

from tracer.kernel.processes import is_alive
from tracer.recording.follow import Follower
from tracer.recording.reader import Frame
from tracer.timeline.calls import row
from tracer.timeline.contexts import Context
from tracer.timeline.row import Row
from tracer.timeline.timeline import Timeline
from tracer.timeline.units import limit_words

from .holds import hold_lines
from .tree import tree_line

PAUSE = 0.05  # seconds between two looks at a file that does not grow


SILENCE = 3.0  # seconds without a word, after which it is worth asking whether there is anybody to say one


def follow_lines(path: str | os.PathLike[str], pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Lines as the calls happen, until the recording ends, or its supervisor is gone. Raises NotARecording."""
    timeline, printed = Timeline(), _Printed()
    silent = 0.0
    with Follower(path) as follower:
        while True:
            frames = follower.read()
            if frames:
                silent = 0.0
                limited = timeline.limited
                timeline.feed(frames)
                yield from printed.lines(timeline, frames)
                if timeline.limited is not None and limited is None:
                    yield f"! {limit_words(timeline.limited - timeline.start)}"
            elif follower.ended:
                follower.finish()
                return
            else:
                silent += PAUSE
                if silent > SILENCE:
                    silent = 0.0
                    if _is_abandoned(timeline):
                        yield "! no end was recorded: the supervisor of this run is gone"
                        return
                pause(PAUSE)


def _is_abandoned(timeline: Timeline) -> bool:
    """Whether the supervisor that would end the recording is known to run no longer."""
    who = timeline.supervisor
    return who is not None and is_alive(*who) is False


class _Printed:
    """What has been printed of each context."""

    def __init__(self) -> None:
        self._spans: dict[int, int] = {}  # context -> how many of its spans
        self._open: dict[int, list[int]] = {}  # context -> spans printed as open

    def lines(self, timeline: Timeline, frames: list[Frame]) -> Iterator[str]:
        """What is new, in the order of time."""
        timeline.settle()
        fresh: list[tuple[int, int, Row]] = []
        facts = [content for _, content in frames if isinstance(content, dict)]
        touched = dict.fromkeys(context for context, content in frames if isinstance(content, bytes))
        for identity in touched:
            context = timeline.contexts[identity]
            fresh += self._ended(timeline, context)
            fresh += self._begun(timeline, context)
        fresh.sort(key=lambda entry: entry[:2])
        lines = [(t, tree_line(_now(one), timeline.start)) for t, _, one in fresh]
        for _, line in heapq.merge(lines, sorted(hold_lines(timeline, facts)), key=itemgetter(0)):
            yield line

    def _begun(self, timeline: Timeline, context: Context) -> Iterator[tuple[int, int, Row]]:
        for span in range(self._spans.get(context.id, 0), context.spans):
            found = row(timeline, context, span)
            if found.open:
                self._open.setdefault(context.id, []).append(span)
            if not _is_idle(found):
                yield found.begin, span, found
        self._spans[context.id] = context.spans

    def _ended(self, timeline: Timeline, context: Context) -> Iterator[tuple[int, int, Row]]:
        still = []
        for span in self._open.get(context.id, ()):
            found = row(timeline, context, span)
            if found.end is None:
                still.append(span)
            elif found.hook == "select":
                if not _is_idle(found):
                    yield found.begin, span, found
            elif not _is_idle(found):
                ended = found.outcome != "exited" or found.hook == "_exit"
                yield found.end, -span, replace(found, hook=f"end of {found.hook}") if ended else found
        self._open[context.id] = still


def _now(row: Row) -> Row:
    """The row without what lines of their own say: that its context is held."""
    return replace(row, held=0 if row.open else row.held, held_after=0, stopped="")


def _is_idle(row: Row) -> bool:
    """Whether the call belongs to the loop's idling, or may: select until it has found somebody, and looking after children in vain."""
    if row.outcome not in ("open", "returned") or not row.framework:
        return False
    match row.hook:
        case "select":
            return row.open or not row.payload
        case "waitpid":
            return row.payload.endswith("still running")
    return row.hook in ("service_actions", "collect_children")
