"""Help for one panel, and the question before the end."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ..marks import ascii_only
from ..panels.keys import Keys


class HelpScreen(ModalScreen[None]):
    """What a panel shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,space,enter", "dismiss(None)", "Close"),
    ]

    def __init__(self, title: str, text: str, ascii_marks: bool) -> None:
        super().__init__(classes="-ascii" if ascii_marks else "")
        self._title = title
        self._text = ascii_only(text) if ascii_marks else text
        self._ascii_marks = ascii_marks

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="paper") as paper:
            paper.border_title = self._title
            yield Static(Text(self._text))
        yield Keys(id="keys", ascii_marks=self._ascii_marks)

    def on_mount(self) -> None:
        self.query_one("#paper").focus()
        close = "screen.dismiss(None)"
        self.query_one(Keys).keys = (("Esc", "close", close), ("q", "close", close), ("?", "close", close))


class Question(ModalScreen[bool]):
    """Yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "Yes"),
        Binding("n,escape,q", "dismiss(False)", "No"),
    ]

    def __init__(self, question: str, ascii_marks: bool, answers: tuple[str, str] = ("yes", "no")) -> None:
        super().__init__(classes="-ascii" if ascii_marks else "")
        self._question = question
        self._ascii_marks = ascii_marks
        self._yes, self._no = answers

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(Text(f"{self._question}\n\ny  {self._yes}      n  {self._no}"))
        yield Keys(id="keys", ascii_marks=self._ascii_marks)

    def on_mount(self) -> None:
        self.query_one(Keys).keys = (("y", self._yes, "screen.dismiss(True)"), ("n", self._no, "screen.dismiss(False)"))
