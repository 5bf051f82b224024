"""The right answers to a lesson's questions, each with what decides it: read from the recording, never written in a lesson."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tracer.probe.frames import RAISE
from tracer.probe.hooks import HOOKS
from tracer.timeline.describe import describe
from tracer.timeline.navigate import Place
from tracer.timeline.order import Event, before, next_hooks
from tracer.timeline.timeline import Timeline
from tracer.timeline.units import clock_time

from .facts import Ask, Fact, Facts, First, NextHook
from .kinds import KINDS

_PROOFS = 3  # that are shown of several right answers
_SELDOM = ("client", "other")  # words that tempt nobody
OFFERED = 4  # answers to choose from, or more where more are right
_ERRORS = ("ValueError", "OSError", "RuntimeError", "KeyboardInterrupt")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a step of a lesson stands: a time, and the call that the filter found, if it had one."""

    t: int
    place: Place | None = None


What = Literal["enters", "leaves", "raises", "is so"]
"""A context enters a hook, leaves it, is driven out of it by an exception; or something is so, and no call says it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decides: the event, and the line of code."""

    place: Place | None  # where to look at it; None: no call decides it
    time: str  # since the recording's start
    what: What
    label: str = ""  # of the context
    hook: str = ""
    line: str = ""  # `server.py:14  return False`; "": not known
    fact: str = ""  # `queue = 3`


@dataclass(frozen=True, slots=True)
class Truth:
    """What a question's right answers are."""

    legal: tuple[str, ...]  # each of them is right
    decided: bool  # all others are wrong; else one of them may be right as well
    evidence: tuple[Evidence, ...]  # of each of them, or one for all

    def verdict(self, given: str) -> bool | None:
        """Whether an answer is right; None: nobody can say."""
        return True if given in self.legal else False if self.decided else None

    def proofs(self, given: str) -> tuple[Evidence, ...]:
        """What decides, to be shown to who answered that: of several right answers the one that was given; else the first few."""
        if given in self.legal and len(self.evidence) == len(self.legal):
            return (self.evidence[self.legal.index(given)],)
        return self.evidence[:_PROOFS]


def truth(facts: Facts, ask: Ask, stop: Stop) -> Truth | None:
    """The truth at a stop; None: it is not known yet."""
    if isinstance(ask, NextHook):
        return _next(facts.timeline, ask, stop)
    if isinstance(ask, First):
        return _first(facts, ask)
    value = facts.value(ask, stop.t)
    if value is None:
        return None
    return Truth((str(value),), True, (_of_fact(facts, ask, stop),))


def offered(facts: Facts, ask: Ask, stop: Stop, tempting: Sequence[str]) -> tuple[str, ...] | None:
    """The answers to choose from; () where a number is to be typed; None: they are not known yet."""
    if isinstance(ask, First):
        return str(ask.one), str(ask.other)
    if isinstance(ask, NextHook):
        known = truth(facts, ask, stop)
        return _hooks(known.legal, tempting) if known is not None else None
    kind = KINDS[ask.name]
    if kind.number:
        return ()
    value = facts.value(ask, stop.t)
    if kind.words:
        return tuple(word for word in kind.words if word not in _SELDOM or word == value)
    right = [str(value)] if value is not None else []
    others = _ERRORS if ask.name == "error" else _owners(facts, ask)
    return _some(right, [*tempting, *others])


def _hooks(legal: Sequence[str], tempting: Sequence[str]) -> tuple[str, ...]:
    """The right hooks among others, those first that are near in the life of a connection; in the order of the table."""
    places = {name: place for place, name in enumerate(HOOKS)}
    here = places.get(legal[0], 0)
    near = sorted((name for name in HOOKS if not name.startswith("do_")), key=lambda name: (abs(places[name] - here), places[name]))
    return tuple(sorted(_some(legal, [*tempting, *near]), key=lambda name: places.get(name, len(places))))


def _some(right: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The right ones, and others up to OFFERED in all, at least one of them; by name."""
    found = list(dict.fromkeys(right))
    most = max(OFFERED, len(found) + 1)
    for one in others:
        if len(found) < most and one not in found:
            found.append(one)
    return tuple(sorted(found))


def _owners(facts: Facts, ask: Fact) -> list[str]:
    """Classes that may have supplied such a hook: of servers a server's, of handlers a handler's."""
    hooks = ask.filter.hooks() if ask.filter is not None else None
    kinds = {HOOKS[hook].on for hook, _ in hooks if hook in HOOKS} - {"system"} if hooks else set()
    codes = [code for code in facts.timeline.codes.values() if code.hook in HOOKS and HOOKS[code.hook].on != "system"]
    owners = {code.owner for code in codes if not kinds or HOOKS[code.hook].on in kinds}
    return sorted(owners, key=lambda name: (not name[:1].isupper(), name))


# ---- one kind of question each


def _next(timeline: Timeline, ask: NextHook, stop: Stop) -> Truth | None:
    context = stop.place.context if ask.here and stop.place is not None else None
    found = next_hooks(timeline, stop.t, context)
    if not found.legal:
        return None
    hooks: dict[str, Place] = {}
    for place in found.legal:
        hooks.setdefault(_hook(timeline, place), place)
    return Truth(tuple(hooks), not found.undecided, tuple(evidence(timeline, place) for place in hooks.values()))


def _first(facts: Facts, ask: First) -> Truth | None:
    one, other = (next(iter(facts.found(filter_)), None) for filter_ in (ask.one, ask.other))
    if one is None or other is None:
        return None
    timeline, names = facts.timeline, (str(ask.one), str(ask.other))
    events = [Event(found.t, found.context.id, found.span, found.after) for found in (one, other)]
    proofs = tuple(evidence(timeline, Place(event.t, event.context, event.span), event.end) for event in events)
    if before(timeline, events[0], events[1]):
        return Truth(names[:1], True, proofs[:1])
    if before(timeline, events[1], events[0]):
        return Truth(names[1:], True, proofs[1:])
    return Truth(names, True, proofs)


def _of_fact(facts: Facts, fact: Fact, stop: Stop) -> Evidence:
    found = facts.decides(fact, stop.t)
    if found is not None:
        return evidence(facts.timeline, found.place, found.after)
    since = clock_time(facts.known(fact, stop.t) - facts.timeline.start)
    return Evidence(None, since, "is so", fact=f"{fact} = {facts.value(fact, stop.t)}")


def evidence(timeline: Timeline, place: Place, end: bool = False) -> Evidence:
    """A call as what decides: when it was entered (or, with `end`, left) by whom, and the line that called it."""
    context = timeline.contexts[place.context]
    raised = end and timeline.spans.span(context, place.span).how == RAISE
    what: What = "raises" if raised else "leaves" if end else "enters"
    time, label = clock_time(place.t - timeline.start), timeline.label(context)
    return Evidence(place, time, what, label, _hook(timeline, place), _line(timeline, place))


def _hook(timeline: Timeline, place: Place) -> str:
    return timeline.code(timeline.spans.code(timeline.contexts[place.context], place.span)).hook


def _line(timeline: Timeline, place: Place) -> str:
    """The line of code that made the call; where it is not known, that of its `def`."""
    found = describe(timeline, place.context, place.span, timeline.newest)
    if found is None:
        return ""
    if found.callers:
        site = found.callers[0]
        return f"{_shortly(timeline, site.file, site.where)}  {site.text[0] if site.text else site.function}"
    source = found.source
    if source is None:
        return ""
    where = f"{found.file.rpartition('/')[2]}:{source.definition}"
    return f"{_shortly(timeline, found.file, where)}  {source.lines[source.definition - source.first].strip()}"


def _shortly(timeline: Timeline, file: str, where: str) -> str:
    """Where a line is: of another file than the program's own with the folder, as `http/server.py:436`."""
    words = timeline.header.get("program")
    own = isinstance(words, list) and file in words
    folder = file.rpartition("/")[0].rpartition("/")[2]
    return where if own or not folder else f"{folder}/{where}"
