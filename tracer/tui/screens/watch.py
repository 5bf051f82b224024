"""The watch screen: one server, live or replayed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tracer.timeline.filter import FilterError, parse_hold

from ..panels.calls import Calls
from ..panels.entry import FILTERS, Entry, Purpose
from ..panels.header import MODES, Header
from ..panels.held import HeldPanel
from ..panels.keys import Keys, Remark, Said
from ..panels.output import OutputPanel
from ..panels.panel import Panel
from ..panels.rail import Rail
from ..view import View
from .side import SIDE, Side


class WatchScreen(Screen[None]):
    """Header, rail, calls and the small panels. It passes views on, and no more."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#calls"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "next_panel", "Next small panel", show=False),
        Binding("z", "enlarge", "Enlarge the focused panel", show=False),
        Binding("escape", "back", "Close the line, or back to all panels", show=False),
    ]

    class Arranged(Message):
        """Other panels are seen than before."""

    def __init__(self, ascii_marks: bool, terminal: bool) -> None:
        super().__init__()
        self.ascii_marks = ascii_marks
        self.side = Side(ascii_marks, terminal, id="side")
        self._focus_before: Widget | None = None  # what had the keys before the line to type on
        self._own: frozenset[str] = frozenset()  # the program's own hooks

    def compose(self) -> ComposeResult:
        marks = self.ascii_marks
        yield Header(id="header", ascii_marks=marks)
        yield Rail(id="rail", ascii_marks=marks)
        with Horizontal(id="body"):
            yield Calls(id="calls", ascii_marks=marks)
            yield self.side
        yield Said(id="said", ascii_marks=marks)
        yield Entry(id="entry")
        yield Remark(id="remark", ascii_marks=marks)
        yield Keys(id="keys", ascii_marks=marks)

    def on_mount(self) -> None:
        self.set_class(self.ascii_marks, "-ascii")

    def show(self, view: View) -> None:
        """Give the view to every panel; the mode to the frames."""
        for look in MODES:
            self.set_class(view.look == look, f"-{look}")
        self._own = view.own
        rail = self.query_one(Rail)
        height = 2 if view.path is not None and view.path.branch else 1
        if rail.styles.height is None or rail.styles.height.value != height:
            rail.styles.height = height
        self.side.show(view)
        self._leave_gone()
        self._give_room(view)
        for panel in self.query(Panel):
            panel.view = view
        self._tell_found()

    def _leave_gone(self) -> None:
        """What a panel had that is there no more goes to the calls."""
        for panel in [self.side.panel(name) for name in SIDE if name not in self.side.there]:
            if panel.has_class("-large"):
                self.action_shrink()
            if panel.has_focus:
                self.calls.focus()

    def _give_room(self, view: View | None) -> None:
        self.side.give_room(view, self.one_panel or self.enlarged)

    @property
    def one_panel(self) -> bool:
        """Whether there is room for one small panel only, or for none (see `tiny`)."""
        return self.size.width < 100 or self.size.height < 18

    @property
    def tiny(self) -> bool:
        """Whether there is room for the calls only."""
        return self.size.width < 100 and self.size.height < 18

    @property
    def enlarged(self) -> bool:
        """Whether one panel fills the screen."""
        return self.has_class("-enlarged")

    def on_resize(self) -> None:
        self._give_room(self.calls.view)
        self.post_message(self.Arranged())

    def action_next_panel(self) -> None:
        """The next of the small panels; where all are seen it gets the focus, where none is it fills the screen."""
        panel = self.side.next()
        if self.enlarged or self.tiny:
            self._enlarge(panel)
        if self.enlarged or not self.one_panel:
            panel.focus()

    def show_held(self) -> bool:
        """Give Held the focus, where it is seen; False: it is not there."""
        if "held" not in self.side.there:
            return False
        self.side.choose("held")
        if self.enlarged or self.tiny:
            self._enlarge(self.held)
        self.held.focus()
        return True

    def action_enlarge(self) -> None:
        """The focused panel fills the screen, or the calls do; again: all panels."""
        if self.enlarged:
            self.action_shrink()
            return
        panel = self.focused
        self._enlarge(panel if isinstance(panel, Panel) and panel.id in SIDE else self.calls)

    def _enlarge(self, panel: Panel) -> None:
        # Textual's own maximize puts the panel above the header; the mode must stay where it is.
        self.add_class("-enlarged")
        self.query(".-large").remove_class("-large")
        panel.add_class("-large")
        self.side.set_class(panel.id in SIDE, "-holds-large")
        self._give_room(panel.view)
        self.post_message(self.Arranged())

    def action_back(self) -> None:
        """Close the line that is open, or bring back all panels."""
        if self.entry.purpose is not None:
            self.close_entry()
        else:
            self.action_shrink()

    def action_shrink(self) -> None:
        """All panels again."""
        self.remove_class("-enlarged")
        self.query(".-large").remove_class("-large")
        self._give_room(self.calls.view)
        self.post_message(self.Arranged())

    # -- the line to type on -----------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry:
        """The line to type on."""
        return self.query_one(Entry)

    @property
    def calls(self) -> Calls:
        """The call tree."""
        return self.query_one(Calls)

    @property
    def held(self) -> HeldPanel:
        """Who is held."""
        return self.query_one(HeldPanel)

    @property
    def output(self) -> OutputPanel:
        """The program's terminal."""
        return self.query_one(OutputPanel)

    def open_entry(self, purpose: Purpose, text: str = "", whose: str = "") -> None:
        """Open the line, with that text on it; bring the program's terminal into sight if it is about that, and there is room.

        `whose`: the label of the context that it is about.
        """
        if purpose != "search":
            self.output.search("")
        if purpose == "search" and (self.enlarged or self.tiny):
            self._enlarge(self.output)
        elif self.one_panel and purpose not in FILTERS:
            self.side.choose("output")
        if not self.entry.typing:
            self._focus_before = self.focused
        self.entry.open(purpose, text, whose)
        self.set_class(purpose in FILTERS, "-filter")
        self.query_one(Remark).error = None
        if text:
            self.is_place(text)
        self._tell_found()
        self.post_message(self.Arranged())

    def close_entry(self) -> None:
        """Close the line; a search ends with it."""
        typing = self.entry.typing
        self.entry.close()
        self.remove_class("-filter")
        self.output.search("")
        if typing and self._focus_before is not None:
            self._focus_before.focus()
        self.post_message(self.Arranged())

    def action_search(self) -> None:
        """Search what the program wrote."""
        self.open_entry("search")

    def action_go_on(self, step: int) -> None:
        """Another match."""
        self.output.go_on(step)
        self._tell_found()

    def action_press(self, key: str) -> None:
        """A key of the line, by its name in the footer."""
        self.entry.press(key)

    def _tell_found(self) -> None:
        if self.entry.purpose == "search":
            self.entry.note = self.output.found

    def is_place(self, text: str) -> bool:
        """Whether a filter says where to hold; what is wrong with it is said below it."""
        remark = self.query_one(Remark)
        try:
            parse_hold(text, self._own)
            remark.error = None
        except FilterError as error:
            remark.error = error
        return remark.error is None

    def on_entry_edited(self, event: Entry.Edited) -> None:
        if event.purpose == "search":
            self.output.search(event.text)
            self._tell_found()
        elif event.purpose in FILTERS:
            self.is_place(event.text)

    def on_entry_entered(self, event: Entry.Entered) -> None:
        if event.purpose == "search":
            event.stop()
            self.action_go_on(-1)

    def on_entry_moved(self, event: Entry.Moved) -> None:
        if self.entry.purpose == "search":
            self.action_go_on(event.step)

    def on_entry_closed(self) -> None:
        self.close_entry()

    def on_descendant_focus(self) -> None:
        self.post_message(self.Arranged())
