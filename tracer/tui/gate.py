"""The gate under the person's hands: what its keys ask of the supervisor, for which context, and what is said of it.

Rule of this file: it only asks. What came of it stands in the recording, and panels show that.
"""

from __future__ import annotations

from collections.abc import Callable

from tracer.timeline.filter import FilterError, parse
from tracer.timeline.moment import Held, Hold

from .controls import Controls
from .panels.entry import Purpose
from .panels.held import FOLLOWS
from .panels.rail import next_hook
from .screens.watch import WatchScreen
from .times import waits
from .view import View

PATIENCE = 2_000_000_000  # nanoseconds in which a hold that was asked for should be set
_ON_ITS_WAY = 1_000_000_000  # so long after a step nobody else is stepped instead
_PACES = (0, 1_000_000_000, 500_000_000, 200_000_000)  # nanoseconds; each key press goes on to the next
NOBODY = "nobody is held, and no hold is set"
_IDLE = ("serve_forever", "select", "fileno", "service_actions")  # where a loop without a client is: no place that is meant
_MOVES = {"in": "steps in", "over": "steps over", "out": "steps out", "run": "runs on"}


class GateActions:
    """What the gate's keys do. `target`: the held context that step keys are about."""

    def __init__(self, controls: Controls, picture: WatchScreen, say: Callable[[str], None]) -> None:
        self._controls = controls
        self._picture = picture
        self._say = say
        self._view: View | None = None
        self._follow = "both"
        self._asked: tuple[str, int] | None = None  # the hold that was asked for and is not set yet, and when that was
        self._stepped: tuple[Held, int] | None = None  # who was stepped last, and when
        self._bound: Held | None = None  # who is to run to what is being typed
        self._paced: tuple[int, int] | None = None  # the pace before, and the one that was asked for

    @property
    def possible(self) -> bool:
        """Whether anybody can be held and released."""
        return self._controls.gate is not None and (self._view is None or self._view.runs)

    @property
    def why_not(self) -> str:
        """Why nobody can be held or released, where it is not possible."""
        view = self._view
        if view is None or view.runs:
            return "nothing can be held here: no supervisor takes commands"
        if view.complete or view.abandoned:
            return "this run has ended: nothing can be held"
        return "in a replay nothing can be held; if the program still runs, open the file with --follow"

    @property
    def target(self) -> Held | None:
        """The one chosen in Held if that has the focus, else the one at the cursor in Calls, else the only one; None: none of them."""
        view = self._view
        if view is None:
            return None
        chosen = self._picture.held.chosen if self._picture.held.has_focus else None
        if isinstance(chosen, Held):
            return chosen
        row = self._picture.calls.cursor
        at_cursor = view.held(row.context) if row is not None else None
        return at_cursor or (view.stopped[0] if len(view.stopped) == 1 else None)

    @property
    def removable(self) -> Hold | None:
        """The hold that is chosen in Held, while that has the focus."""
        chosen = self._picture.held.chosen if self._picture.held.has_focus else None
        return chosen if isinstance(chosen, Hold) else None

    def show(self, view: View) -> None:
        """A new picture: has what was asked for come?"""
        self._view = view
        self._picture.held.follow = self._follow if self.possible else ""
        moment = view.moment
        if self._paced is not None and self._paced[0] != moment.pace:
            self._paced = None
        if self._stepped is not None and any(_ends(one, *self._stepped) for one in moment.held):
            self._stepped = None
        if self._asked is None:
            return
        text, since = self._asked
        if view.mode != "live" or text in [*(hold.filter for hold in moment.holds), *(held.why for held in moment.held)]:
            self._asked = None
        elif view.now - since >= PATIENCE:
            self._asked = None
            self._say(f"no answer from the supervisor: no hold '{text}' is set")

    def press(self, does: str) -> None:
        """One of the gate's keys, by what it does."""
        view = self._view
        if view is None or not self.possible:
            self._say(self.why_not)
            return
        match does:
            case "hold":
                hook = self._hook()
                self._picture.open_entry("hold", f"before {hook if hook not in ('', *_IDLE) else 'handle'}")
            case "next":
                self._hold("before get_request", once=True)
            case "all":
                self._do("every hold is removed, and everybody runs on" if self._has_any(view) else NOBODY, "release_all")
            case "follow":
                names = list(FOLLOWS)
                self._follow = names[(names.index(self._follow) + 1) % len(names)]
                self._picture.held.follow = self._follow
                self._say(f"across fork and Thread.start a step follows {FOLLOWS[self._follow]}")
            case "pace":
                self._pace(view)
            case "unhold":
                self._unhold()
            case _:
                self._move(view, does)

    def entered(self, purpose: Purpose, text: str) -> None:
        """A filter was typed. One that is wrong stays on the line, where it says what is wrong."""
        if self._view is None or not self._picture.is_place(text):
            return
        self._picture.close_entry()
        if purpose == "hold":
            self._hold(text, once=False)
        elif self._bound is not None:
            if self._view.held(self._bound.context) is None:
                self._say(f"{self._bound.label} is held no more")
            else:
                self._release(self._view, self._bound, "run", to=text)

    # -- what keys do ------------------------------------------------------------------------------------------------------

    def _do(self, words: str, command: str, **fields: object) -> None:
        """Ask the supervisor, and say so in `words`."""
        if self._controls.gate is not None:
            self._controls.gate(command, **fields)
        stands = {"frozen": "frozen", "replay": "of the past"}.get(self._view.mode, "") if self._view is not None else ""
        self._say(f"{words} (the picture is {stands}: space shows what comes of it)" if stands else words)

    def _hook(self) -> str:
        """The hook at the cursor; "": none that can be named in a filter."""
        row = self._picture.calls.cursor
        hook = row.hook if row is not None else ""
        try:
            parse(hook, self._view.own if self._view is not None else None)
        except FilterError:
            return ""
        return hook

    def _way(self, view: View, held: Held) -> str:
        """Where a held context may run to: the hook at the cursor if that is on its way, else the next one of the rail."""
        row = self._picture.calls.cursor
        there = row is not None and row.context == held.context and row.span != held.span
        hook = self._hook() if there else next_hook(view, held)
        return f"before {hook}" if hook else ""

    def _has_any(self, view: View) -> bool:
        """Whether there may be anything that can be released, as far as is known now."""
        moment = view.moment
        stepping = self._stepped is not None and moment.context(self._stepped[0].context) is not None
        return bool(moment.held or moment.holds or moment.pace or stepping or self._asked or self._paced or view.mode != "live")

    def _hold(self, text: str, once: bool) -> None:
        words = f"whoever comes next {text} is held there, once" if once else f"asked for a hold: {text}"
        self._do(words, "hold", filter=text, once=once)
        if self._view is not None and self._view.mode == "live":
            self._asked = str(parse(text)), self._view.now

    def _unhold(self) -> None:
        hold = self.removable
        if hold is not None:
            self._do(f"asked to remove hold {hold.hold}", "unhold", id=hold.hold)
        else:
            known = self._view is not None and bool(self._view.moment.holds)
            self._say("d removes a hold: choose one in Held (H goes there)" if known else "no hold is set")

    def _pace(self, view: View) -> None:
        asked = self._paced[1] if self._paced is not None else view.moment.pace
        interval = _PACES[(_PACES.index(asked) + 1) % len(_PACES)] if asked in _PACES else 0
        self._paced = view.moment.pace, interval
        words = f"slow motion: each hook of a connection waits {waits(interval)}" if interval else "slow motion ends"
        self._do(words, "pace", interval=interval)

    def _move(self, view: View, does: str) -> None:
        """A step, a release, or a run to some place, of the context that is meant."""
        if self._is_on_its_way(view):
            return
        held = self.target
        if held is None and view.stopped:
            self._picture.go_to("held")
            self._say(f"{len(view.stopped)} are held: choose one in Held, or its row in Calls, and press the key again")
        elif held is None and view.moment.held:
            self._say("held by slow motion only: it goes on by itself; m changes that, a ends it")
        elif held is None:
            self._say("nobody is held: h sets a hold, o holds the next request")
        elif does == "to":
            self._bound = held
            self._picture.open_entry("to", self._way(view, held), held.label)
        else:
            self._release(view, held, does)

    def _is_on_its_way(self, view: View) -> bool:
        """Whether the key is meant for one who steps and has not come to the next hook yet; that is said."""
        if self._stepped is None or view.now - self._stepped[1] >= _ON_ITS_WAY:
            return False
        held = self._stepped[0]
        if view.held(held.context) is not None or view.moment.context(held.context) is None:
            return False
        self._say(f"{held.label} is on its way to its next hook")
        return True

    def _release(self, view: View, held: Held, mode: str, to: str = "") -> None:
        self._stepped = (held, view.now) if mode != "run" or to else None
        if mode != "run":
            self._picture.held.stay(held)
        words = f"{held.label} runs to: {to}" if to else f"{held.label} {_MOVES[mode]}"
        self._do(words, "release", context=held.context, mode=mode, follow=self._follow, to=to)


def _ends(stop: Held, stepped: Held, t: int) -> bool:
    """Whether this stop is where a step that began after `t` has come to, with the context itself or a child or thread of its."""
    return stop.since > t and (stop.context == stepped.context or stop.why == "step")
