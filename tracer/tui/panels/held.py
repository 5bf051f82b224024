"""Who is held, where, for how long and why, and what waits because of it; the holds that are set; slow motion."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.reactive import reactive

from tracer.timeline.moment import SLOW_MOTION, STEP, Held, Hold
from tracer.timeline.units import ticking

from ..lines import Line, cells, ends, line, wrapped
from ..marks import ARROW, BOLD, DIM, HELD, PLAIN, STOPPED, WARN, context_style
from ..times import waits
from ..view import View
from .panel import Panel

Entry: TypeAlias = Held | Hold

FOLLOWS = {"both": "parent and child", "parent": "the parent", "child": "the child"}
"""Whom a step may follow across fork and Thread.start."""

_REVERSED = Style(reverse=True)


class HeldPanel(Panel, can_focus=True):
    """Held contexts and holds. One entry is chosen; it stays chosen while it is gone for a moment, as at a step."""

    NAME = "Held"
    HELP_TEXT = (
        "A hold is a place: before or after a hook, for everybody or under a condition. 'before handle' holds everybody who comes "
        "there; 'before handle & #3' one connection, and so does o, the next one. A context that comes to a hold waits there until "
        "somebody releases it. Everybody else runs on. The list says who is held, where, for how long and why, and below that what "
        "waits because of it.\n\n"
        "Holding the only thread of a server holds everyone: new clients wait in the accept queue, and when that is full, in "
        "connect(). Clients' own timers run on: one may give up before its server is released.\n\n"
        "A step releases a context as far as its next stop. In: its next hook. Over: the next that is not inside the call that it is "
        "held before. Out: the first behind the call around that one. Where it forks or starts a thread, the step follows both, or the "
        "one that f chooses. Who steps and then waits for its client comes to its next hook when the client does something.\n\n"
        "Slow motion holds each context before each hook of a connection, and lets it go by itself. Durations, and who comes first, "
        "are then not the program's own. Freeze (space) is another thing: it stops only the picture.\n\n"
        "Up and down choose, d removes the hold that is chosen. The step keys are about the context that is chosen here while this "
        "panel has the focus, else about the one at the cursor in Calls, else about the only one that is held."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "The one above", show=False),
        Binding("down", "move(1)", "The one below", show=False),
        Binding("delete", "app.gate('unhold')", "Remove the hold", show=False),
    ]

    follow: reactive[str] = reactive("", repaint=False)
    """Whom a step follows, a row of FOLLOWS; "" where no step is possible."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._choice: tuple[type, int] | None = None
        self._entries: list[Entry | None] = []  # of each line that is seen

    # -- the entry that is chosen ------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> Entry | None:
        """The entry that is chosen: until somebody chooses, the first; None while it is not there."""
        entries = _entries(self.view) if self.view is not None else []
        if self._choice is None:
            return entries[0] if entries else None
        return next((entry for entry in entries if _identity(entry) == self._choice), None)

    def stay(self, held: Held) -> None:
        """The one that is stepped stays chosen."""
        self._choose(held)

    def action_move(self, step: int) -> None:
        """Choose the one above or below."""
        entries = _entries(self.view) if self.view is not None else []
        if entries:
            chosen = self.chosen
            place = entries.index(chosen) + step if chosen is not None else 0
            self._choose(entries[min(max(0, place), len(entries) - 1)])

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._entries) and (entry := self._entries[offset.y]) is not None:
            self._choose(entry)

    def _choose(self, entry: Entry) -> None:
        self._choice = _identity(entry)
        self._draw()
        self.post_message(self.Chosen())

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def title(self, view: View) -> str:
        return f"{self.NAME} ─ a step follows {FOLLOWS[self.follow]}" if self.follow else self.NAME

    def watch_follow(self) -> None:
        self._draw()

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        chosen = self.chosen
        lines: list[tuple[Line, Entry | None]] = []
        for entry in _entries(view):
            marked = self.has_focus and entry is chosen
            drawn = _held(view, entry, width, marked) if isinstance(entry, Held) else [_hold(entry, width, marked)]
            lines += [(one, entry) for one in drawn]
        if not view.moment.held:
            lines.insert(0, (line(("nobody is held now", DIM)), None))
        if view.moment.pace:
            words = f"slow motion: each hook waits {waits(view.moment.pace)}; times are not the program's"
            lines += _remark(words, width)
        if view.unasked:
            which = "stop could not be held (its" if view.unasked == 1 else "stops could not be held (their"
            lines += _remark(f"{view.unasked:,} {which} process may not, or cannot, ask)", width)
        seen = _window(lines, chosen, height)
        self._entries = [entry for _, entry in seen]
        return [one for one, _ in seen]


def _entries(view: View) -> list[Entry]:
    """Held contexts as they began, those that wait for a person before those of slow motion; then holds."""
    places = {context.context: place for place, context in enumerate(view.moment.contexts)}
    held = sorted(view.moment.held, key=lambda one: (one.why == SLOW_MOTION, places.get(one.context, 0)))
    return [*held, *view.moment.holds]


def _identity(entry: Entry) -> tuple[type, int]:
    return type(entry), entry.context if isinstance(entry, Held) else entry.hold


def _held(view: View, held: Held, width: int, marked: bool) -> list[Line]:
    """A held context, on one line if there is room; then what it costs."""
    style = context_style(held.label)
    number = f"#{held.connection}" if held.connection is not None else ""
    mark = STOPPED + (_REVERSED if held.why != SLOW_MOTION else PLAIN)
    label = line((held.label, style + BOLD + _REVERSED if marked else style), " " * max(1, 7 - len(held.label)))
    head = line((HELD, mark), " ", *label, f"{number:5} ", (f"{held.when} {held.hook}", BOLD))
    lasts = line((ticking(view.now - held.since), STOPPED))
    about = line((f"  {_why(held)}", DIM))
    if cells(head) + cells(about) + cells(lasts) < width:
        lines = [ends([*head, *about], lasts, width)]
    else:
        lines = [ends(head, lasts, width), about]
    for cost in held.costs:
        first, *rest = wrapped(cost, max(20, width - 4))
        lines += [line(f"  {ARROW} {first}"), *(line(f"    {part}") for part in rest)]
    return lines


def _why(held: Held) -> str:
    """Who supplied the hook, and what holds the context."""
    known = {STEP: "by a step", SLOW_MOTION: "by slow motion", "?": "hold: n/a (not recorded)"}
    why = known.get(held.why, f"hold: {held.why}")
    return why if held.owner in ("", "?") else f"{held.owner} · {why}"


def _remark(words: str, width: int) -> list[tuple[Line, Entry | None]]:
    """Lines that are about nobody in particular."""
    return [(line((part, WARN)), None) for part in wrapped(words, max(20, width))]


def _hold(hold: Hold, width: int, marked: bool) -> Line:
    """A hold, as it was set."""
    name = line((f"hold {hold.hold}", BOLD + _REVERSED if marked else BOLD), f"  {hold.filter}")
    return ends(name, line(("for one stop", DIM)) if hold.once else [], width)


def _window(lines: list[tuple[Line, Entry | None]], chosen: Entry | None, height: int) -> list[tuple[Line, Entry | None]]:
    """As many lines as there is room for, the chosen entry's among them."""
    if len(lines) <= height or height < 1:
        return lines[: max(0, height)]
    places = [place for place, (_, entry) in enumerate(lines) if entry is not None and entry is chosen] or [0]
    top = min(places[0], max(0, places[-1] + 2 - height))
    seen = lines[top : top + height - 1]
    return [*seen, (line((f"… {len(lines) - len(seen)} more lines: z enlarges", DIM)), None)]
