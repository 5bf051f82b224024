"""The start screen: a list to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tracer import __version__

from ..cells import fill
from ..lines import Line, line, wrapped
from ..marks import BOLD, DIM
from ..panels.keys import Bottom, Keys, Said
from ..panels.panel import strip_of
from ..themes import inked

_CURSOR = Style(bold=True, reverse=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    words: tuple[str, ...]  # of the command line that it stands for
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Section:
    """Choices of one kind."""

    title: str
    choices: tuple[Choice, ...]
    none: str = ""  # what stands there if there are none


class Title(Bottom):
    """The line on top."""

    def content(self) -> Line:
        return line(" ", ("tracer", BOLD), (f" {__version__}   see how a socketserver server works", DIM))


class About(Widget):
    """The choice that the cursor is on: the command line that it stands for, and its whole sentence."""

    choice: reactive[Choice | None] = reactive(None)
    """Which one."""

    def __init__(self, *, id: str, ascii_marks: bool) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks

    def render_line(self, y: int) -> Strip:
        found: list[Line] = []
        if self.choice is not None:
            words = " ".join(self.choice.words)
            found = [
                line("  ", ("tracer ", DIM), (words, BOLD)),
                *(line(f"  {one}") for one in wrapped(self.choice.sentence, self.size.width - 4)),
            ]
        strip = strip_of(found[y] if y < len(found) else [], self.size.width, self.ascii_marks)
        return inked(strip.apply_style(self.rich_style), self.app.theme)


class Others(Bottom):
    """What else can be done."""

    def content(self) -> Line:
        return line(("  your own:  ", DIM), "tracer run server.py ARGS…   tracer run -m http.server 8000")


class Choices(Widget, can_focus=True):
    """The sections, one choice a line; the cursor is on one of them, and always in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on that choice."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    class Chosen(Message):
        """That choice was made."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    cursor: reactive[int] = reactive(0)
    """Which of all choices."""

    def __init__(self, sections: tuple[Section, ...], *, id: str, ascii_marks: bool) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks
        self._items = [choice for section in sections for choice in section.choices]
        self._lines: list[str | Choice] = []  # a title, what stands where there is no choice, or a choice
        self._wide: dict[Choice, int] = {}  # how wide the names of its section are
        for section in sections:
            self._lines += [section.title, *(section.choices or [f"  {section.none}"]), ""]
            self._wide |= dict.fromkeys(section.choices, min(24, max((len(one.name) for one in section.choices), default=0)))
        self._top = 0

    # -- moving ------------------------------------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._items) - 1))

    def watch_cursor(self) -> None:
        self._scroll()
        if self._items:
            self.post_message(self.Moved(self._items[self.cursor]))

    def on_resize(self) -> None:
        self._scroll()

    def _scroll(self) -> None:
        """Have the cursor in sight, with the title above it if that is its section's first line."""
        if not self._items or not self.size.height:
            return
        place, height = self._place, self.size.height
        above = place - 1 if place and isinstance(self._lines[place - 1], str) else place
        self._top = max(min(self._top, above), place + 1 - height, 0)

    @property
    def _place(self) -> int:
        return self._lines.index(self._items[self.cursor])

    def action_move(self, step: int) -> None:
        self.cursor += step

    def action_page(self, step: int) -> None:
        self.cursor += step * max(1, self.size.height - 2)

    def action_choose(self) -> None:
        if self._items:
            self.post_message(self.Chosen(self._items[self.cursor]))

    def on_mouse_scroll_up(self, _: events.MouseScrollUp) -> None:
        self.action_move(-1)

    def on_mouse_scroll_down(self, _: events.MouseScrollDown) -> None:
        self.action_move(1)

    def on_click(self, event: events.Click) -> None:
        place = self._top + event.y
        one = self._lines[place] if place < len(self._lines) else ""
        if isinstance(one, Choice):
            self.cursor = self._items.index(one)
            self.action_choose()

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        place = self._top + y
        found = self._line(place) if place < len(self._lines) else []
        strip = strip_of(found, self.size.width, self.ascii_marks)
        return inked(strip.apply_style(self.rich_style), self.app.theme)

    def _line(self, place: int) -> Line:
        one = self._lines[place]
        if isinstance(one, str):
            return line(" ", (one, DIM if one.startswith(" ") else BOLD))
        chosen = place == self._place
        return line(" ", (f" {fill(one.name, self._wide[one])} ", _CURSOR if chosen else BOLD), " ", one.sentence)


class StartScreen(Screen[None]):
    """The list, what else there is, and the keys."""

    AUTO_FOCUS = "#choices"

    def __init__(self, sections: tuple[Section, ...], ascii_marks: bool, said: str) -> None:
        super().__init__()
        self.sections = sections
        self.ascii_marks = ascii_marks
        self.said = said

    def compose(self) -> ComposeResult:
        marks = self.ascii_marks
        yield Title(id="header", ascii_marks=marks)
        yield Choices(self.sections, id="choices", ascii_marks=marks)
        yield About(id="about", ascii_marks=marks)
        yield Others(id="others", ascii_marks=marks)
        yield Said(id="said", ascii_marks=marks)
        yield Keys(id="keys", ascii_marks=marks)

    def on_mount(self) -> None:
        self.query_one(Said).message = self.said
        self.query_one(Keys).keys = (
            ("Up Down", "choose", "screen.move(1)"),
            ("Enter", "open", "screen.choose"),
            ("q", "quit", "app.leave"),
        )

    def on_choices_moved(self, event: Choices.Moved) -> None:
        self.query_one(About).choice = event.choice

    def action_move(self, step: int) -> None:
        """The cursor up or down."""
        self.query_one(Choices).action_move(step)

    def action_choose(self) -> None:
        """Open what the cursor is on."""
        self.query_one(Choices).action_choose()
