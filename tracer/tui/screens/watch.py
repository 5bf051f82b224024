"""The watch screen: one server, live or replayed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tracer.timeline.filter import FilterError, parse_hold

from ..panels.calls import Calls
from ..panels.entry import FILTERS, PLACES, Entry, Purpose
from ..panels.header import MODES, Header
from ..panels.held import HeldPanel
from ..panels.keys import Keys, Remark, Said
from ..panels.output import OutputPanel
from ..panels.panel import Panel
from ..panels.rail import Rail
from ..panels.timeline import TimelinePanel
from ..view import View
from .side import SIDE, Side

PANEL_KEYS = (
    ("1", "calls"), ("2", "queue"), ("3", "children"), ("4", "threads"), ("5", "connections"), ("6", "source"), ("7", "inspector"),
    ("8", "output"), ("9", "held"), ("0", "waiting"), ("T", "timeline"),
)  # fmt: skip
"""Key and panel."""
VERY_WIDE, TALL = 170, 30  # columns; rows


class WatchScreen(Screen[None]):
    """Header, rail, calls and the small panels. It passes views on, and no more."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (VERY_WIDE, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-low"), (TALL, "-tall"), (50, "-very-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#calls"
    LARGE: ClassVar[tuple[str, ...]] = (
        *SIDE,
        "timeline",
    )  # panels that fill the screen when they have the focus and are enlarged; else the calls do

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"panel('{name}')", f"Go to {name.capitalize()}", show=False, id=f"panel.{name}") for key, name in PANEL_KEYS),
        Binding("p", "next_panel", "Next panel", show=False, id="panel.next"),
        Binding("z", "enlarge", "Enlarge the focused panel", show=False, id="panel.enlarge"),
        Binding("escape", "back", "Close the line, or back to all panels", show=False),
    ]

    class Arranged(Message):
        """Other panels are seen than before."""

    class Unfiltered(Message):
        """All calls are to be seen."""

    class Missing(Message):
        """A panel is wanted that is not there."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

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
        yield TimelinePanel(id="timeline", ascii_marks=marks)
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
        self.side.give_room(view, self.one_panel or self.enlarged, self.room.width >= VERY_WIDE)

    @property
    def room(self) -> Size:
        """How much of the screen is for the picture."""
        return self.size

    @property
    def one_panel(self) -> bool:
        """Whether there is room for one small panel only, or for none (see `tiny`)."""
        return self.room.width < 100 or self.room.height < 18

    @property
    def tiny(self) -> bool:
        """Whether there is room for the calls only."""
        return self.room.width < 100 and self.room.height < 18

    @property
    def enlarged(self) -> bool:
        """Whether one panel fills the screen."""
        return self.has_class("-enlarged")

    def on_resize(self) -> None:
        self._give_room(self.calls.view)
        self.post_message(self.Arranged())

    def on_side_resized(self) -> None:
        self._give_room(self.calls.view)

    def action_next_panel(self) -> None:
        """The next of the small panels; where all are seen it gets the focus, where none is it fills the screen."""
        panel = self.side.next()
        if self.enlarged or not self.has_room(panel.id or ""):
            self._enlarge(panel)
        if self.enlarged or not self.one_panel:
            panel.focus()

    def go_to(self, name: str) -> bool:
        """Give that panel the focus, where it is seen; False: it is not there."""
        panel = self.see(name)
        if panel is not None:
            panel.focus()
        return panel is not None

    def see(self, name: str) -> Panel | None:
        """Bring that panel into sight; None: it is not there."""
        if name in SIDE and name not in self.side.there:
            return None
        panel = self.query_one(f"#{name}", Panel)
        if name in SIDE:
            self.side.choose(name)
        self._give_room(self.calls.view)
        if self.enlarged or not self.has_room(name):
            self._enlarge(panel)
        return panel

    def has_room(self, name: str) -> bool:
        """Whether that panel can be seen while others are."""
        return name == "calls" or not (self.tiny or (name == "timeline" and self.room.height < TALL))

    def action_panel(self, name: str) -> None:
        """Go to a panel, by its name."""
        if not self.go_to(name):
            self.post_message(self.Missing(name))

    def action_enlarge(self) -> None:
        """The focused panel fills the screen, or the calls do; again: all panels."""
        if self.enlarged:
            self.action_shrink()
            return
        panel = self.focused
        self._enlarge(panel if isinstance(panel, Panel) and panel.id in self.LARGE else self.calls)

    def _enlarge(self, panel: Panel) -> None:
        # Textual's own maximize puts the panel above the header; the mode must stay where it is.
        self.add_class("-enlarged")
        self.query(".-large").remove_class("-large")
        panel.add_class("-large")
        self.side.set_class(panel.id in SIDE, "-holds-large")
        self.set_class(panel.id == "timeline", "-timeline-large")
        self._give_room(panel.view)
        self.post_message(self.Arranged())

    def action_back(self) -> None:
        """Close the line that is open, with the filter that stands on it; or bring back all panels; or all calls."""
        if self.entry.purpose == "filter" or (self.entry.purpose is None and not self.enlarged):
            self.post_message(self.Unfiltered())
        if self.entry.purpose is not None:
            self.close_entry()
        else:
            self.action_shrink()

    def action_shrink(self) -> None:
        """All panels again."""
        self.remove_class("-enlarged", "-timeline-large")
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
        if purpose == "search" and (self.enlarged or not self.has_room("output")):
            self._enlarge(self.output)
        elif self.one_panel and purpose in ("search", "type"):
            self.side.choose("output")
        if not self.entry.typing:
            self._focus_before = self.focused
        self.entry.open(purpose, text, whose)
        self.set_class(purpose in FILTERS, "-filter")
        self.query_one(Remark).error = None
        if text and purpose in PLACES:
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

    def wrong(self, error: FilterError | None) -> None:
        """Say below the line what is wrong with a filter; None: nothing."""
        self.query_one(Remark).error = error

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
            event.stop()
            self.output.search(event.text)
            self._tell_found()
        elif event.purpose in PLACES:
            event.stop()
            self.is_place(event.text)

    def on_entry_entered(self, event: Entry.Entered) -> None:
        if event.purpose == "search":
            event.stop()
            self.action_go_on(-1)

    def on_entry_moved(self, event: Entry.Moved) -> None:
        if self.entry.purpose == "search":
            event.stop()
            self.action_go_on(event.step)

    def on_entry_closed(self) -> None:
        self.action_back()

    def on_descendant_focus(self) -> None:
        self.post_message(self.Arranged())
