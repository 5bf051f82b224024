"""From a recording that may still grow to views: reads by small batches, so that keys are never kept waiting.

Rules of this file:
1. The clock comes in from outside; a tick reads for at most a few milliseconds.
2. A tick gives a view only if there is something new to see.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from tracer.kernel.processes import is_alive
from tracer.probe.hooks import HOOKS
from tracer.recording.follow import Follower
from tracer.timeline.at import at
from tracer.timeline.calls import rows
from tracer.timeline.moment import Moment, OpenSpan, ServerMoment
from tracer.timeline.outputs import Unwritten
from tracer.timeline.timeline import Timeline
from tracer.timeline.units import count

from .paths import path_of, supplier_of
from .servers import Choice, has_socket, is_shut, loop_of
from .terminal.text import TerminalText
from .view import Mode, View, errors_in

TICKS = 20  # a second
CATCHING_UP = 30_000_000  # nanoseconds a tick may read while there is no picture yet
BUDGET = 5_000_000  # and while there is one
PIECE = 1 << 16  # bytes: about 4,000 records, a millisecond or two
LITTLE = 1 << 20  # bytes: a few ticks of reading
WINDOW, LARGEST_WINDOW = 300, 2400  # rows
SILENCE = 3_000_000_000  # without a word for so long, it is worth asking whether there is anybody to say one
TICKING = 100_000_000  # open spans tick this often; nothing else moves by itself


def _unwritten_words(unwritten: Unwritten) -> str:
    """What stands below the output where there is no room for the rest of it."""
    dropped = f": {count(unwritten.dropped, 'character')}" if unwritten.dropped else ""
    return f"… the program's output beyond {unwritten.kept / 1e6:,g} MB is not recorded{dropped}"


def _alive(pid: int, born: int) -> bool:
    """Whether that process runs, or may run: there are systems that do not tell."""
    return is_alive(pid, born) is not False


class Feed:
    """The views of one recording. `frozen`: the picture stands still, while reading goes on."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        title: str = "",
        follow: bool = False,
        clock: Callable[[], int] = time.monotonic_ns,
        alive: Callable[[int, int], bool] = _alive,
    ) -> None:
        self._follower = Follower(path)
        self._follow = follow
        self._clock = clock
        self._alive = alive
        self._heard: int | None = None  # when something was read last, or its silence was looked into
        self._abandoned = False  # the supervisor is gone and has recorded no end
        self._timeline = Timeline()
        self._title = title
        self._view: View | None = None
        self._drawn = 0  # when the last view was built
        self._frozen_view: View | None = None
        self._changed = False
        self._choice = Choice()
        self._text = TerminalText()
        self._pieces = 0  # of the output, that are in the text
        self._peaks: dict[int, tuple[int, tuple[int, int] | None]] = {}  # server -> (samples looked at, the deepest of them)
        self.window = WINDOW

    def close(self) -> None:
        """Close the file."""
        self._follower.close()

    def tick(self) -> View | None:
        """Read on; a new view, or None if there is nothing new to see."""
        now = self._clock()
        self._read(now)
        if self._frozen_view is not None:
            return self._behind(now)
        ticks = self._view is not None and self._view.mode == "live" and now - self._drawn >= TICKING
        # What waits for a held context is told with ages: it is another thing at every time.
        if self._changed or self._view is None or (ticks and self._view.moment.held):
            self._changed = False
            self._drawn = now
            self._view = self._build(now)
            return self._view
        if ticks:
            self._drawn = now
            self._view = replace(self._view, now=now)
            return self._view
        return None

    def freeze(self) -> bool:
        """Stop the picture, or let it go on; whether it stands still now."""
        if self._frozen_view is not None:
            self._frozen_view = None
            self._changed = True
            return False
        if self._view is not None:
            self._frozen_view = replace(self._view, mode="frozen", behind=-1)  # not shown yet
        return self._frozen_view is not None

    def next_server(self) -> None:
        """Watch the next server; behind the last one that was chosen, again the one where most happens."""
        view = self._frozen_view or self._view
        server = self._choice.next(view) if view is not None else None
        if self._frozen_view is not None:
            if server is not None:
                self._frozen_view = replace(self._about(self._frozen_view, server), behind=-1)
        else:
            self._changed |= server is not None

    def widen(self) -> bool:
        """Give more rows above from now on; False if there are as many as there can be."""
        if self.window >= LARGEST_WINDOW:
            return False
        self.window *= 2
        self._changed = True
        return True

    # -- reading -----------------------------------------------------------------------------------------------------------

    def _read(self, now: int) -> None:
        begin = time.perf_counter_ns()
        budget = CATCHING_UP if self._view is None or self._view.reading is not None else BUDGET
        while frames := self._follower.read(PIECE):
            self._timeline.feed(frames)
            self._take_output(self._timeline.newest)
            self._changed = True
            self._heard = now
            if time.perf_counter_ns() - begin > budget:
                break
        if self._heard is None:
            self._heard = now
        elif self._is_live and now - self._heard >= SILENCE:
            self._heard = now
            self._abandoned = not self._has_supervisor()
            self._changed |= self._abandoned

    def _has_supervisor(self) -> bool:
        """Whether there may be somebody who will end the recording; older ones do not say who."""
        who = self._timeline.supervisor
        return who is None or self._alive(*who)

    def _behind(self, now: int) -> View | None:
        assert self._frozen_view is not None
        newest = now if self._is_live and self._timeline.limited is None else self._until
        behind = max(0, newest - self._frozen_view.now)
        ended = not self._is_live
        if behind // TICKING == self._frozen_view.behind // TICKING and self._frozen_view.ended_since == ended:
            return None
        self._frozen_view = replace(self._frozen_view, behind=behind, ended_since=ended)
        return self._frozen_view

    # -- building ----------------------------------------------------------------------------------------------------------

    @property
    def _until(self) -> int:
        """The newest time that something is known of: where the recording was full, not when the program ended."""
        limited = self._timeline.limited
        return self._timeline.newest if limited is None else limited

    @property
    def _is_live(self) -> bool:
        return self._follow and not self._follower.ended and not self._abandoned

    def _build(self, now: int) -> View:
        timeline = self._timeline
        percent = self._percent()
        limited = timeline.limited is not None
        live = self._is_live and not limited
        mode: Mode = "live" if live else "ended" if self._follow or self._abandoned else "replay"
        # What is read later may be older than now: a live picture is of now, and of what has been read.
        t = max(now, timeline.newest) if live else self._until
        moment = at(timeline, t)
        found = tuple(rows(timeline, t, self.window + 1))
        loops = self._loops(moment)
        view = View(
            self._title,
            mode,
            t,
            timeline.start,
            timeline.newest,
            moment,
            found[-self.window :],
            len(found) > self.window,
            errors_in(found),
            loops={server: context for server, (context, _) in loops.items()},
            closed=frozenset(one.server for one in moment.servers if self._has_closed(one)),
            damaged=self._follower.reader.damaged,
            reading=percent,
            finished=mode != "live",
            limited=timeline.limited,
            unrecorded=limited and self._is_live,
            abandoned=self._abandoned,
            complete=timeline.ended is not None,
            untyped=sum(timeline.untyped.values()),
            output=self._text.lines() if self._pieces or timeline.outputs.unwritten else None,
            own=frozenset(code.hook for code in timeline.codes.values() if "." in code.hook and code.hook not in HOOKS),
            unasked=timeline.holds.unasked,
        )
        return self._about(view, self._choice.of(moment, {server: span for server, (_, span) in loops.items()}))

    def _about(self, view: View, server: ServerMoment | None) -> View:
        """The view with that server watched."""
        if server is None:
            return replace(view, server=None, path=None, peak=None)
        suppliers = {f"{code.module}.{code.owner}" for code in self._timeline.codes.values() if code.hook == "process_request"}
        path = path_of(supplier_of(server.mro, suppliers), server.kind == "datagram")
        return replace(view, server=server, path=path, peak=self._deepest(server, view.moment.t))

    def _loops(self, moment: Moment) -> dict[int, tuple[int, OpenSpan]]:
        """The loops that run, by server: in which context, and as which span."""
        found: dict[int, tuple[int, OpenSpan]] = {}
        for context in moment.contexts:
            span = loop_of(context)
            if span is not None:
                server = self._timeline.server_of(self._timeline.contexts[context.context], span.span)
                if server is not None:
                    found.setdefault(server, (context.context, span))
        return found

    def _has_closed(self, server: ServerMoment) -> bool:
        """Whether the kernel knows the server's socket no more, and has known it."""
        return is_shut(server) and any(has_socket(queue) for queue in self._timeline.samples.queues[server.server])

    def _take_output(self, t: int) -> None:
        """Read what the program wrote up to `t`."""
        outputs = self._timeline.outputs
        end = outputs.before(t)
        for text in outputs.between(self._pieces, end):
            self._text.feed(text)
        self._pieces = end
        if outputs.unwritten is not None:
            self._text.close(_unwritten_words(outputs.unwritten))

    def _percent(self) -> int | None:
        """How much of the file has been read; None: all of it, but for what was written a moment ago."""
        if self._follower.at_end:
            return None
        read, size = self._follower.bytes_read, self._follower.path.stat().st_size
        return 100 * read // size if size - read > LITTLE else None

    def _deepest(self, server: ServerMoment, t: int) -> tuple[int, int] | None:
        """The deepest that the server's queue was in any sample up to `t`, and when."""
        looked_at, peak = self._peaks.get(server.server, (0, None))
        for queue in islice(self._timeline.samples.queues.get(server.server, []), looked_at, None):
            if queue.end > t:
                break
            looked_at += 1
            if queue.depth is not None and (peak is None or queue.depth > peak[0]):
                peak = (queue.depth, queue.end)
        self._peaks[server.server] = (looked_at, peak)
        return peak
