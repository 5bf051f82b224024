"""From a recording that may still grow to views: reads by small batches, so that keys are never kept waiting.

Rules of this file:
1. The clock comes in from outside; a tick reads for at most a few milliseconds.
2. A tick gives a view only if there is something new to see.
3. What is wanted to be seen changes at once, and is seen with the next tick.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace

from tracer.kernel.processes import is_alive
from tracer.recording.follow import Follower
from tracer.recording.marks import Marks
from tracer.recording.reader import Frame
from tracer.timeline.filter import Filter
from tracer.timeline.matches import Matches
from tracer.timeline.navigate import Place
from tracer.timeline.timeline import Timeline

from .focus import Call, Focus
from .picture import Pictures, Stand
from .view import Matched, Mode, View

TICKS = 20  # a second
CATCHING_UP = 40_000_000  # nanoseconds a tick may read while not all of a recording has been read
BUDGET = 5_000_000  # and while it only grows
SCANNING = 20_000_000  # and may look for what matches
PIECE = 1 << 16  # bytes: about 4,000 records, a millisecond or two
LITTLE = 1 << 20  # bytes: a few ticks of reading
SILENCE = 3_000_000_000  # without a word for so long, it is worth asking whether there is anybody to say one
TICKING = 100_000_000  # open spans tick this often; nothing else moves by itself
CALM = 1_500_000_000  # where nothing happens, the picture is built again this often: watching it costs little
REST = 250_000_000  # while not all has been read there is another picture this often: reading is what is waited for
FEW = 12  # events in what is read at once: an idle turn or two


def _is_news(frame: Frame) -> bool:
    """Whether it is a fact that somebody may be waiting for: any but a sample."""
    content = frame[1]
    return isinstance(content, dict) and content.get("type") != "sample"


def _alive(pid: int, born: int) -> bool:
    """Whether that process runs, or may run: there are systems that do not tell."""
    return is_alive(pid, born) is not False


class Feed:
    """The views of one recording."""

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
        self.timeline = Timeline()
        self.pictures = Pictures(self.timeline)
        self.marks = Marks(path)
        self._title = title
        self._view: View | None = None
        self._drawn = 0  # when the last view was built
        self._changed = False  # something was read
        self._news = True  # and it was more than an idle turn
        self._wanted = Focus()
        self._asked = False  # something else is to be seen than before
        self._matches: Matches | None = None
        self.finder: Matches | None = None  # what somebody looks for
        self._playing: tuple[int, int] | None = None  # since when, and the time of the recording that was shown then

    def close(self) -> None:
        """Close the file."""
        self._follower.close()

    # -- what is to be seen ------------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> Focus:
        """What is to be seen."""
        return self._wanted

    def want(self, wanted: Focus) -> None:
        """Something else is to be seen."""
        self._asked |= wanted != self._wanted
        self._wanted = wanted

    def go(self, place: Place) -> None:
        """Show that place; what plays stops there."""
        self._playing = None
        self.want(self._wanted.at(place))

    def choose(self, call: Call | None) -> None:
        """Another call is chosen; the time stays."""
        self.want(replace(self._wanted, chosen=call))

    def newest(self) -> None:
        """Show the newest again."""
        self._playing = None
        self.want(replace(self._wanted, t=None, frozen=False, chosen=None, jumps=self._wanted.jumps + 1))

    def freeze(self) -> bool:
        """Stop the picture, or let it go on; whether it stands still now."""
        if self._wanted.t is not None:
            self.newest()
            return False
        if self._view is None:
            return False
        self.want(replace(self._wanted, t=self._view.now, frozen=True))
        return True

    def play(self) -> bool:
        """Let a finished recording run as it did, from the time that is shown, at its end from the start; or stop it.

        Whether it plays now.
        """
        if self._playing is not None:
            self._playing = None
            self._asked = True
            return False
        t = self._wanted.t if self._wanted.t is not None and self._wanted.t < self.until else self.timeline.start
        self._playing = self._clock(), t
        self.want(replace(self._wanted, t=t, frozen=False, chosen=None, jumps=self._wanted.jumps + 1))
        return True

    def filter(self, text: str, found: Filter | None) -> None:
        """Show only the calls that `found`, which `text` says, matches; None: all."""
        self._matches = Matches(self.timeline, found) if found is not None else None
        text = text if found is not None else ""
        if text != self._wanted.filter:  # other rows: what was looked at may be none of them
            self.want(replace(self._wanted, filter=text, jumps=self._wanted.jumps + 1))

    def next_server(self) -> None:
        """Watch the next server; behind the last one that was chosen, again the one where most happens."""
        if self._view is not None and self.pictures.choice.next(self._view) is not None:
            self._asked = True

    def look_again(self) -> None:
        """What is to be seen has changed in another way: marks, or the room for it."""
        self._asked = True

    # -- a tick ------------------------------------------------------------------------------------------------------------

    def tick(self) -> View | None:
        """Read on; a new view, or None if there is nothing new to see."""
        now = self._clock()
        self._read(now)
        if self._matches is not None and not self._matches.scan(SCANNING):
            self._asked = True
        if self.finder is not None:
            self.finder.scan(SCANNING)
        if self._view is not None and self._view.matched is not None and self._view.matched.progress < 100:
            self._asked = True  # what was found last is not seen yet
        if self._view is None or self._asked or (self._playing is not None and now - self._drawn >= TICKING):
            return self._build(now)
        if self._wanted.t is not None:
            return self._behind(now)
        if self._view.reading is not None and now - self._drawn < REST and self._percent() is not None:
            return None
        ticks = self._view.mode == "live" and now - self._drawn >= TICKING
        if self._view.mode == "live" and self._is_calm(self._view):
            return self._build(now) if now - self._drawn >= CALM else None
        # What waits for a held context is told with ages: it is another thing at every time. Who has not moved for long, waits.
        stale = self._view.moment.held or now - self._view.moment.t >= CALM
        if self._changed or (ticks and stale):
            return self._build(now)
        if ticks:
            self._drawn = now
            self._view = replace(self._view, now=now)
            return self._view
        return None

    def _is_calm(self, view: View) -> bool:
        """Whether nothing happens but that loops turn and the kernel is asked: a picture now and then is enough."""
        return not (self._news or view.moment.connections or view.moment.held or view.reading is not None)

    def _read(self, now: int) -> None:
        begin = time.perf_counter_ns()
        budget = CATCHING_UP if self._view is None or self._view.reading is not None else BUDGET
        while frames := self._follower.read(PIECE):
            events = self.timeline.events
            self.timeline.feed(frames)
            self._changed = True
            self._news |= self.timeline.events - events >= FEW or any(map(_is_news, frames))
            self._heard = now
            if time.perf_counter_ns() - begin > budget:
                break
        if self._changed:
            self.pictures.written.read()
        if self._heard is None:
            self._heard = now
        elif self._is_live and now - self._heard >= SILENCE:
            self._heard = now
            self._abandoned = not self._has_supervisor()
            self._changed |= self._abandoned

    def _has_supervisor(self) -> bool:
        """Whether there may be somebody who will end the recording; older ones do not say who."""
        who = self.timeline.supervisor
        return who is None or self._alive(*who)

    def _behind(self, now: int) -> View | None:
        """The same picture, which is older by now."""
        assert self._view is not None
        view = self._view
        behind, percent = self._lag(now), self._percent()
        if view.reading is not None and percent is None:  # what was read last may speak of that time, too
            return self._build(now)
        if behind // TICKING == view.behind // TICKING and view.over == (not self._is_live) and percent == view.reading:
            return None
        ended = self.timeline.ended is not None
        self._view = replace(view, behind=behind, over=not self._is_live, abandoned=self._abandoned, complete=ended, reading=percent)
        return self._view

    def _lag(self, now: int) -> int:
        """How far what is shown is behind what there is to see."""
        newest = now if self._is_live and self.timeline.limited is None else self.until
        return max(0, newest - self._wanted.t) if self._wanted.t is not None else 0

    # -- building ----------------------------------------------------------------------------------------------------------

    @property
    def until(self) -> int:
        """The newest time that something is known of: where the recording was full, not when the program ended."""
        limited = self.timeline.limited
        return self.timeline.newest if limited is None else limited

    @property
    def _is_live(self) -> bool:
        return self._follow and not self._follower.ended and not self._abandoned

    def _mode(self) -> Mode:
        if self._wanted.t is not None:
            return "frozen" if self._wanted.frozen else "replay"
        if self._is_live and self.timeline.limited is None:
            return "live"
        return "ended" if self._follow or self._abandoned else "replay"

    def _build(self, now: int) -> View:
        self._changed = self._asked = self._news = False
        self._drawn = now
        if self._playing is not None:
            self._play_on(now)
        mode = self._mode()
        # What is read later may be older than now: a live picture is of now, and of what has been read.
        t = self._wanted.t
        if t is None:
            t = max(now, self.timeline.newest) if mode == "live" else self.until
        stand = Stand(self._title, mode, not self._is_live, self._abandoned, self._follower.reader.damaged, self._percent())
        view = self.pictures.view(stand, self._wanted, t, self._matches)
        matches = self._matches
        self._view = replace(
            view,
            behind=self._lag(now),
            playing=self._playing is not None,
            matched=Matched(self._wanted.filter, matches.count, matches.progress) if matches is not None else None,
            bookmarks=self.marks.all,
        )
        return self._view

    def _play_on(self, now: int) -> None:
        assert self._playing is not None
        since, t = self._playing
        t += now - since
        if t >= self.until:
            self.newest()
            self._asked = False
        else:
            self._wanted = replace(self._wanted, t=t)

    def _percent(self) -> int | None:
        """How much of the file has been read; None: all of it, but for what was written a moment ago."""
        if self._follower.at_end:
            return None
        read, size = self._follower.bytes_read, self._follower.path.stat().st_size
        return 100 * read // size if size - read > LITTLE else None
