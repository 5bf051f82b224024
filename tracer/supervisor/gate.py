"""Who is held, and why: the holds, and the contexts that have come to the gate and ask whether they may go on.

The other side is tracer/probe/gate.py. An answer that is not given holds a context. Rules of this file:

1. What counts is what stands in the recording: a context has written its events before it asks, and whatever is decided here is
   written there, before the context learns of it.
2. Whoever set a hold, or made a step, answers for it: when that viewer is gone, what it holds runs on.
3. When this process is gone, however it went, its sockets close, and everything runs on.
"""

import heapq
import itertools
import select
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tracer.probe.frames import ENTER, KIND_BITS, KIND_MASK, RAISE, RETURN
from tracer.probe.gate import ANSWER, BOTH, CHILD, IN, KEEP, LEFT, OUT, OVER, PARENT, QUESTION, RUN
from tracer.probe.hooks import HOOKS, OWN_SLOT, SLOT
from tracer.probe.page import AFTER, ARMED, BEFORE, LIMIT, SLOTS
from tracer.recording.follow import Follower
from tracer.supervisor.journal import Journal
from tracer.supervisor.peer import is_ours, listen
from tracer.supervisor.start import PrivateFolder
from tracer.timeline.codes import Code
from tracer.timeline.contexts import Context
from tracer.timeline.filter import Call, Counter, Filter, FilterError, When, call_of, parse
from tracer.timeline.timeline import Timeline

MODES = {"run": RUN, "in": IN, "over": OVER, "out": OUT}
FOLLOW = {"both": BOTH, "parent": PARENT, "child": CHILD}
_WHEN: dict[int, When] = {ENTER: "before", RETURN: "after", RAISE: "after"}
_BITS: dict[When, int] = {"before": BEFORE, "after": AFTER}
_BACKLOG = 1024
#: Slow motion: what a connection comes through. The loop's own idle turns go on as they would.
_PACED = [name for name, hook in HOOKS.items() if hook.stage in ("accept", "dispatch", "handle", "close")]
FASTEST, SLOWEST = 1_000_000, 60_000_000_000  # nanoseconds a hook
_PIECE = 1 << 15  # bytes: a millisecond of reading
_LITTLE = 1 << 18  # bytes: few enough for whoever asks to wait for them
_AHEAD, _REST = 0.005, 0.05  # seconds that it reads ahead at a time, and between two times

Viewer = object | None


@dataclass(slots=True)
class _Hold:
    """A place where contexts are to be held."""

    number: int
    counter: Counter
    hooks: "set[tuple[str, When]] | None"  # None: the program's own, too
    once: bool
    viewer: Viewer
    context: int  # for that one alone; 0: for all
    reads: bool  # whether the recording decides
    shown: str  # its filter, as it is told


@dataclass(frozen=True, slots=True)
class _Step:
    """How a context moves on that was released to stop again."""

    viewer: Viewer
    mode: str
    follow: int


@dataclass(slots=True)
class Held:
    """A context that waits for its answer."""

    line: socket.socket
    viewer: Viewer  # whose hold or step it is
    turn: int  # tells it from what the same context was held by before


class Gate:
    """The gate of one run. Where there can be none (`available` is False), nothing is ever held."""

    def __init__(self, folder: PrivateFolder, journal: Journal, holds: Sequence[str] = ()) -> None:
        """With `holds` set from the beginning, by nobody who could leave."""
        self._page = folder.page.bytes
        self._journal = journal
        self._epoll = select.epoll()
        self._lines: dict[int, socket.socket] = {}
        self._context_of: dict[int, int] = {}  # line -> the context that asks there
        self._holds: list[_Hold] = []
        self._waiting: list[_Hold] = []  # those that need the recording, until it has been read so far: nobody is to wait for that
        self._numbers = itertools.count(1)
        self._held: dict[int, Held] = {}
        self._steps: dict[int, _Step] = {}  # by number; also such as a child or thread may still take over
        self._stepping: dict[int, int] = {}  # context that is on its way -> number of its step
        self._interval = 0
        self._pacer: Viewer = None
        self._due: list[tuple[float, int, int]] = []  # (when it may go on, context, turn), the next one first
        self._follower = Follower(journal.path)
        self._reads_on = time.monotonic()  # when it reads ahead again
        self._timeline = Timeline()
        self._listener = listen(str(folder.path / "gate"), socket.SOCK_SEQPACKET, _BACKLOG)
        if self._listener is not None:
            self._epoll.register(self._listener, select.EPOLLIN)
        for text in holds:
            self._hold(None, text, once=False)

    @property
    def available(self) -> bool:
        """Whether contexts can ask, and what comes of it can be recorded."""
        return self._listener is not None and not self._page[LIMIT]

    @property
    def held(self) -> Mapping[int, Held]:
        """The contexts that are held."""
        return MappingProxyType(self._held)

    def fileno(self) -> int:
        """Readable when somebody has come or asks."""
        return self._epoll.fileno()

    def due(self) -> float | None:
        """When `serve` is to be called whatever comes, by time.monotonic(); None: it need not be."""
        times = [self._due[0][0]] if self._due else []
        if self._reads_ahead():
            times.append(self._reads_on)
        return min(times, default=None)

    def learn(self, fact: dict[str, Any]) -> None:
        """Take in the definition of a hook that somebody else has read: most questions need nothing more of the recording."""
        self._timeline.feed([(0, fact)])
        for hold in self._holds:
            hold.reads = self._reads(hold.counter.filter)

    def serve(self) -> None:
        """Take in whoever has come, answer whoever asks, let go whose time has come."""
        for descriptor, _ in self._epoll.poll(0):
            if self._listener is not None and descriptor == self._listener.fileno():
                self._accept(self._listener)
            elif descriptor in self._lines:
                self._hear(self._lines[descriptor])
        while self._due and self._due[0][0] <= time.monotonic():
            _, context, turn = heapq.heappop(self._due)
            if context in self._held and self._held[context].turn == turn:
                self._release(context, "run", "both", "pace")
        if self._reads_ahead() and self._reads_on <= time.monotonic():
            self._read_ahead()

    # -- what viewers want -------------------------------------------------------------------------------------------------

    def obey(self, viewer: Viewer, command: dict[str, Any]) -> bool:
        """Do what a viewer wants; False if it makes no sense, or nothing can be held here."""
        match command:
            case _ if not self.available:
                return False
            case {"do": "hold", "filter": str(text)}:
                return self._hold(viewer, text, command.get("once") is True)
            case {"do": "unhold", "id": int(number)}:
                return self._unhold(number, "person")
            case {"do": "release", "context": int(context), "mode": str(mode), **rest} if context in self._held and mode in MODES:
                follow, to = rest.get("follow", "both"), rest.get("to", "")
                if follow not in FOLLOW or (to and not self._hold(viewer, to, once=True, context=context)):
                    return False
                self._release(context, mode, follow, "person", viewer)
            case {"do": "release_all"}:
                self.release_all("all")
            case {"do": "pace", "interval": int(interval)} if not interval or FASTEST <= interval <= SLOWEST:
                self._pace(viewer, interval)
            case _:
                return False
        return True

    def release_all(self, by: str) -> None:
        """Let everything run on, and hold nothing more: holds, steps and slow motion end."""
        self._waiting.clear()
        for hold in self._holds[:]:
            self._unhold(hold.number, "person" if by == "all" else by)
        self._steps.clear()
        self._stepping.clear()
        for context in list(self._held):
            self._release(context, "run", "both", by)
        self._pace(None, 0)
        self._arm()

    def forget(self, viewer: Viewer) -> None:
        """A viewer is gone: its holds are no more, and what they, or its steps, hold runs on."""
        self._waiting = [one for one in self._waiting if one.viewer is not viewer]
        for hold in [one for one in self._holds if one.viewer is viewer]:
            self._unhold(hold.number, "viewer gone")
        for number in [number for number, step in self._steps.items() if step.viewer is viewer]:
            del self._steps[number]
        self._stepping = {context: number for context, number in self._stepping.items() if number in self._steps}
        for context in [context for context, held in self._held.items() if held.viewer is viewer]:
            self._release(context, "run", "both", "viewer gone")
        if self._interval and self._pacer is viewer:
            self._pace(None, 0)
        self._arm()

    def close(self) -> None:
        """Everything runs on, and nothing is held any more."""
        self._follower.close()
        if self._listener is None:
            return
        self.release_all("end")
        self._listener.close()
        self._listener = None
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._epoll.close()

    # -- holds -------------------------------------------------------------------------------------------------------------

    def _hold(self, viewer: Viewer, text: str, once: bool, context: int = 0) -> bool:
        """Set a hold, for that context alone if one is given; False if the text is no filter. It is set when its fact is written."""
        try:
            found = parse(text)
            shown = parse(f"({found}) & context:{self.label(context)}") if context else found
        except FilterError:
            return False
        hold = _Hold(next(self._numbers), found.counter(), found.hooks(), once, viewer, context, self._reads(found), str(shown))
        if hold.reads and self._behind() > _LITTLE:
            self._waiting.append(hold)
        else:
            self._set(hold)
        return True

    def _set(self, hold: _Hold) -> None:
        self._holds.append(hold)
        self._journal.tell(type="hold", id=hold.number, filter=hold.shown, once=hold.once, t=time.monotonic_ns())
        self._arm()

    def label(self, context: int) -> str:
        """What a person calls that context; "?" if it is not known."""
        self._catch_up()
        known = self._timeline.contexts.get(context)
        return self._timeline.label(known) if known is not None else "?"

    def _unhold(self, number: int, by: str) -> bool:
        left = [hold for hold in self._holds if hold.number != number]
        if len(left) == len(self._holds):
            return False
        self._holds = left
        self._journal.tell(type="unhold", id=number, by=by, t=time.monotonic_ns())
        self._arm()
        return True

    def _pace(self, viewer: Viewer, interval: int) -> None:
        if interval == self._interval:
            return
        self._pacer, self._interval = viewer, interval
        self._journal.tell(type="pace", interval=interval, t=time.monotonic_ns())
        self._arm()
        if not interval:
            due, self._due = self._due, []
            for _, context, turn in due:
                if context in self._held and self._held[context].turn == turn:
                    self._release(context, "run", "both", "pace")

    def _arm(self) -> None:
        """Write into the page at which hooks contexts are to ask."""
        slots = bytearray(OWN_SLOT + 1)
        for hold in self._holds:
            for hook, when in hold.hooks if hold.hooks is not None else ():
                slots[SLOT.get(hook, OWN_SLOT)] |= _BITS[when]
            if hold.hooks is None:
                slots[:] = bytes(slot | self._possible(hold, hook) for slot, hook in zip(slots, (*HOOKS, ""), strict=True))
        if self._interval:
            for hook in _PACED:
                slots[SLOT[hook]] |= BEFORE
            slots[OWN_SLOT] |= BEFORE
        self._page[SLOTS : SLOTS + len(slots)] = bytes(slots)
        if not self._stepping and not self._held:
            self._steps.clear()
        # Steps that may still come to somebody across a fork count, too.
        self._page[ARMED] = bool(self._holds or self._stepping or self._held or self._interval) and self.available

    @staticmethod
    def _possible(hold: _Hold, hook: str) -> int:
        return sum(bit for when, bit in _BITS.items() if hold.counter.filter.may_match(hook, when))

    # -- contexts ----------------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:  # nobody else has come
                return
            if not is_ours(line):
                line.close()
                continue
            line.setblocking(False)
            self._lines[line.fileno()] = line
            self._epoll.register(line, select.EPOLLIN)
            self._hear(line)  # it has come to ask

    def _hear(self, line: socket.socket) -> None:
        try:
            said = line.recv(QUESTION.size + 1)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if len(said) == QUESTION.size:
            context, word, t, step = QUESTION.unpack(said)
            self._context_of[line.fileno()] = context
            self._ask(line, context, word, t, step)
        elif said == LEFT:
            self._end(line, "signal")
        else:
            self._end(line, "gone")

    def _end(self, line: socket.socket, how: str) -> None:
        """A context has left the gate unasked, or is gone."""
        context = self._context_of.pop(line.fileno(), 0)
        self._epoll.unregister(line)
        del self._lines[line.fileno()]
        line.close()
        self._stepping.pop(context, None)
        held = self._held.get(context)
        if held is not None and held.line is line:
            del self._held[context]
            self._tell_released(context, "run", "both", how)
        self._arm()

    def _ask(self, line: socket.socket, context: int, word: int, t: int, number: int) -> None:
        """A context asks whether it may go on."""
        code, when = word >> KIND_BITS, _WHEN[word & KIND_MASK]
        hold = self._match(context, code, when)
        step = self._steps.get(number)
        if hold is None and step is None and not self._is_paced(code, when):
            _answer(line, RUN if number else KEEP, BOTH, 0)
            return
        if step is not None:
            self._end_step(context, number, step)
        viewer = hold.viewer if hold is not None else step.viewer if step is not None else self._pacer
        why = step.mode if step is not None else "" if hold is not None else "pace"
        held = self._held[context] = Held(line, viewer, next(self._numbers))
        self._stepping.pop(context, None)
        place = hold.number if hold is not None else 0
        self._journal.tell(type="held", context=context, hook=self._code(code).hook, when=when, hold=place, step=why, t=t)
        if why == "pace":
            heapq.heappush(self._due, (time.monotonic() + self._interval / 1e9, context, held.turn))
        if hold is not None and hold.once:
            self._unhold(hold.number, "used")

    def _end_step(self, context: int, number: int, step: "_Step") -> None:
        """A step has ended where it began, or in a child or thread that took it over."""
        if self._stepping.get(context) != number and step.follow == CHILD:
            del self._steps[number]
            self._stepping = {one: other for one, other in self._stepping.items() if other != number}

    def _is_paced(self, code: int, when: When) -> bool:
        if not self._interval or when != "before":
            return False
        hook = self._code(code).hook
        return hook in _PACED or hook not in HOOKS

    def _match(self, context: int, code: int, when: When) -> _Hold | None:
        """The first hold that is there for this arrival. Each is asked: some count."""
        found = [hold for hold in self._holds if self._is_for(hold, context, code, when)]
        return found[0] if found else None

    def _is_for(self, hold: _Hold, context: int, code: int, when: When) -> bool:
        """Whether a hold is for this arrival. The recording is read on only if that depends on more than the hook and its class."""
        if hold.context not in (0, context):
            return False
        known = self._code(code)
        certain = hold.counter.filter.certain(Call(known.hook, when, known.owner))
        return hold.counter.matches(self._call(context, code, when)) if certain is None else certain

    def _call(self, context: int, code: int, when: When) -> Call:
        self._catch_up()
        timeline, known = self._timeline, self._timeline.contexts.get(context)
        span = _stands_at(timeline, known, when) if known is not None else -1
        if known is None or span < 0 or timeline.spans.code(known, span) != code:  # something of it was lost
            return Call(self._code(code).hook, when, self._code(code).owner)
        return call_of(timeline, known, span, when)

    def _code(self, code: int) -> Code:
        if code not in self._timeline.codes:
            self._catch_up()
        return self._timeline.code(code)

    def _catch_up(self) -> None:
        """Read what has been written so far: whoever asks has written all that it did."""
        while frames := self._follower.read():
            self._timeline.feed(frames)

    def _reads(self, found: Filter) -> bool:
        """Whether it depends on the recording if the filter is true of a hook that is known."""
        places = ((code, when) for code in self._timeline.codes.values() for when in _BITS)
        return any(found.certain(Call(code.hook, when, code.owner)) is None for code, when in places)

    def _behind(self) -> int:
        """Bytes of the recording that have not been read."""
        return self._journal.size - self._follower.bytes_read

    def _reads_ahead(self) -> bool:
        """Whether somebody may soon ask what the recording alone can tell."""
        return bool(self._waiting or self._held) or any(hold.reads for hold in self._holds)

    def _read_ahead(self) -> None:
        """Read on for a moment, or until somebody asks. With everything read, the holds that waited for it are set."""
        until = time.monotonic() + _AHEAD
        while frames := self._follower.read(_PIECE):
            self._timeline.feed(frames)
            self._timeline.settle()
            if time.monotonic() >= until or self._epoll.poll(0):
                break
        if self._behind() > _LITTLE:
            return
        self._reads_on = time.monotonic() + _REST
        waiting, self._waiting = self._waiting, []
        for hold in waiting:
            self._set(hold)

    def _release(self, context: int, mode: str, follow: str, by: str, viewer: Viewer = None) -> None:
        """Let a held context move on. What is said of it stands before whatever it does next."""
        held = self._held.pop(context)
        number = next(self._numbers) if mode != "run" else 0
        if number:
            self._steps[number] = _Step(viewer, mode, FOLLOW[follow])
            self._stepping[context] = number
        self._arm()
        self._tell_released(context, mode, follow, by)
        _answer(held.line, MODES[mode], FOLLOW[follow], number)

    def _tell_released(self, context: int, mode: str, follow: str, by: str) -> None:
        self._journal.tell(type="released", context=context, mode=mode, follow=follow, by=by, t=time.monotonic_ns())


def _answer(line: socket.socket, mode: int, follow: int, number: int) -> None:
    """Answer, if it is still there: its line says so if it is not."""
    with suppress(OSError):
        line.send(ANSWER.pack(mode, follow, number))


def _stands_at(timeline: Timeline, context: Context, when: When) -> int:
    """The call that a context which has written all its events is before (it was entered last), or after (it ended last); -1: none."""
    innermost = context.stack[-1] if context.stack else -1
    if when == "before":
        return innermost
    span = context.spans - 1
    while span >= 0 and (around := timeline.spans.parent(context, span)) != innermost:
        span = around
    return span
