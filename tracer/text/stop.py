"""What a step of a lesson looks like where it stops, in plain lines: the calls since the stop before, and what its panel would show."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tracer.lesson.truths import Stop
from tracer.lesson.words import say
from tracer.recording.text import harmless, uncoloured
from tracer.timeline.at import at, recent
from tracer.timeline.calls import rows
from tracer.timeline.describe import describe
from tracer.timeline.described import Source
from tracer.timeline.moment import Child, ContextMoment, Held, Moment, OpenSpan, ServerMoment
from tracer.timeline.row import Row
from tracer.timeline.timeline import Timeline
from tracer.timeline.units import clock_time
from tracer.timeline.waiting import waits

from .tree import CALL, tree_line

MOST = 25  # calls
_BEHIND = 8  # of them, at least, behind the stop's where there are so many
_LINES = 10  # of a function
_FIELDS = 8  # of a call
_CONNECTIONS = 8  # of a server
_WRITTEN = 12  # lines of the program's: a short traceback
_BEFORE_CALL = 19  # cells of a line of the tree
_BESIDE_CALL = _BEFORE_CALL + 18 + 2  # all but those of its call and its class, with the mark before it
_ROOM = 40  # cells that a call needs, for columns behind it


class Shown:
    """One stop, in one language."""

    def __init__(self, timeline: Timeline, stop: Stop, language: str) -> None:
        self._timeline = timeline
        self._stop = stop
        self._language = language

    def _say(self, key: str, **fields: object) -> str:
        return say(self._language, key, **fields)

    # -- calls -------------------------------------------------------------------------------------------------------------

    def calls(self, since: int, width: int) -> list[str]:
        """The calls that began or ended after time `since`, a line each; that of the stop begins with `>`."""
        found = [one for one in rows(self._timeline, self._stop.t) if self._is_new(one, since) or self._is_stop(one)]
        if not found:
            return [self._say("no calls")]
        here = next((place for place, one in enumerate(found) if self._is_stop(one)), len(found) - 1)
        first = max(0, min(len(found) - MOST, here - MOST + 1 + min(_BEHIND, len(found) - 1 - here)))
        shown = found[first : first + MOST]
        least = min((one.depth for one in shown if not self._is_client(one)), default=0)
        room = width - _BESIDE_CALL - max(len(one.owner) for one in shown)
        lines = [self._call(replace(one, depth=max(0, one.depth - least)), min(CALL, room)) for one in shown]
        return [*self._left_out(first), *lines, *self._left_out(len(found) - first - len(shown))]

    def _call(self, row: Row, room: int) -> str:
        """A call's line; where there is little room for what it is, without columns."""
        mark, line = ">" if self._is_stop(row) else " ", tree_line(row, self._timeline.start, room if room >= _ROOM else 0)
        begin = _BEFORE_CALL + 2 * row.depth
        return f"{mark} {line}" if room >= _ROOM else f"{mark} {line[:begin]}{re.sub(' {3,}', '  ', line[begin:])}"

    def _is_new(self, row: Row, since: int) -> bool:
        return row.begin > since or (row.end is not None and since < row.end)

    def _is_client(self, row: Row) -> bool:
        return self._timeline.contexts[row.context].kind == "client"

    def _is_stop(self, row: Row) -> bool:
        place = self._stop.place
        if place is None or row.context != place.context:
            return False
        return row.span == place.span or bool(row.folded and row.begin <= place.t <= (row.end or place.t))

    def _left_out(self, count: int) -> list[str]:
        return [f"  {self._say('left out', count=count)}"] if count else []

    # -- panels ------------------------------------------------------------------------------------------------------------

    def panel(self, look: str) -> list[str]:
        """What that panel shows, in a few lines; [] where the calls are all."""
        shows: dict[str, Callable[[Moment], Iterator[str]]] = {
            "queue": self._queues, "children": self._children, "threads": self._threads, "connections": self._connections,
            "source": self._source, "inspector": self._inspector, "waiting": self._waits, "output": self._output, "held": self._held,
        }  # fmt: skip
        if look not in shows:
            return []
        found = [harmless(one.expandtabs()) for one in shows[look](at(self._timeline, self._stop.t))]
        return found or [self._say("none")]

    def _queues(self, moment: Moment) -> Iterator[str]:
        several = len(moment.servers) > 1
        for server in moment.servers:
            yield f"{server.class_name}: {self._queue(server)}" if several else self._queue(server)

    def _queue(self, server: ServerMoment) -> str:
        queue = server.queue
        if queue is None:
            return self._say("not known")
        asked = self._clock(queue.end)
        if queue.depth is not None:
            key = "queue" if queue.limit is not None else "queue unlimited"
            return f"{asked} {self._say(key, depth=queue.depth, limit=queue.limit)}"
        if queue.bytes is not None:
            return f"{asked} {self._say('queue bytes', bytes=queue.bytes)}"
        return f"{asked} n/a ({queue.why.get('depth', self._say('not known'))})"

    def _clock(self, t: int) -> str:
        """When the kernel was asked."""
        return clock_time(t - self._timeline.start)

    def _children(self, moment: Moment) -> Iterator[str]:
        for process in moment.processes:
            if process.believed_children is None and not process.children:
                continue
            kernel = "n/a" if process.taken is None else sum(child.state is not None for child in process.children)
            believed = "n/a" if process.believed_children is None else process.believed_children
            asked = f"{self._clock(process.taken)} " if process.taken is not None else ""
            yield asked + self._say("children", believed=believed, kernel=kernel)
            yield from (self._child(moment, child) for child in process.children)

    def _child(self, moment: Moment, child: Child) -> str:
        name = _named(child.label or f"P{child.pid}", child.connection)
        if child.state == "zombie":
            return f"{name} {self._say('zombie')}"
        context = next((one for one in moment.contexts if one.label == child.label), None)
        return f"{name} {self._doing(moment, context) if context is not None else self._say('running')}"

    def _threads(self, moment: Moment) -> Iterator[str]:
        for context in moment.contexts:
            if context.kind != "client":
                yield f"{_named(context.label, context.connection)} {self._doing(moment, context)}"

    def _doing(self, moment: Moment, context: ContextMoment) -> str:
        held = next((one for one in moment.held if one.context == context.context), None)
        if held is not None:
            return self._held_at(held)
        inner: Sequence[OpenSpan] = context.stack[-1:]
        return self._say("in", hook=inner[0].hook) if inner else self._say("no hook")

    def _held_at(self, held: Held) -> str:
        return self._say("held at", when=self._say(held.when), hook=held.hook)

    def _connections(self, moment: Moment) -> Iterator[str]:
        for server in moment.servers:
            for one in recent(self._timeline, moment, server.server, _CONNECTIONS):
                error = f" {one.error.partition(':')[0]}" if one.state == "failed" else ""
                inside = f"{self._say('comma')}{self._say('in', hook=one.stage)} ({one.stage_label})" if one.stage else ""
                yield f"#{one.number} {one.peer} {self._say(f'is {one.state}')}{error}{inside}"

    def _source(self, moment: Moment) -> Iterator[str]:
        place = self._stop.place
        found = describe(self._timeline, place.context, place.span, moment.t) if place is not None else None
        if found is None:
            return
        for site in found.callers[:1]:
            yield self._say("called from", where=site.where, line=site.text[0] if site.text else site.function)
        if found.source is not None:
            source = found.source
            yield f"{source.file.rpartition('/')[2]}:"
            for number in _code_lines(source)[:_LINES]:
                yield f"{number:>4}  {source.lines[number - source.first]}"

    def _inspector(self, moment: Moment) -> Iterator[str]:
        place = self._stop.place
        found = describe(self._timeline, place.context, place.span, moment.t) if place is not None else None
        if found is not None:
            yield f"{found.hook} {found.owner}"
            yield from (f"{field.name}: {field.words}" for field in found.fields[:_FIELDS])

    def _waits(self, moment: Moment) -> Iterator[str]:
        yield from (wait.words(moment.t) for wait in waits(self._timeline, moment))

    def _output(self, moment: Moment) -> Iterator[str]:
        outputs = self._timeline.outputs
        written = "".join(outputs.between(outputs.first, outputs.before(moment.t)))
        yield from uncoloured(written).splitlines()[-_WRITTEN:]

    def _held(self, moment: Moment) -> Iterator[str]:
        for one in moment.held:
            yield f"{_named(one.label, one.connection)} {self._held_at(one)}"
            yield from one.costs


def _named(label: str, connection: int | None) -> str:
    return f"{label} #{connection}" if connection is not None else label


def _code_lines(source: Source) -> list[int]:
    """The lines of a function, without its docstring where there is more than that."""
    last, docstring = min(source.end, source.first + len(source.lines) - 1), source.docstring
    return [number for number in range(source.definition, last + 1) if number not in docstring]
