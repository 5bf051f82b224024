"""The holds of one run: where contexts are to be held, by whose wish, and which of them an arrival is for."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tracer.probe.hooks import HOOKS, OWN_SLOT, SLOT
from tracer.probe.page import AFTER, BEFORE
from tracer.supervisor.journal import Journal
from tracer.supervisor.recorded import Recorded
from tracer.timeline.filter import Call, Counter, Filter, FilterError, When, parse_hold
from tracer.timeline.filter.nodes import Term, join

BITS: dict[When, int] = {"before": BEFORE, "after": AFTER}
Owner = object | None  # the viewer whose wish something is; None: nobody's who could leave


@dataclass(slots=True)
class Hold:
    """A place where contexts are to be held."""

    number: int
    counter: Counter
    once: bool
    owner: Owner
    context: int  # for that one alone; 0: for all
    shown: str  # its filter, as it is told
    slots: bytes  # the hooks at which contexts are to ask, as the page has them
    depends: bool  # on the recording, at a hook that is known
    since: int = 0  # when it was set


class Holds:
    """Those that are set, in the order in which they were. What is done to them is told in the recording."""

    def __init__(self, journal: Journal, recorded: Recorded) -> None:
        self._journal = journal
        self._recorded = recorded
        self._set: list[Hold] = []
        self._waiting: list[Hold] = []  # those that need the recording, until it has been read so far: nobody is to wait for that
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[Hold]:
        return iter(self._set)

    def __bool__(self) -> bool:
        return bool(self._set)

    def learn(self, fact: dict[str, Any]) -> None:
        """Take in the definition of a hook that somebody else has read."""
        self._recorded.learn(fact)
        for hold in (*self._set, *self._waiting):
            hold.depends = self._depends(hold.counter.filter)

    def add(self, owner: Owner, text: str, once: bool, context: int = 0) -> bool:
        """Set a hold, for that context alone if one is given; False if no call can be what the text says. Its fact tells when it is."""
        try:
            found = parse_hold(text)
        except FilterError:
            return False
        shown = found if not context else Filter(join((found.root, Term("context", ":", self._recorded.label(context))), "&"))
        slots, depends = _slots(found), self._depends(found)
        self._waiting.append(Hold(next(self._numbers), found.counter(), once, owner, context, str(shown), slots, depends))
        self.settle()
        return True

    def settle(self) -> None:
        """Set those that need not wait any longer."""
        far = self._recorded.is_far_behind
        waiting, self._waiting = self._waiting, []
        for hold in waiting:
            if far and hold.depends:
                self._waiting.append(hold)
                continue
            hold.since = time.monotonic_ns()
            self._set.append(hold)
            self._journal.tell(type="hold", id=hold.number, filter=hold.shown, once=hold.once, t=hold.since)

    def remove(self, number: int, by: str) -> bool:
        """Remove a hold; False if there is none of that number."""
        return self._remove(lambda hold: hold.number == number, by)

    def remove_all(self, by: str) -> None:
        """Remove all."""
        self._remove(lambda hold: True, by)

    def forget(self, owner: Owner) -> None:
        """Remove those of a viewer who is gone."""
        self._remove(lambda hold: hold.owner is owner, "viewer gone")

    def end(self, context: int) -> None:
        """A context is gone: remove those that were for it alone."""
        self._remove(lambda hold: hold.context == context, "gone")

    def _remove(self, which: Callable[[Hold], bool], by: str) -> bool:
        """Whether there was any. Of those that wait nobody was told."""
        found = [hold for hold in (*self._set, *self._waiting) if which(hold)]
        for hold in found:
            if hold in self._waiting:
                self._waiting.remove(hold)
            else:
                self._set.remove(hold)
                self._journal.tell(type="unhold", id=hold.number, by=by, t=time.monotonic_ns())
        return bool(found)

    # -- arrivals ----------------------------------------------------------------------------------------------------------

    def match(self, context: int, code: int, when: When, t: int) -> list[Hold]:
        """The holds that are for an arrival at `t`. Each is asked: some count."""
        return [hold for hold in self._set if self._is_for(hold, context, code, when, t)]

    def _is_for(self, hold: Hold, context: int, code: int, when: When, t: int) -> bool:
        """Whether a hold is for this arrival. The recording is read on only if that depends on more than the hook and its class."""
        if hold.context not in (0, context) or t < hold.since:  # it was set while the question was on its way
            return False
        counter, known = hold.counter, self._recorded.code(code)
        certain = counter.filter.certain(Call(known.hook, when, known.owner))
        return counter.matches(self._recorded.call(context, code, when, t, counter.keys)) if certain is None else certain

    @property
    def need_recording(self) -> bool:
        """Whether somebody may soon ask what the recording alone can tell."""
        return bool(self._waiting) or any(hold.depends for hold in self._set)

    def _depends(self, found: Filter) -> bool:
        """Whether it depends on the recording if the filter is true of a hook that is known."""
        places = ((code, when) for code in self._recorded.codes for when in BITS)
        return any(found.certain(Call(code.hook, when, code.owner)) is None for code, when in places)


def _slots(found: Filter) -> bytes:
    """Where contexts are to ask whether that filter is true."""
    hooks = found.hooks()
    if hooks is None:  # the program's own, too
        hooks = {(hook, when) for hook in (*HOOKS, "") for when in BITS if found.may_match(hook, when)}
    slots = bytearray(OWN_SLOT + 1)
    for hook, when in hooks:
        slots[SLOT.get(hook, OWN_SLOT)] |= BITS[when]
    return bytes(slots)
