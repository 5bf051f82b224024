"""The chosen call's code, as recorded: where control is in it, and the lines that have called it."""

from functools import lru_cache

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, String
from rich.segment import Segment
from rich.style import Style

from tracer.recording.text import harmless
from tracer.timeline.describe import WHOSE
from tracer.timeline.described import Description, Site, Source

from ..lines import Line, line, text, wrapped
from ..marks import BOLD, CURRENT, DIM, OPEN, PLAIN, context_style
from ..view import View
from .paged import Paged

_MOST = 100_000  # characters: what is longer has no colours, it would take too long
_LOW = 10  # rows: where there are fewer, one line says who has called
_TAB = 4
_NARROW = 60  # columns

#: What a piece of the text is -> how it looks. Bold, dim and italic say it where there are no colours.
_LOOKS = (
    (String.Doc, DIM),
    (Comment, Style(dim=True, italic=True)),
    (Keyword, Style(bold=True, color="#56b4e9")),
    (Name.Function, BOLD),
    (Name.Class, BOLD),
    (Name.Decorator, Style(italic=True)),
    (String, Style(color="#2fc293")),
    (Number, Style(color="#e69f00")),
)


class SourcePanel(Paged):
    """The lines of a function, with their numbers."""

    NAME = "Source"
    HELP_TEXT = (
        "The code of the call at the cursor in Calls, as it was when it was recorded; while that follows the newest, of the call "
        "that serves the focused connection, or of the last handle. "
        f"{CURRENT} stands at the line control is in now: a call of another hook that is open. {OPEN} at the def says that control is "
        "inside, and that the recording does not tell in which line. Where nothing stands, the call has ended.\n\n"
        "'from' tells the line that has called it. It is found in the recorded source: where several lines call this hook, what was "
        "called before decides; where that does not decide either, it says 'one of' and names them all.\n\n"
        "The title says whose code it is. Up, Down and the page keys show more."
    )

    _height = 0  # rows
    _brief = False  # not all of the function is to be seen

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        self._height = height
        return super().draw(view, width, height)

    def about(self, view: View) -> object:
        one = view.described
        return (one.context, one.span, one.source.marked if one.source is not None else ()) if one is not None else None

    def title(self, view: View) -> str:
        one = view.described
        if one is None:
            return self.NAME
        where = f"{harmless(one.file.rpartition('/')[2])}:{one.line} · " if one.file else ""
        return f"{self.NAME} ─ {where}{WHOSE[one.whose]}"

    def pinned(self, view: View, width: int, height: int) -> list[Line]:
        one = view.described
        if one is None:
            return []
        found = [_from(place) for place in one.callers]
        return found[: 1 if height < _LOW else 4]

    def body(self, view: View, width: int) -> tuple[list[Line], int]:
        one = view.described
        if one is None:
            return [line(("no call is chosen", DIM))], 0
        if one.source is None:
            return [line((part, DIM)) for part in wrapped(one.missing, width)], 0
        lines, here = _body(one, one.source, width, brief=False)
        room = self._height - len(self.pinned(view, width, self._height))
        self._brief = len(lines) > room and not self.has_focus
        return (lines, here) if not self._brief else _body(one, one.source, width, brief=True)

    def first(self, line: int, room: int) -> int:
        """Where there is little room the function's own lines are worth more than those above it."""
        one = self.view.described if self.view is not None else None
        at_definition = one is not None and one.source is not None and not one.source.marked
        return line if self._brief and at_definition else super().first(line, room)


def _from(place: Site) -> Line:
    """The line that has called it, or those of which one has."""
    words = f"from {place.where}  "
    if place.undecided and len(set(place.text)) > 1:
        return line((words, DIM), (" or ".join(place.text), PLAIN))
    return line((words, DIM), (place.text[0].expandtabs(_TAB), PLAIN))


def _dedented(source: Source) -> tuple[str, ...]:
    """The lines without what the function is indented by: where there is little room."""
    lines = [one.expandtabs(_TAB) for one in source.lines]
    definition = lines[source.definition - source.first]
    indent = len(definition) - len(definition.lstrip())
    return tuple(one[indent:] if not one[:indent].strip() else one for one in lines)


def _body(one: Description, source: Source, width: int, brief: bool) -> tuple[list[Line], int]:
    """The lines, and the one to be seen. `brief`: of its docstring only the first."""
    digits = len(str(source.first + len(source.lines)))
    here = source.marked or (source.definition,)
    lines: list[Line] = []
    shown = _dedented(source) if width < _NARROW else source.lines
    coloured = _coloured(shown, source.begin - source.first, source.end - source.first)
    style = context_style(one.label) + BOLD
    begin = 0
    hidden = source.docstring[1:] if brief else range(0)
    for number, pieces in enumerate(coloured, source.first):
        if number in hidden:
            continue
        if number == here[0]:
            begin = len(lines)
        at = number in here
        mark = CURRENT if number in source.marked else OPEN if at and source.inside else " "
        outside = not source.begin <= number <= source.end
        lines.append(
            [*line((f"{number:{digits}} ", style if at else DIM), (f"{mark} ", style)), *(_plain(pieces) if outside else pieces)]
        )
    if len(source.marked) > 1:
        numbers = ", ".join(map(str, source.marked))
        lines.insert(0, line((f"control is in one of these lines: {numbers}", DIM)))
    if source.cut:
        lines.append(line((f"the function goes on to line {source.end}", DIM)))
    return lines, begin + (len(source.marked) > 1)


def _plain(pieces: Line) -> Line:
    return [Segment(piece.text, DIM) for piece in pieces]


@lru_cache(64)
def _coloured(lines: tuple[str, ...], begin: int, end: int) -> tuple[Line, ...]:
    """The lines made harmless, those of the function in colours."""
    expanded = [one.expandtabs(_TAB) for one in lines]
    own = expanded[begin : end + 1]
    if sum(map(len, own)) > _MOST:
        return tuple([text(one)] for one in expanded)
    found: list[Line] = [[]]
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens("\n".join(own)):
        first, *rest = value.split("\n")
        for place, part in enumerate((first, *rest)):
            if place:
                found.append([])
            if part:
                found[-1].append(text(part, _look(kind)))
    found = (found + [[] for _ in own])[: len(own)]
    return (*([text(one)] for one in expanded[:begin]), *found, *([text(one)] for one in expanded[end + 1 :]))


@lru_cache(256)
def _look(kind: object) -> Style:
    return next((style for wanted, style in _LOOKS if kind in wanted), PLAIN)
