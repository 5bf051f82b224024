"""One line to type on, above the footer: a search, what the program is to read, where to hold, what to show, where to go."""

from __future__ import annotations

from typing import ClassVar, Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.widgets import Input, Static

Purpose = Literal["search", "type", "hold", "to", "filter", "find", "go", "mark"]
_PROMPTS: dict[Purpose, str] = {
    "search": " search Output: ",
    "type": " to the program: ",
    "hold": " hold: ",
    "to": " run to: ",
    "filter": " show only: ",
    "find": " find: ",
    "go": " go to: ",
    "mark": " note: ",
}
PLACES: tuple[Purpose, ...] = ("hold", "to")  # what is typed says where somebody is to be held
FILTERS: tuple[Purpose, ...] = (*PLACES, "filter", "find", "go")  # what is typed is in the filter language

NARROW = 30  # columns


class Entry(Horizontal):
    """The line; it is there only while somebody types."""

    class Told(Message):
        """Something was done on the line."""

        def __init__(self, purpose: Purpose, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    class Edited(Told):
        """Its text is another."""

    class Entered(Told):
        """Enter was pressed."""

    class EndOfInput(Told):
        """Ctrl-D was pressed, and nothing stood there."""

    class Moved(Message):
        """Up (-1) or down (1) was pressed."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Closed(Message):
        """Esc was pressed."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.purpose: Purpose | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="prompt", markup=False)
        yield TypingLine(id="typing", compact=True, select_on_focus=False)
        yield Static("", id="note", markup=False)

    @property
    def typing(self) -> bool:
        """Whether keys go to it."""
        return self.query_one(TypingLine).has_focus

    def open(self, purpose: Purpose, text: str = "", whose: str = "") -> None:
        """Be there, and take the keys. `text` stands there to begin with; without it, what was typed for the same purpose.

        `whose`: the label of the context that it is about.
        """
        line = self.query_one(TypingLine)
        line.placeholder = "where to, such as before handle" if purpose == "to" else ""
        if self.purpose != purpose or text:
            self.purpose = purpose
            line.value = text
            line.cursor_position = len(text)
            self.note = ""
        self.query_one("#prompt", Static).update(f" {whose} runs to: " if whose else _PROMPTS[purpose])
        self.add_class("-open")
        line.focus()

    def on_resize(self, event: Resize) -> None:
        """Where there is little room, that is for what is typed."""
        self.set_class(event.size.width < NARROW, "-narrow-line")

    def close(self) -> None:
        """Be gone."""
        self.purpose = None
        self.remove_class("-open")

    def press(self, key: str) -> None:
        """What a key does here."""
        line = self.query_one(TypingLine)
        if key == "enter":
            self.post_message(self.Entered(self.purpose or "type", line.value))
        else:
            line.action_finish()

    def column(self, place: int) -> int:
        """The column of the screen in which that character of the text is seen."""
        line = self.query_one(TypingLine)
        return line.region.x - line.scroll_offset.x + cell_len(line.value[:place])

    @property
    def text(self) -> str:
        """What stands on it."""
        return self.query_one(TypingLine).value

    def clear(self) -> None:
        """An empty line."""
        self.query_one(TypingLine).value = ""

    @property
    def note(self) -> str:
        """What stands at its right end."""
        return str(self.query_one("#note", Static).content)

    @note.setter
    def note(self, words: str) -> None:
        self.query_one("#note", Static).update(f"{words} " if words else "")


class TypingLine(Input):
    """Where the text goes. Keys that mean something here mean nothing elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "move(-1)", "Before", show=False),
        Binding("down", "move(1)", "Behind", show=False),
        Binding("ctrl+d", "finish", "End of input", show=False),
        Binding("tab,shift+tab", "stay", "Stay here", show=False),
    ]

    @property
    def _entry(self) -> Entry:
        assert isinstance(self.parent, Entry)
        return self.parent

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._entry.purpose is not None:
            self.post_message(Entry.Edited(self._entry.purpose, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._entry.purpose is not None:
            self.post_message(Entry.Entered(self._entry.purpose, event.value))

    def action_close(self) -> None:
        """Close the line."""
        self.post_message(Entry.Closed())

    def action_move(self, step: int) -> None:
        """Up or down."""
        self.post_message(Entry.Moved(step))

    def action_finish(self) -> None:
        """The end of input; where there is text, one character less, as elsewhere."""
        if self.value or self._entry.purpose is None:
            self.action_delete_right()
        else:
            self.post_message(Entry.EndOfInput(self._entry.purpose, ""))

    def action_stay(self) -> None:
        """Nothing."""
