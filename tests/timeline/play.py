"""Programs that do what is drawn: every event of theirs is told, when it happens, all that has happened before it.

It is slow, and so it is easy to see that it is right: a context knows its own past; a fork, and a Thread.start, hand that on to
who is born in it; a Thread.join, and a waitpid, that return hand on all that those knew who are over now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tracer.timeline.order import Event

MOST_ACTORS = 6


@dataclass(eq=False)
class Actor:
    """A context, and what it knows: all events that have happened before what it does next."""

    hand: Any
    process: Actor | None = None  # None: it is one
    knows: set[Event] = field(default_factory=set)
    stack: list[tuple[str, int, Actor | None]] = field(default_factory=list)  # hook, span, and whom the call is about
    spans: int = 0
    over: bool = False
    reaped: bool = False
    appeared: int | None = None  # when, of one that nobody is known to have started

    @property
    def home(self) -> Actor:
        """Its process."""
        return self.process or self


class Play:
    """A program that does what is drawn: (who, what) of each act."""

    def __init__(self, recording: Any, acts: Iterable[tuple[int, int]]) -> None:
        self.recording = recording
        self.actors = [Actor(recording.process(100))]
        self.past: dict[Event, set[Event]] = {}  # event -> all that happened before it
        for who, what in acts:
            self._act(who, what)

    def _act(self, who: int, what: int) -> None:
        ready = [one for one in self.actors if not self._is_over(one) and not self._is_blocked(one)]
        if not ready:
            return
        births = [self._start, self._fork, self._beside] if len(self.actors) < MOST_ACTORS else []
        choices = [self._call, self._call, self._join, self._wait, *[self._return] * 4, *births]
        choices[what % len(choices)](ready[who % len(ready)])

    def _is_over(self, actor: Actor) -> bool:
        return actor.over or actor.home.over

    def _is_blocked(self, actor: Actor) -> bool:
        hook, _, about = actor.stack[-1] if actor.stack else ("", 0, None)
        return hook in ("Thread.join", "waitpid") and (not self._is_over(about) or about.reaped)

    def _enter(self, actor: Actor, hook: str, about: Actor | None = None, **payloads: int) -> None:
        actor.hand.enter(hook, **payloads)
        actor.stack.append((hook, actor.spans, about))
        self._happened(actor, actor.spans, end=False)
        actor.spans += 1

    def _leave(self, actor: Actor, **payloads: int) -> None:
        hook, span, _ = actor.stack.pop()
        actor.hand.leave(hook, **payloads)
        self._happened(actor, span, end=True)

    def _happened(self, actor: Actor, span: int, end: bool) -> None:
        one = Event(self.recording.now, actor.hand.id, span, end)
        self.past[one] = set(actor.knows)
        actor.knows.add(one)

    # -- what can be drawn; what an actor cannot do, it does not

    def _call(self, actor: Actor) -> None:
        self._enter(actor, "handle")

    def _return(self, actor: Actor) -> None:
        hook, _, about = actor.stack[-1] if actor.stack else ("", 0, None)
        match hook:
            case "":
                self._exit(actor)
            case "fork":
                self._leave(actor, pid=about.hand.pid)
            case "Thread.run":
                self._leave(actor)
                actor.over = True
            case "Thread.join":
                actor.knows |= about.knows
                self._leave(actor)
            case "waitpid":
                about.reaped = True
                actor.knows = actor.knows.union(*(one.knows for one in self.actors if one.home is about))
                self._leave(actor, pid=about.hand.pid, status=0)
            case _:
                self._leave(actor)

    def _exit(self, actor: Actor) -> None:
        """Only children do."""
        if actor.process is None and actor.hand.parent is not None:
            self._enter(actor, "_exit", status=0)
            actor.over = True

    def _start(self, actor: Actor) -> None:
        self._enter(actor, "Thread.start", context=self.recording.next_id())
        hand = self.recording.thread(actor.hand, 100 + len(self.actors))
        self.actors.append(Actor(hand, actor.home, set(actor.knows)))
        self._enter(self.actors[-1], "Thread.run")

    def _fork(self, actor: Actor) -> None:
        self._enter(actor, "fork")
        child = Actor(self.recording.process(5000 + len(self.actors), "fork", actor.hand), knows=set(actor.knows))
        self.actors.append(child)
        actor.stack[-1] = "fork", actor.stack[-1][1], child

    def _beside(self, actor: Actor) -> None:
        """The program starts a thread itself."""
        hand = self.recording.thread(actor.home.hand, 100 + len(self.actors))
        self.actors.append(Actor(hand, actor.home, appeared=self.recording.now))

    def _join(self, actor: Actor) -> None:
        started = [one for one in self.actors if one.process is actor.home and one.stack[:1] == [("Thread.run", 0, None)]]
        others = [one for one in started if one is not actor]
        if others:
            self._enter(actor, "Thread.join", others[0], context=others[0].hand.id)

    def _wait(self, actor: Actor) -> None:
        children = [one for one in self.actors if one.hand.parent is not None and one.process is None and not one.reaped]
        mine = [one for one in children if one.hand.parent.process == actor.home.hand.id]
        if mine:
            self._enter(actor, "waitpid", mine[0], pid=-1, options=0)

    # -- the answers, by their definition

    def next(self, t: int, of: Actor | None = None) -> tuple[list[Event], set[int]]:
        """(the entries that may be the next after `t`, the contexts of which it is not known), of all actors or of one."""
        entries = [one for one in self.past if not one.end and one.t > t]
        found, open_ = [], set()
        for actor in self.actors if of is None else [of]:
            own = [one for one in entries if one.context == actor.hand.id]
            known = self.past[own[0]] if own else actor.knows
            if of is None and not known.isdisjoint(entries):
                pass
            elif own and of is None and actor.appeared is not None and actor.appeared > t:
                open_.add(actor.hand.id)
            elif own:
                found.append(own[0])
            elif not self._is_over(actor):
                open_.add(actor.hand.id)
        return sorted(found), open_
