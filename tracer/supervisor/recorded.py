"""The recording as the gate reads it: no further than a question needs, and ahead of questions while nobody asks."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from tracer.recording.follow import Follower
from tracer.supervisor.journal import Journal
from tracer.timeline.codes import Code
from tracer.timeline.filter import Call, When, call_of
from tracer.timeline.timeline import Timeline

_PIECE = 1 << 15  # bytes: a millisecond of reading
_LITTLE = 1 << 18  # bytes: few enough for whoever asks to wait for them
_AHEAD, _REST = 0.005, 0.05  # seconds that it reads ahead at a time, and between two times


class Recorded:
    """What stands in the recording that `journal` writes to, with everybody else."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._follower = Follower(journal.opened)
        self._timeline = Timeline()
        self.reads_on = time.monotonic()
        """When it is worth while to read ahead again, by time.monotonic()."""

    def close(self) -> None:
        """Close the file."""
        self._follower.close()

    def learn(self, fact: dict[str, Any]) -> None:
        """Take in the definition of a hook that somebody else has read: most questions need nothing more of the recording."""
        self._timeline.feed([(0, fact)])

    @property
    def codes(self) -> Iterable[Code]:
        """The hooks that are known."""
        return self._timeline.codes.values()

    @property
    def is_far_behind(self) -> bool:
        """Whether there is more to read than anybody should have to wait for."""
        return self._journal.size - self._follower.bytes_read > _LITTLE

    def code(self, code: int) -> Code:
        """The hook that a code means."""
        if code not in self._timeline.codes:
            self._catch_up()
        return self._timeline.code(code)

    def label(self, context: int) -> str:
        """What a person calls that context; "?" if it is not known."""
        self._catch_up()
        known = self._timeline.contexts.get(context)
        return self._timeline.label(known) if known is not None else "?"

    def call(self, context: int, code: int, when: When, t: int, keys: frozenset[str]) -> Call:
        """The call that a context has come to at `t`, as far as `keys` ask for it; it has written all its events."""
        self._catch_up()
        known = self._timeline.contexts.get(context)
        span = self._timeline.spans.newest_event(known, t)[0] if known is not None else -1
        if known is None or span < 0 or self._timeline.spans.code(known, span) != code:  # something of it was lost
            return Call(self.code(code).hook, when, self.code(code).owner)
        return call_of(self._timeline, known, span, when, keys=keys)

    def read_ahead(self, is_wanted: Callable[[], bool]) -> None:
        """Read on for a moment, or until somebody asks."""
        until = time.monotonic() + _AHEAD
        while frames := self._follower.read(_PIECE):
            self._timeline.feed(frames)
            self._timeline.settle()
            if time.monotonic() >= until or is_wanted():
                break
        if not self.is_far_behind:
            self.reads_on = time.monotonic() + _REST

    def _catch_up(self) -> None:
        while frames := self._follower.read():
            self._timeline.feed(frames)
