"""The lesson's panel: prose, what is going on, questions with their choices, and what the run says to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from tracer.lesson.prose import Span
from tracer.lesson.words import say
from tracer.lesson.wrap import wrapped

from ..lines import Line, line
from ..marks import ARROW, BAD, BOLD, CHOICE, DIM, DONE_BY_A_PERSON, PERSON, PLAIN, RAISED, RIGHT, WARN, ascii_only
from ..panels.paged import Paged
from ..view import View
from .sheet import Part, Sheet

_CODE = Style(color="#2fc293")
_GOOD = Style(color="#2fc293", bold=True)
_MOST_DIGITS = 9
_HELP_WIDTH = 64  # cells: what help stands on is as wide at least
_BAR = "│ "


class Look(NamedTuple):
    """How parts of a kind are drawn."""

    style: Style = PLAIN
    mark: str = ""  # in front of the first line; the others begin below what stands behind it
    apart: bool = True  # an empty line stands above


_LOOKS = {
    "heading": Look(BOLD),
    "paragraph": Look(),
    "item": Look(),
    "code": Look(_CODE, _BAR),
    "look": Look(PLAIN, f"{ARROW} "),
    "doing": Look(DONE_BY_A_PERSON, f"{PERSON} "),
    "remark": Look(DIM),
    "failed": Look(BAD, f"{RAISED} "),
    "cure": Look(),
    "question": Look(BOLD),
    "given": Look(PLAIN, f"{CHOICE} ", apart=False),
    "change": Look(PLAIN, f"{CHOICE} "),
    "right": Look(_GOOD, f"{RIGHT} ", apart=False),
    "wrong": Look(BAD, f"{RAISED} ", apart=False),
    "open": Look(WARN, "? ", apart=False),
    "result": Look(PLAIN, "  ", apart=False),
    "proof": Look(PLAIN, "  ", apart=False),
    "line": Look(_CODE, "  ", apart=False),
}


class LessonPanel(Paged):
    """Draws the sheet it is given. Its own are only the choice that the cursor is on, and the digits that were typed."""

    NAME = "Lesson"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Answer, or go on", show=False),
        Binding("backspace", "erase", "Delete a digit", show=False),
        Binding("B,backspace", "app.lesson('back')", "A step back", show=False),
        Binding("S", "app.lesson('skip')", "Skip the question", show=False),
        Binding("R", "app.lesson('restart')", "Begin the lesson anew", show=False),
        Binding("V", "app.lesson('proof')", "Show what decides", show=False),
        *(Binding(digit, f"digit('{digit}')", f"Type {digit}", show=False) for digit in "0123456789"),
    ]

    class Entered(Message):
        """Enter was pressed on a sheet: `text` was chosen, the choice at `place`, or typed; "": there was nothing to answer."""

        def __init__(self, sheet: Sheet, text: str, place: int) -> None:
            super().__init__()
            self.sheet = sheet
            self.text = text
            self.place = place

    class Read(Message):
        """Another part is seen: Enter may do another thing than before."""

    sheet: reactive[Sheet | None] = reactive(None, repaint=False)
    """What to say."""

    def __init__(self, language: str, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._language = language
        self._cursor = 0  # the choice that Enter takes
        self._typed = ""
        self._choices: list[range] = []  # the lines of each choice, or of what is typed
        self._drawn: tuple[object, ...] = ()  # what the lines are made from
        self._lines: list[Line] = []
        self._begin = 0  # the line that is read first

    def watch_sheet(self, before: Sheet | None, sheet: Sheet | None) -> None:
        if before is None or sheet is None or before.question != sheet.question:
            self._cursor, self._typed = sheet.cursor if sheet is not None else 0, ""
        self._draw()

    # -- what is drawn -----------------------------------------------------------------------------------------------------

    def title(self, view: View) -> str:
        return self.sheet.title if self.sheet is not None else self.NAME

    def help(self, view: View) -> str:
        found = [wrapped((Span(words),), _HELP_WIDTH) for words in say(self._language, "screen help").split("\n")]
        return "\n".join("".join(span.text for span in one) for lines in found for one in lines)

    def about(self, view: View) -> object:
        return self.sheet.about if self.sheet is not None else None

    def body(self, view: View, width: int) -> tuple[list[Line], int]:
        sheet = self.sheet
        if sheet is None:
            return [], 0
        wanted = (sheet, width, self._cursor, self._typed)
        if wanted != self._drawn:
            self._drawn = wanted
            self._lines, self._begin = _drawn(sheet, width)
            self._choices = []
            for drawn in self._asked(sheet, width):
                self._choices.append(range(len(self._lines), len(self._lines) + len(drawn)))
                self._lines += drawn
        return self._lines, self._begin

    def _asked(self, sheet: Sheet, width: int) -> Iterator[list[Line]]:
        """The lines of each choice, or of what is typed."""
        if sheet.types:
            hint = say(self._language, "screen type")
            yield [line((f"{CHOICE} {self._typed}_", BOLD), (f"  {hint}", DIM))]
        for place, choice in enumerate(sheet.choices):
            here = place == self._cursor
            mark, style = (f"{CHOICE} ", BOLD) if here else ("  ", PLAIN)
            yield _wrapped(mark, (Span(choice),), width, style)

    def first(self, line: int, room: int) -> int:
        return line

    def more(self, lines: int) -> str:
        return say(self._language, "screen more", count=lines, key="Enter" if self.has_focus else "L")

    def _draw(self) -> None:
        read_on = self.reads_on
        super()._draw()
        sheet = self.sheet
        edge = "" if sheet is None else sheet.note or sheet.prompt * (not self.reads_on)
        if str(self.border_subtitle or "") != edge:
            self.border_subtitle = Content(ascii_only(edge) if self.ascii_marks else edge)
        if self.reads_on != read_on:
            self.post_message(self.Read())

    # -- keys --------------------------------------------------------------------------------------------------------------

    @property
    def reads_on(self) -> bool:
        """Whether there is more to read below: Enter shows it, before it does anything else."""
        return self._top < self._last

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("digit", "erase"):  # elsewhere these keys do something else
            return self.sheet is not None and self.sheet.types
        return super().check_action(action, parameters)

    def action_digit(self, digit: str) -> None:
        """A digit more."""
        self._typed = (self._typed + digit)[:_MOST_DIGITS]
        self.action_page(1_000_000)

    def action_erase(self) -> None:
        """A digit less."""
        self._typed = self._typed[:-1]
        self.action_page(1_000_000)

    def action_enter(self) -> None:
        """Read on, as long as not all has been read; then answer, or go on."""
        sheet = self.sheet
        if sheet is None:
            return
        if self.reads_on:
            super().action_page(1, page=True)
        elif sheet.choices and not self._is_seen(self._cursor):
            self._bring(self._cursor)
        elif sheet.choices:
            self.post_message(self.Entered(sheet, sheet.choices[self._cursor], self._cursor))
        else:
            self.post_message(self.Entered(sheet, str(int(self._typed)) if self._typed else "", 0))

    def action_page(self, step: int, page: bool = False) -> None:
        """Up and Down choose, where there is a choice in sight; else another part is shown."""
        cursor = self._cursor + step
        if page or abs(step) > 1 or not self._can_choose(cursor):
            super().action_page(step, page)
            return
        self._cursor = cursor
        self._draw()
        self._bring(cursor)

    def _can_choose(self, place: int) -> bool:
        """Whether Up or Down may go to that choice: it is there, and all that is to be read stands above it."""
        if self.sheet is None or not 0 <= place < len(self.sheet.choices) or not self._is_seen(self._cursor):
            return False
        is_list = self._choices[0].start <= self._top  # so long that nothing else is seen
        return place < self._cursor or not self.reads_on or is_list

    def _is_seen(self, place: int) -> bool:
        """Whether that choice is in sight."""
        if place >= len(self._choices):  # nothing of it has been drawn yet
            return False
        lines = self._choices[place]
        end = self._top + self._room - self.reads_on  # the last line says that there are more
        return self._top <= lines.start and (lines.stop <= end or lines.start == self._top)

    def _bring(self, place: int) -> None:
        """Have that choice in sight."""
        if place < len(self._choices) and not self._is_seen(place):
            lines = self._choices[place]
            wanted = lines.start if lines.start < self._top else lines.stop + 1 - self._room
            super().action_page(min(max(wanted, 0), self._last) - self._top)


def _drawn(sheet: Sheet, width: int) -> tuple[list[Line], int]:
    """The lines of all parts, and the one that is read first."""
    lines: list[Line] = []
    begin = 0
    before = ""
    for number, part in enumerate(sheet.parts):
        look = _LOOKS[part.kind]
        if lines and look.apart and not (part.kind == before == "item"):
            lines.append([])
        if number == sheet.new:
            begin = len(lines)
        if part.kind == "code":
            lines += _code(part, width)
        elif part.kind == "item":
            lines += _wrapped(part.spans[0].text, part.spans[1:], width, look.style)
        else:
            lines += _wrapped(look.mark, part.spans, width, look.style)
        before = part.kind
    return lines, begin


def _wrapped(mark: str, spans: tuple[Span, ...], width: int, style: Style) -> list[Line]:
    """Prose in lines behind a mark; code and what is strong have a look of their own."""
    looks = {"": style, "code": style + _CODE, "strong": style + BOLD}
    found = wrapped(spans, max(2, width - len(mark)))
    marks = [mark, *[" " * len(mark)] * (len(found) - 1)]
    return [line((mark, style), *((span.text, looks[span.look]) for span in one)) for mark, one in zip(marks, found, strict=True)]


def _pieces(code: str, room: int) -> list[str]:
    """A line of code in pieces: behind a space, a bracket, a comma or a dot where that is not far from the end."""
    found = []
    while cell_len(code) > room:
        most = len(chop_cells(code, room)[0])
        end = next((place for place in range(most, most // 2, -1) if code[place - 1] in " (,.="), most)
        found.append(code[:end])
        code = code[end:]
    return [*found, code]


def _code(part: Part, width: int) -> list[Line]:
    """Code, line by line: what is too long for one goes on in the next."""
    room = max(2, width - len(_BAR))
    pieces = [piece for one in part.spans[0].text.split("\n") for piece in _pieces(one, room)]
    return [line((_BAR, DIM), (piece, _CODE)) for piece in pieces]
