"""Several servers side by side: a column each, the calls of each request beginning at the same line in all."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tracer.timeline.units import count

from ..beside.column import Heads, needs, requests
from ..beside.view import BesideView
from ..lines import Line, ends, line
from ..marks import BAD, BOLD, DIM, HELD, WARN
from ..panels.header import MODES, mode_words
from ..panels.keys import Keys, Said
from ..panels.panel import strip_of
from ..themes import inked

HELP_TEXT = (
    "One column a server; every client is sent to all of them at the same time. Above: the hooks that a connection passes, the present "
    "one lit; who waits to be accepted; the children or threads, as the server believes and as the kernel says.\n\n"
    "Below: the calls of each request. Request #3 is the third connection that a server accepted; it begins at the same line in every "
    "column, so what differs between the servers stands side by side. Its own line says who the client is, and for how long the server "
    "has had the connection (▶: has it still). What a server has not accepted yet waits in its queue. Clients that come at the same "
    "instant may be accepted in another order by each server: the address tells them apart. What the loops do between requests is left "
    "out: a number opens that server on a screen of its own, where everything is."
)


class Picture(Widget):
    """Lines that are drawn from the picture of all servers; only those that changed are painted again."""

    view: reactive[BesideView | None] = reactive(None, repaint=False, always_update=True)
    """The picture to draw."""

    def __init__(self, *, id: str, ascii_marks: bool) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks
        self._strips: list[Strip] = []

    def draw(self, view: BesideView, width: int) -> list[Line]:
        """The lines, from the top."""
        raise NotImplementedError

    def watch_view(self) -> None:
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        if self.view is None or not width:
            return
        before, self._strips = self._strips, [strip_of(one, width, self.ascii_marks) for one in self.draw(self.view, width)]
        for y in range(max(len(before), len(self._strips))):
            if before[y : y + 1] != self._strips[y : y + 1]:
                self.refresh(Region(0, y, width, 1))

    def render_line(self, y: int) -> Strip:
        """One line, on the widget's own ground."""
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
        return inked(strip.apply_style(self.rich_style), self.app.theme)


class TopLine(Picture):
    """What is watched, in which mode, how many requests, and what was lost."""

    def draw(self, view: BesideView, width: int) -> list[Line]:
        leading, all_views = view.leading, [column.view for column in view.columns]
        lost, damaged = sum(one.moment.counts.lost for one in all_views), sum(one.damaged for one in all_views)
        losses = line((f" !! {lost:,} records lost, {damaged:,} damaged ", BAD)) if lost or damaged else line(" · 0 records lost")
        held = sum(len(one.stopped) for one in all_views)
        mode = f" {HELD} HELD {held} " if leading.look == "held" else mode_words(leading)
        right = line((mode, MODES[leading.look]), f"   {count(view.requests, 'request')}", *losses, " ")
        left = line(" ", ("tracer  ", DIM), (" ".join([view.title, *(column.name for column in view.columns)]), BOLD))
        return [ends(left, right, width)]


class HeadsPicture(Picture):
    """What stands above the requests of each server."""

    def __init__(self, *, id: str, ascii_marks: bool) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._heads = Heads()

    def needs(self, view: BesideView) -> int:
        """How many lines it takes."""
        return self._heads.height(view)

    def draw(self, view: BesideView, width: int) -> list[Line]:
        if width < needs(len(view.columns)):
            return [line((f" too narrow: {needs(len(view.columns))} columns are needed (or 1: alone)", WARN))]
        return self._heads.lines(view, width)


class Requests(Picture):
    """The calls of each request."""

    class Room(Message):
        """So many lines can be seen."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def draw(self, view: BesideView, width: int) -> list[Line]:
        if width < needs(len(view.columns)):
            return []
        return requests(view, width) or [line((" no request yet", DIM))]

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.post_message(self.Room(event.size.height))


class BesideScreen(Screen[None]):
    """Header, a column a server, what was said and the keys. It passes pictures on, and no more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "A line up", show=False),
        Binding("down", "move(1)", "A line down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("left_square_bracket", "request(-1)", "Previous request", show=False),
        Binding("right_square_bracket", "request(1)", "Next request", show=False),
        Binding("home", "first", "First request", show=False),
        Binding("end", "tail", "Newest request", show=False),
    ]

    class Moved(Message):
        """The cursor is to move: by lines, by requests, or (neither) to the newest line."""

        def __init__(self, lines: int = 0, requests: int = 0) -> None:
            super().__init__()
            self.lines, self.requests = lines, requests

    def __init__(self, ascii_marks: bool) -> None:
        super().__init__()
        self.ascii_marks = ascii_marks

    def compose(self) -> ComposeResult:
        marks = self.ascii_marks
        yield TopLine(id="header", ascii_marks=marks)
        yield HeadsPicture(id="heads", ascii_marks=marks)
        yield Requests(id="requests", ascii_marks=marks)
        yield Said(id="said", ascii_marks=marks)
        yield Keys(id="keys", ascii_marks=marks)

    def on_mount(self) -> None:
        self.set_class(self.ascii_marks, "-ascii")

    def show(self, view: BesideView) -> None:
        """Draw that picture, with as much room above the requests as the servers' rails need."""
        heads = self.query_one(HeadsPicture)
        wanted = heads.needs(view)
        if heads.styles.height is None or heads.styles.height.value != wanted:
            heads.styles.height = wanted
        for picture in self.query(Picture):
            picture.view = view

    # -- keys --------------------------------------------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        self.post_message(self.Moved(lines=lines))

    def action_page(self, step: int) -> None:
        self.action_move(step * max(1, self.query_one(Requests).size.height - 1))

    def action_request(self, step: int) -> None:
        self.post_message(self.Moved(requests=step))

    def action_first(self) -> None:
        self.action_move(-(1 << 30))

    def action_tail(self) -> None:
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self, _: events.MouseScrollUp) -> None:
        self.action_move(-3)

    def on_mouse_scroll_down(self, _: events.MouseScrollDown) -> None:
        self.action_move(3)
