"""Lines of segments: what panels are drawn with. No string is ever read as markup here."""

import re
from collections.abc import Iterable
from typing import TypeAlias

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style

from tracer.recording.text import harmless

from .cells import clip
from .marks import DIM, PLAIN

Line: TypeAlias = list[Segment]


def text(content: str, style: Style = PLAIN) -> Segment:
    """A piece of a line, made harmless."""
    return Segment(harmless(content), style)


def line(*pieces: str | Segment | tuple[str, Style]) -> Line:
    """A line from plain strings, (string, style) pairs and segments."""
    return [piece if isinstance(piece, Segment) else text(*piece) if isinstance(piece, tuple) else text(piece) for piece in pieces]


def cells(pieces: Iterable[Segment]) -> int:
    """How wide a line is."""
    return sum(piece.cell_length for piece in pieces)


def fit(pieces: Line, width: int, pad: bool = False) -> Line:
    """The line in at most (with `pad`: exactly) `width` cells; what is cut off is marked."""
    total = cells(pieces)
    if total <= width:
        return [*pieces, Segment(" " * (width - total))] if pad and total < width else pieces
    fitted: Line = []
    room = width
    for place, piece in enumerate(pieces):
        rest = piece.cell_length
        if rest < room or (rest == room and place == len(pieces) - 1):
            fitted.append(piece)
            room -= rest
            continue
        cut = clip(piece.text, room) if rest > room else clip(piece.text + " ", room)
        fitted.append(Segment(cut, piece.style))
        room -= fitted[-1].cell_length
        break
    return [*fitted, Segment(" " * room)] if pad and room > 0 else fitted


def ends(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of a line; the left one is cut if there is no room."""
    if not right:
        return fit(left, width)
    room = max(0, width - cells(right) - 1)
    return [*fit(left, room, pad=True), Segment(" "), *right]


_UNIT = re.compile(r"(?<=\d) (?=(?:ns|µs|ms|s|min|h|bytes?|%)\b)")


def wrapped(content: str, width: int, indent: str = "") -> list[str]:
    """Text made harmless, as lines of at most `width` cells; all but the first begin with `indent`. A number stays with its unit."""
    found, here = [], ""
    for word in _UNIT.sub("\xa0", harmless(content)).split(" "):
        if here.strip() and cell_len(f"{here} {word}") <= width:
            here += f" {word}"
            continue
        if here.strip():
            found.append(here)
            here = indent
        *full, last = chop_cells(word, max(2, width - cell_len(here))) or [""]
        found += [here + part if not place else indent + part for place, part in enumerate(full)]
        here = (indent if full else here) + last
    return [one.replace("\xa0", " ") for one in [*found, here]]


def first(found: list[Line], height: int) -> list[Line]:
    """As many lines as there is room for; the last one says how many are not shown."""
    if len(found) <= height or height < 1:
        return found[:height]
    return [*found[: height - 1], line((f"… {len(found) - height + 1} more lines: z enlarges", DIM))]
