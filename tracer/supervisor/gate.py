"""The gate: who is held, and why; those who have come and ask whether they may go on, and those who are on their way to the next stop.

The other side is tracer/probe/gate.py. An answer that is not given holds a context. Rules of this file:

1. What counts is what stands in the recording: a context has written its events before it asks, and whatever is decided here is
   written there, before the context learns of it.
2. Whoever set a hold, or made a step, answers for it: when that viewer is gone, what it holds runs on.
3. When this process is gone, however it went, its sockets close, and everything runs on.
"""

import heapq
import itertools
import resource
import select
import socket
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EMFILE
from math import inf
from operator import or_
from typing import Any

from tracer.probe.frames import ENTER, KIND_BITS, KIND_MASK, RAISE, RETURN
from tracer.probe.gate import ANSWER, BOTH, CHILD, IN, KEEP, LEFT, OUT, OVER, PARENT, QUESTION, RUN
from tracer.probe.hooks import HOOKS, OWN_SLOT, SLOT
from tracer.probe.page import ARMED, BEFORE, LIMIT, SLOTS
from tracer.supervisor.holds import Holds, Owner
from tracer.supervisor.journal import Journal
from tracer.supervisor.peer import is_ours, listen
from tracer.supervisor.recorded import Recorded
from tracer.supervisor.start import PrivateFolder
from tracer.timeline.filter import When

MODES = {"run": RUN, "in": IN, "over": OVER, "out": OUT}
FOLLOW = {"both": BOTH, "parent": PARENT, "child": CHILD}
_WHEN: dict[int, When] = {ENTER: "before", RETURN: "after", RAISE: "after"}
_BACKLOG = 1024
#: Slow motion: what a connection comes through. The loop's own idle turns go on as they would.
_PACED = {name for name, hook in HOOKS.items() if hook.stage in ("accept", "dispatch", "handle", "close")}
FASTEST, SLOWEST = 1_000_000, 60_000_000_000  # nanoseconds a hook
_LONGEST_BIRTH = 1.0  # seconds from a parent's stop, behind a fork or a thread's start, to the child's own first


@dataclass(frozen=True, slots=True)
class _Step:
    """How a context moves on that was released to stop again."""

    owner: Owner
    mode: str
    follow: int


@dataclass(slots=True)
class _Held:
    """A context that waits for its answer."""

    line: socket.socket
    owners: list[Owner]  # whose holds, step or slow motion it is held by
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
        self._recorded = Recorded(journal)
        self._holds = Holds(journal, self._recorded)
        self._numbers = itertools.count(1)  # of steps, and of turns at the gate
        self._held: dict[int, _Held] = {}
        self._steps: dict[int, _Step] = {}  # by number; also such as a child or thread may still take over
        self._stepping: dict[int, int] = {}  # context that is on its way -> number of its step
        self._births = 0.0  # until then somebody may come with a step that has ended in its parent
        self._interval = 0
        self._pacer: Owner = None
        self._due: list[tuple[float, int, int]] = []  # (when it may go on, context, turn), the next one first
        self._listener = listen(str(folder.gate_path), socket.SOCK_SEQPACKET, _BACKLOG)
        if self._listener is not None:
            self._epoll.register(self._listener, select.EPOLLIN)
        for text in holds:
            self._holds.add(None, text, once=False)
        self._arm()

    @property
    def available(self) -> bool:
        """Whether contexts can ask, and what comes of it can be recorded."""
        return self._listener is not None and not self._page[LIMIT]

    @property
    def held(self) -> Collection[int]:
        """The contexts that are held."""
        return self._held.keys()

    def fileno(self) -> int:
        """Readable when somebody has come or asks."""
        return self._epoll.fileno()

    def due(self) -> float | None:
        """When `serve` is to be called whatever comes, by time.monotonic(); None: it need not be."""
        times = [self._due[0][0]] if self._due else []
        if self._reads_ahead():
            times.append(self._recorded.reads_on)
        if self._awaits_birth():
            times.append(self._births)
        return min(times, default=None)

    def learn(self, fact: dict[str, Any]) -> None:
        """Take in the definition of a hook that somebody else has read: most questions need nothing more of the recording."""
        self._holds.learn(fact)

    def label(self, context: int) -> str:
        """What a person calls that context; "?" if it is not known."""
        return self._recorded.label(context)

    def serve(self) -> None:
        """Take in whoever has come, answer whoever asks, let go whose time has come."""
        for descriptor, _ in self._epoll.poll(0):
            if self._listener is not None and descriptor == self._listener.fileno():
                self._accept(self._listener)
            elif descriptor in self._lines:
                self._hear(self._lines[descriptor])
        self._let_pass(time.monotonic())
        if self._reads_ahead() and self._recorded.reads_on <= time.monotonic():
            self._recorded.read_ahead(lambda: bool(self._epoll.poll(0)))
            self._holds.settle()
            self._arm()
        if self._awaits_birth() and self._births <= time.monotonic():
            self._arm()

    # -- what viewers want -------------------------------------------------------------------------------------------------

    def obey(self, viewer: Owner, command: dict[str, Any]) -> bool:
        """Do what a viewer wants; False if it makes no sense, or nothing can be held here."""
        done = True
        match {"follow": "both", "to": "", **command}:
            case _ if not self.available:
                return False
            case {"do": "hold", "filter": str(text)}:
                done = self._holds.add(viewer, text, command.get("once") is True)
            case {"do": "unhold", "id": int(number)}:
                done = self._holds.remove(number, "person")
            case {"do": "release", "context": int(context), "mode": str(mode), "follow": str(follow), "to": str(to)} if (
                context in self._held and mode in MODES and follow in FOLLOW
            ):
                done = not to or self._holds.add(viewer, to, once=True, context=context)
                if done:
                    self._release(context, mode, follow, "person", viewer)
            case {"do": "release_all"}:
                self.release_all("all")
            case {"do": "pace", "interval": int(interval)} if not interval or FASTEST <= interval <= SLOWEST:
                self._pace(viewer, interval)
            case _:
                return False
        self._arm()
        return done

    def release_all(self, by: str) -> None:
        """Let everything run on, and hold nothing more: holds, steps and slow motion end."""
        self._holds.remove_all("person" if by == "all" else by)
        self._steps.clear()
        self._stepping.clear()
        for context in list(self._held):
            self._release(context, "run", "both", by)
        self._pace(None, 0)
        self._arm()

    def forget(self, viewer: Owner) -> None:
        """A viewer is gone: its holds are no more, and what they, or its steps, hold runs on."""
        self._holds.forget(viewer)
        for number in [number for number, step in self._steps.items() if step.owner is viewer]:
            del self._steps[number]
        self._stepping = {context: number for context, number in self._stepping.items() if number in self._steps}
        for context, held in list(self._held.items()):
            others = [owner for owner in held.owners if owner is not viewer]
            if held.owners and not others:
                self._release(context, "run", "both", "viewer gone")
            held.owners = others
        if self._interval and self._pacer is viewer:
            self._pace(None, 0)
        self._arm()

    def close(self) -> None:
        """Everything runs on, and nothing is held any more."""
        self._recorded.close()
        if self._listener is None:
            return
        self.release_all("end")
        self._listener.close()
        self._listener = None
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        self._epoll.close()

    # -- what is armed -----------------------------------------------------------------------------------------------------

    def _pace(self, viewer: Owner, interval: int) -> None:
        before, self._pacer, self._interval = self._interval, viewer, interval
        if interval == before:
            return
        self._journal.tell(type="pace", interval=interval, t=time.monotonic_ns())
        self._arm()
        if not interval:
            self._let_pass(inf)

    def _arm(self) -> None:
        """Write into the page at which hooks contexts are to ask."""
        slots = bytearray(OWN_SLOT + 1)
        for hold in self._holds:
            slots[:] = bytes(map(or_, slots, hold.slots))
        if self._interval:
            for hook in _PACED:
                slots[SLOT[hook]] |= BEFORE
            slots[OWN_SLOT] |= BEFORE
        self._page[SLOTS : SLOTS + len(slots)] = bytes(slots)
        if self._awaits_birth() and self._births <= time.monotonic():
            self._steps.clear()
        self._page[ARMED] = bool(self._holds or self._steps or self._held or self._interval) and self.available

    def _awaits_birth(self) -> bool:
        """Whether steps are kept only for those who may still come with one across a fork or a thread's start."""
        return bool(self._steps) and not self._stepping and not self._held

    # -- contexts ----------------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError as error:
                if error.errno == EMFILE and _make_room():
                    continue
                return  # nobody else has come
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
        context, word, t, step = QUESTION.unpack(said) if len(said) == QUESTION.size else (0, -1, 0, 0)
        if word & KIND_MASK in _WHEN:
            self._context_of[line.fileno()] = context
            self._ask(line, context, word, t, step)
        else:
            self._end(line, "signal" if said == LEFT else "gone")

    def _end(self, line: socket.socket, how: str) -> None:
        """A context has left the gate unasked, or is gone."""
        context = self._context_of.pop(line.fileno(), 0)
        self._epoll.unregister(line)
        del self._lines[line.fileno()]
        line.close()
        self._stepping.pop(context, None)
        if how == "gone" and context:
            self._holds.end(context)
        held = self._held.get(context)
        if held is not None and held.line is line:
            self._let_go(context, how, time.monotonic_ns())
        self._arm()

    def _let_go(self, context: int, by: str, t: int) -> None:
        """A context is held no more, and asks for no answer."""
        del self._held[context]
        self._tell_released(context, "run", "both", by, t)

    def _ask(self, line: socket.socket, context: int, word: int, t: int, number: int) -> None:
        """A context asks whether it may go on."""
        code, when = word >> KIND_BITS, _WHEN[word & KIND_MASK]
        if context in self._held:  # a signal's handler took it out of the gate, and its line has not told us yet
            self._let_go(context, "signal", t)
        holds = self._holds.match(context, code, when, t)
        step = self._steps.get(number)
        if not holds and step is None and not self._is_paced(code, when):
            _answer(line, RUN if number else KEEP, BOTH, 0)
            return
        if step is not None:
            self._end_step(context, number, step)
        owners = [hold.owner for hold in holds] + ([step.owner] if step is not None else [])
        why = step.mode if step is not None else "" if holds else "pace"
        held = self._held[context] = _Held(line, owners or [self._pacer], next(self._numbers))
        if why != "pace":
            self._stepping.pop(context, None)
        hook, first = self._recorded.code(code).hook, holds[0].number if holds else 0
        self._journal.tell(type="held", context=context, hook=hook, when=when, hold=first, step=why, t=t)
        if why == "pace":
            heapq.heappush(self._due, (time.monotonic() + self._interval / 1e9, context, held.turn))
        for hold in holds:
            if hold.once:
                self._holds.remove(hold.number, "used")
                self._arm()

    def _end_step(self, context: int, number: int, step: "_Step") -> None:
        """A step has ended where it began, or in a child or thread that took it over."""
        its_own = self._stepping.get(context) == number
        if its_own and step.follow == PARENT:
            del self._steps[number]
        elif its_own and step.follow == BOTH:
            self._births = time.monotonic() + _LONGEST_BIRTH
        elif not its_own and step.follow == CHILD:
            del self._steps[number]
            self._stepping = {one: other for one, other in self._stepping.items() if other != number}

    def _is_paced(self, code: int, when: When) -> bool:
        if not self._interval or when != "before":
            return False
        hook = self._recorded.code(code).hook
        return hook in _PACED or hook not in HOOKS

    def _reads_ahead(self) -> bool:
        """Whether somebody may soon ask what the recording alone can tell."""
        return bool(self._held) or self._holds.need_recording

    def _release(self, context: int, mode: str, follow: str, by: str, owner: Owner = None) -> None:
        """Let a held context move on. What is said of it stands before whatever it does next."""
        held = self._held.pop(context)
        self._stepping.pop(context, None)
        number = next(self._numbers) if mode != "run" else 0
        if number:
            self._steps[number] = _Step(owner, mode, FOLLOW[follow])
            self._stepping[context] = number
        self._arm()
        self._tell_released(context, mode, follow, by, time.monotonic_ns())
        _answer(held.line, MODES[mode], FOLLOW[follow], number)

    def _let_pass(self, until: float) -> None:
        """Slow motion lets those whose time comes by then move on as they did before: freely, or in their step."""
        while self._due and self._due[0][0] <= until:
            _, context, turn = heapq.heappop(self._due)
            held = self._held.get(context)
            if held is not None and held.turn == turn:
                self._let_go(context, "pace", time.monotonic_ns())
                self._arm()
                _answer(held.line, KEEP, BOTH, 0)

    def _tell_released(self, context: int, mode: str, follow: str, by: str, t: int) -> None:
        self._journal.tell(type="released", context=context, mode=mode, follow=follow, by=by, t=t)


def _make_room() -> bool:
    """Have as many descriptors as we may, each context that asks takes one; False: we had. The program, which runs, keeps its limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft != hard


def _answer(line: socket.socket, mode: int, follow: int, number: int) -> None:
    """Answer, if it is still there: its line says so if it is not."""
    with suppress(OSError):
        line.send(ANSWER.pack(mode, follow, number))
