"""One play of a lesson's server: the real program, its real clients, and what a lesson has done with them, one action after another.

Rules of this file:
1. Nothing here waits: who plays a lesson reads on, and asks again whether all is done.
2. Whether an action is done the recording tells, not a clock; only how long that may take is measured.
"""

import os
import sysconfig
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import Self

import tracer
from tracer.lab.clients import KINDS
from tracer.lab.runner import ClientRunner
from tracer.lab.targets import Target, target_of
from tracer.recording.text import harmless, uncoloured
from tracer.supervisor.apart import Apart
from tracer.supervisor.start import Program
from tracer.timeline.at import at
from tracer.timeline.filter import parse
from tracer.timeline.lifetimes import FOREVER
from tracer.timeline.moment import Moment, ServerMoment
from tracer.timeline.timeline import Timeline
from tracer.timeline.words import signal_name

from .actions import Action, Dismiss, HoldAt, Pause, Release, Send, Signal, Wait
from .facts import Facts

PATIENCE = 15.0  # seconds for what is to come
STAY = 3600.0  # seconds that a lesson's clients stay, and all wait for their reply: a student may read for long
_SECOND = 1_000_000_000
_COMES = parse("before connect")
_LISTENS = parse("after server_activate & !raised")


class NotReached(Exception):  # noqa: N818 - it says what did not happen
    """What did not come, in one line; and at which key of lesson.toml it was to, with its place there: `"do", 1`."""

    def __init__(self, words: str, *key: str | int) -> None:
        super().__init__(words)
        self.key = key


class Run:
    """A server that runs, to be used by `with`; it and its clients end when this is left."""

    def __init__(self, server: Path, path: Path) -> None:
        """Start it, recorded at `path`. Raises CannotRecord."""
        self.path = path
        self._ended = ExitStack()
        self._supervisor = self._ended.enter_context(Apart(Program([str(server)], imports=_imports()), path, size=(80, 24)))
        self._clients = self._ended.enter_context(ClientRunner(None, self._hear, path, patience=STAY))
        self._said: deque[str] = deque(maxlen=1)
        self._to_do: deque[Action] = deque()
        self._done = 0  # how many were done before the first of these
        self._begun = False  # the first of these has been asked for
        self._since = 0  # when it became the first
        self._count = 0  # clients that were sent, by anybody
        self._sent = 0  # of these, by the first action
        self._awaited = range(0)  # the numbers of those that are to have come, before the next one is sent
        self._leaving: Thread | None = None  # ends all clients, which may take a moment
        self._holds: set[str] = set()  # filters of holds that the lesson has set
        self._released: set[tuple[int, int]] = set()  # contexts that are let go, and since when they were held

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """End the server and its clients, and wait for them. Again: nothing."""
        self._ended.close()

    def gate(self, command: str, **fields: object) -> bool:
        """Have the supervisor do something, as a person would; False if it is not there any more."""
        return self._supervisor.do(command, **fields)

    def send(
        self, kind: str, server: ServerMoment | None, count: int | None = None, stay: float | None = None, quiet: bool = False
    ) -> range:
        """Send clients to that server: their numbers. Empty: it does not listen, or at no address that can be reached.

        A silent one goes by itself: after `stay` seconds, or else soon enough for a student who has sent it. `quiet`: nothing is
        said of them.
        """
        target = _target(server) if server is not None else None
        if target is None:
            return range(0)
        self._clients.send(kind, target, count=count, stay=stay, quiet=quiet)
        first = self._count + 1
        self._count += count or KINDS[kind].count
        return range(first, self._count + 1)

    def is_in_others_hands(self, facts: Facts) -> bool:
        """Whether somebody is held by others than the lesson: what is late then is so because a student wants it."""
        return any(held.why not in self._holds for held in at(facts.timeline, facts.timeline.newest).held)

    @property
    def said(self) -> str:
        """What was said last of a client; "" if nothing is new."""
        return self._said.pop() if self._said else ""

    def _hear(self, message: str) -> None:
        self._said.append(message)

    # -- actions -----------------------------------------------------------------------------------------------------------

    @property
    def doing(self) -> Action | None:
        """What is being done; None: all is done."""
        return self._to_do[0] if self._to_do else None

    def do(self, actions: Iterable[Action]) -> None:
        """Do all of these, after what is still to be done."""
        self._done = self._done if self._to_do else 0
        self._to_do.extend(actions)

    def is_done(self, facts: Facts, now: int) -> bool:
        """Whether all is done. Raises NotReached, and does no more, where that cannot be; `now` is in nanoseconds."""
        while self._to_do:
            action = self._to_do[0]
            self._since = self._since or now
            try:
                done = self._perform(action, facts, now) or self._is_vain(action, facts)
                if not done:
                    self._check_patience(action, facts, now)
            except NotReached as error:
                self._to_do.clear()
                self._begun, self._since, self._sent, self._awaited = False, 0, 0, range(0)
                raise NotReached(str(error), "do", self._done) from None
            if not done:
                self._begun = True
                return False
            self._to_do.popleft()
            self._done += 1
            self._begun, self._since = False, 0
        return True

    def _perform(self, action: Action, facts: Facts, now: int) -> bool:
        """Go on with an action; whether it is done."""
        moment = at(facts.timeline, facts.timeline.newest)
        match action:
            case Send():
                return self._send(action, facts, moment, now)
            case Dismiss():
                return self._dismiss(moment)
            case HoldAt():
                return self._hold(str(action.filter), moment)
            case Release():
                return self._release(action.label, moment)
            case Signal():
                return self._signal(action, facts)
            case Wait():
                return facts.holds(action.check, moment.t)
            case Pause():
                return now - self._since >= action.seconds * _SECOND

    def _send(self, action: Send, facts: Facts, moment: Moment, now: int) -> bool:
        """Send clients to a server that listens, one after the other: the next when the one before connects. A burst comes at once.

        More than the accept queue takes would else be in it now and then: the kernel lets in who comes at the same instant.
        """
        count = action.count or KINDS[action.kind].count
        at_once = count if action.kind == "burst" else 1
        come = {facts.timeline.label(one.context) for one in facts.found(_COMES)} if self._awaited else set()
        if not all(f"C{number}" in come for number in self._awaited):
            return False
        if self._sent == count:
            self._sent, self._awaited = 0, range(0)
            return True
        known = [one for one in _listening(facts, moment) if action.server in ("", one.class_name)]
        self._awaited = self.send(action.kind, known[0], at_once, STAY, quiet=True) if known else range(0)
        if self._awaited:
            self._sent, self._since = self._sent + at_once, now  # each of them may take its time
        return False

    def _dismiss(self, moment: Moment) -> bool:
        if not self._begun:
            self._leaving = Thread(target=self._clients.dismiss, name="clients leave", daemon=True)
            self._leaving.start()
        assert self._leaving is not None
        return not self._leaving.is_alive() and not any(one.kind == "client" for one in moment.contexts)

    def _hold(self, where: str, moment: Moment) -> bool:
        if not self._begun:
            self._holds.add(where)
            self.gate("hold", filter=where, once=False)
        return any(hold.filter == where for hold in moment.holds)

    def _release(self, label: str, moment: Moment) -> bool:
        """Let everybody run on, or one."""
        held = [one for one in moment.held if label in ("", one.label)]
        if not self._begun:
            if not label:
                self.gate("release_all")
            for one in held if label else ():
                self.gate("release", context=one.context, mode="run", follow="both", to="")
            if label and not held:
                raise NotReached(f"{label} is not held, so it cannot be released")
            self._released = {(one.context, one.since) for one in held}
        done = self._released.isdisjoint((one.context, one.since) for one in held) and bool(label or not moment.holds)
        if done and not label:
            self._holds.clear()  # another one in the same place would be the student's
        return done

    def _signal(self, action: Signal, facts: Facts) -> bool:
        root = facts.timeline.settle().root
        if root is None:
            return False
        if root.ended == FOREVER:
            with suppress(ProcessLookupError):
                os.kill(root.pid, action.number)
        return True

    def _is_vain(self, action: Action, facts: Facts) -> bool:
        """Whether the program has ended, and there is nobody left to release, or to see clients leave."""
        return facts.timeline.ended is not None and isinstance(action, Dismiss | Release)

    def _check_patience(self, action: Action, facts: Facts, now: int) -> None:
        if facts.timeline.ended is not None and not isinstance(action, Pause):
            raise NotReached(f"{action}: {how_it_ended(facts.timeline)}")
        why = f"it did not come true in {PATIENCE:g} s" if now - self._since > PATIENCE * _SECOND else ""
        if isinstance(action, Wait):
            fact, newest = action.check.fact, facts.timeline.newest
            if action.check.is_missed(facts.value(fact, newest)):
                why = "it will not come true any more"
            why += f": {fact} is {facts.shown(fact, newest)}" if why else ""
        if why and isinstance(action, Send) and not self._sent:
            listening = [one.class_name for one in _listening(facts, at(facts.timeline, facts.timeline.newest))]
            if not listening:
                why = "the server does not listen"
            elif action.server not in ("", *listening):
                why = f"no server {action.server} listens, but {' and '.join(listening)} {'does' if len(listening) == 1 else 'do'}"
        if why:
            raise NotReached(f"{action}: {why}")


def listens(facts: Facts) -> bool:
    """Whether a server of the program has begun to listen."""
    return bool(facts.found(_LISTENS))


def _listening(facts: Facts, moment: Moment) -> list[ServerMoment]:
    """The servers that have begun to listen."""
    listening = {facts.timeline.server_of(one.context, one.span) for one in facts.found(_LISTENS)}
    return [one for one in moment.servers if one.server in listening]


def how_it_ended(timeline: Timeline) -> str:
    """How a program ended that was to go on, with the last line that it wrote."""
    root = timeline.settle().root
    how = "the server has ended"
    if root is not None and root.status is not None:
        how += f" with status {root.status}"
    if root is not None and root.signal is not None:
        how += f" by signal {root.signal} ({signal_name(root.signal)})"
    written = "".join(timeline.outputs.texts[-20:]).strip().splitlines()
    return f"{how}: {harmless(uncoloured(written[-1]).strip())}" if written else how


def _imports() -> tuple[str, ...]:
    """The folder in which a lesson's server finds `tracer`, where the interpreter does not find it by itself."""
    here = Path(tracer.__file__).parents[1]
    return () if here == Path(sysconfig.get_path("purelib")) else (str(here),)


def _target(server: ServerMoment) -> Target | None:
    return target_of(server.family, server.kind, server.address)
