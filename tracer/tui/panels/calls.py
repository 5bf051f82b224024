"""The call tree, grafted across forks and threads: one line a row, drawn only where it is seen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tracer.probe.hooks import HOOKS
from tracer.recording.text import harmless
from tracer.timeline.row import Row
from tracer.timeline.units import count

from ..call_line import Look, call_line, columns_for, owner_words
from ..focus import Call
from ..lines import line
from ..marks import DIM, LEGEND, MORE
from ..view import View
from .panel import strip_of
from .scrolled import Scrolled


class Calls(Scrolled, can_focus=True):
    """The calls of every context, in the order they began; each context under the call it was born in.

    A line is known by its context and span: rows may appear above it. So is the **cursor**, the row that keys are about: it is on the
    newest row until the person moves it, and then stays on its call.
    """

    NAME = "Calls"
    HELP_TEXT = (
        "Every call of a hook, in the colour of its context, under the call it was made in; a child's or a thread's calls stand "
        "under the fork or the start that made it. So the time may go back from one line to the next. To the right: the "
        "connection, the duration (or how long it lasts), the class that supplied the hook; bold if it is the program's own."
        "\n\nThe cursor is the row whose label is reversed: that call is chosen, Source and Inspector are about it, and h and t "
        "propose its hook; t, s, n, u and g are about its context if that is held. It follows the newest call. Arrow and page keys, "
        "a click and the mouse wheel move it; then nothing moves by itself. End goes back, in a finished recording to its end. Enter "
        "shows the moment at which the chosen call began, and again, at which it ended."
        "\n\n- folds away what is inside a call ([+] stands there then), + shows it again. / shows only the calls that match a filter, "
        "Esc all again; F jumps from one match to the next. ( goes to the call around, ) to the first one inside."
        "\n\nA time at ‖ is how much of a call its context was held, by a person or by slow motion: no time of the program's. w leaves "
        "it out of the durations, or in; the frame says which. What other contexts waited because of it stays in theirs."
        "\n\nThe marks:\n\n"
        + "\n".join(f"  {mark.shape:3} {mark.means}" for mark in LEGEND)
        + "\n\nThe hooks, in the order of a server's life:\n\n"
        + "\n\n".join(f"{hook.name}  {hook.called} Override: {hook.override}" for hook in HOOKS.values())
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "The call above", show=False),
        Binding("down", "move(1)", "The call below", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("end", "last", "The newest call", show=False),
        Binding("enter", "app.time('begin')", "The moment at which it began; again: at which it ended", show=False),
        Binding("minus", "app.fold(True)", "Fold it away", show=False),
        Binding("plus,equals_sign", "app.fold(False)", "Unfold it", show=False),
    ]

    class Chose(Message):
        """The person has moved the cursor. `call`: its context and span; None: it follows the newest again."""

        def __init__(self, call: Call | None) -> None:
            super().__init__()
            self.call = call

    class Last(Message):
        """The person wants the newest call of all."""

    class First(Message):
        """The person wants the first call of all."""

    with_held: reactive[bool] = reactive(True, repaint=False)
    """Whether durations are as measured, or without the time in which their context was held."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._jumps = 0  # of the view that was shown last
        self._seen: tuple[object, ...] | None = None  # what the lines were drawn from
        self._cursor: tuple[int, int] | None = None  # context and span; counts while the newest row is not followed

    def title(self, view: View) -> str:
        found = super().title(view)
        if view.matched is not None:
            text, matches, progress = view.matched
            searching = f", {progress} % looked at" if progress < 100 else ""
            past = " in all" if view.wanted.t is not None else ""  # some of them may be later
            found += f" ─ {count(matches, 'call')}{past} match{'es' if matches == 1 else ''} {harmless(text)}{searching}"
        return found if not self.was_held else f"{found} ─ times with{'' if self.with_held else 'out'} ‖ held (w)"

    @property
    def was_held(self) -> bool:
        """Whether there is time in which a context was held."""
        return any(row.held for row in self._rows)

    def watch_with_held(self) -> None:
        self._draw()

    # -- the cursor --------------------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> Row | None:
        """The row that keys are about; None while there is no row."""
        place = self._place()
        return self._rows[place] if place is not None else None

    @property
    def _rows(self) -> tuple[Row, ...]:
        return self._drawn.rows if self._drawn is not None else ()

    def _place(self) -> int | None:
        """Which of the rows the cursor is on."""
        rows = self._rows
        if not rows:
            return None
        if self.follows or self._cursor is None:
            return len(rows) - 1
        view = self._drawn
        if view is not None and view.at is not None and view.wanted.chosen == self._cursor:
            return min(view.at, len(rows) - 1)
        return _place_of(rows, *self._cursor) or 0

    def action_move(self, step: int) -> None:
        """Up or down; below the newest row it is followed again."""
        place = self._place()
        if place is not None:
            self._move_to(place + step)

    def action_page(self, step: int) -> None:
        """A page up or down."""
        place, last = self._place(), len(self._rows) - 1
        if place is not None:
            wanted = place + step * max(1, self.scrollable_content_region.height - 1)
            self._move_to(min(wanted, last) if place < last else wanted)

    def _move_to(self, place: int) -> None:
        if place < len(self._rows):
            self._put(max(0, place))
        elif self._drawn is not None and self._drawn.below:
            self._put(len(self._rows) - 1)
        else:
            self.action_tail()

    def action_top(self) -> None:
        if self._rows:
            self._put(0)
            self.post_message(self.First())

    def action_last(self) -> None:
        """The newest call; of a recording that is finished, at its end."""
        self.action_tail()
        self.post_message(self.Last())

    def action_tail(self) -> None:
        super().action_tail()
        self._cursor = None
        self._draw()
        self._tell(None)

    def _tell(self, call: Call | None) -> None:
        """Somebody has moved the cursor there."""
        self.post_message(self.Chose(call))
        self.post_message(self.Chosen())

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        place = round(self.scroll_y) + offset.y - 1 if offset is not None else -1
        if 0 <= place < len(self._rows):
            self._put(place)

    def scrolled(self) -> None:
        """The cursor stays in sight."""
        place = self._place()
        if self.follows and self._cursor is not None:
            self._cursor = None
            self._tell(None)
        if place is None or self.follows:
            return
        top, height = round(self.scroll_y), self.scrollable_content_region.height
        seen = min(max(place, top - 1), max(0, top + height - 2))
        if seen != place:
            self._stay(seen)

    def _put(self, place: int) -> None:
        """The cursor on that row, and the row in sight."""
        self.follows = False
        self._stay(place)
        self._bring(place)

    def _bring(self, place: int) -> None:
        """Have that row in sight."""
        top, height = round(self.scroll_y), self.scrollable_content_region.height
        if place + 1 < top or place == 0:  # with what stands above the oldest row
            self.go(place + bool(place))
        elif place + 1 >= top + height:
            self.go(place + 2 - height)
        self._draw()

    def _stay(self, place: int) -> None:
        row = self._rows[place]
        self._cursor = row.context, row.span
        self._tell(self._cursor)

    def _jump(self, view: View) -> None:
        """Somebody has gone elsewhere: the row of the cursor in sight."""
        self._show(view)
        place, height = self._place(), self.scrollable_content_region.height
        if place is None or self.follows:
            self.go(round(self.max_scroll_y))
        elif not round(self.scroll_y) < place + 1 < round(self.scroll_y) + height - 1:
            self.go(max(0, place + 1 - height * 2 // 3))

    def _take(self, view: View | None) -> None:
        if view is None:
            return
        jumped = view.wanted.jumps != self._jumps
        if jumped:
            self._jumps, self._cursor = view.wanted.jumps, view.wanted.chosen
            self.follows = self._cursor is None
        if not self.scrollable_content_region.width:
            self._show(view)  # nobody sees it, but keys are about its cursor
        elif jumped:
            self._jump(view)
        else:
            super()._take(view)

    def on_resize(self) -> None:  # type: ignore[override]
        super().on_resize()
        place = self._place()
        if place is not None and not self.follows:
            self._bring(place)

    # -- following and scrolling -------------------------------------------------------------------------------------------

    def rows_of(self, view: View) -> int:
        return len(view.rows) + 1 + view.below

    def place_in(self, view: View, top: int) -> int | None:
        if not self._rows:
            return 0
        anchor = self._rows[min(max(0, top - 1), len(self._rows) - 1)]
        place = _place_of(view.rows, anchor.context, anchor.span)
        return place + (1 if top else 0) if place is not None else None

    @property
    def at_bottom(self) -> bool:
        return super().at_bottom and self._drawn is not None and not self._drawn.below

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def strips_of(self, view: View, top: int, width: int, height: int) -> list[Strip]:
        rows = view.rows
        columns = columns_for(width, {row.label for row in rows}, {owner_words(row) for row in rows}, view.moment.counts.connections)
        cursor = self._place()
        stuck = {one.context for one in view.moment.held}
        seen = (rows, columns, top, cursor, stuck, self.with_held, self.has_class("-large"))
        # While nothing but time has changed, only open calls look different.
        before = self._strips if self._seen is not None and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)) else []
        self._seen = seen
        strips: list[Strip] = []
        for number in range(top, min(top + height, self.rows_of(view))):
            if number > len(rows):
                strips.append(strip_of(line((f"{MORE} later calls", DIM)), width, self.ascii_marks))
                continue
            if number == 0:
                strips.append(strip_of(line((_above(view), DIM)), width, self.ascii_marks))
                continue
            row = rows[number - 1]
            if number - top < len(before) and not row.open:
                strips.append(before[number - top])
                continue
            look = Look(
                labelled=number == top or number == 1 or rows[number - 2].context != row.context,
                cursor=number - 1 == cursor,
                stuck=row.context in stuck,
                with_held=self.with_held,
                digits=2 if self.has_class("-large") else 3,
            )
            strips.append(strip_of(call_line(row, view.now, columns, look, view.errors), width, self.ascii_marks))
        return strips


def _above(view: View) -> str:
    """What stands above the oldest row."""
    if view.more:
        return f"{MORE} earlier calls"
    if view.matched is not None:
        return "no earlier call matches" if view.matched.progress == 100 else "not all calls were looked at yet"
    if view.rows:
        return "the recording begins here"
    return "no hook was called" if view.finished else "no hook called yet"


def _place_of(rows: tuple[Row, ...], context: int, span: int) -> int | None:
    """Which row shows that call: a turn of a loop may have been folded into the row of an earlier one. None: it is above all rows."""
    return next((n for n in range(len(rows) - 1, -1, -1) if rows[n].context == context and rows[n].span <= span), None)
