"""Prose in lines of a given width, as English and as Chinese are broken.

1. A line ends at a space, or beside a wide character: between two Chinese ones, and between a Chinese and a Latin one. Spaces at the
   end of a line are dropped.
2. No line begins with a mark that closes (，。」) or ends with one that opens (「（): not where that would cut `——` or `……` either. A
   number keeps its unit. A code span without wide characters stays whole, and the marks of its own are no marks of the sentence.
3. Where a line has no such place it is broken at the least harm: in a word, then in code, then beside a mark. There is always progress.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias
from unicodedata import category, east_asian_width

Look: TypeAlias = Literal["", "code", "strong"]

CLOSING = frozenset("，。、；：？！…—–～〜·％‰℃°）」』”’》〉】〕〗］｝゛゜ー々,.;:?!)]}%")  # none of them begins a line
OPENING = frozenset("（「『“‘《〈【〔〖［｛([{")  # none of them ends one
_TIED = frozenset("\"'/\xa0\u202f")  # beside Chinese: nobody knows which of two quotation marks this is; or a space that holds
_UNIT = re.compile(r"(?<=\d) ?(?=(?:ns|µs|ms|s|min|h|bytes?)(?![A-Za-z0-9_])|%|纳秒|微秒|毫秒|秒|分钟|小时|字节)")

# What is lost where a line ends. The least is taken, and of equals the last.
_FREE, _WORD, _CODE, _MARK, _NEVER = range(5)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text with one look."""

    text: str
    look: Look = ""


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(map(_cells, text))


def wide(char: str) -> bool:
    """Whether a character takes two cells: Chinese, and its punctuation."""
    return east_asian_width(char) in ("W", "F")


def wrapped(spans: Sequence[Span], width: int, indent: str = "") -> list[list[Span]]:
    """The text as lines of at most `width` cells, at least one; all but the first begin with `indent`, where there is room for it."""
    margin = indent if cells(indent) + 2 <= width else ""
    room = width - cells(margin)
    text = "".join(span.text for span in spans)
    looks = [span.look for span in spans for _ in span.text]
    found: list[list[Span]] = []
    for start, end in _cuts(text, _losses(text, _whole(spans, room)), width, room):
        chars = [*zip(text[start:end], looks[start:end], strict=True)]
        if found:
            chars = [*((char, "") for char in margin), *chars]
        found.append([Span("".join(char for char, _ in run), look) for look, run in groupby(chars, lambda one: one[1])])
    return found or [[]]


def _cells(char: str) -> int:
    return 0 if category(char) in ("Mn", "Me", "Cf") else 2 if wide(char) else 1


def _spaces(char: str) -> bool:
    return char.isspace() and char not in _TIED


def _whole(spans: Sequence[Span], room: int) -> list[int]:
    """For every character the number of the code span that it is in and that stays whole, or 0."""
    whole = []
    for number, span in enumerate(spans, 1):
        stays = span.look == "code" and cells(span.text) <= room and not any(map(wide, span.text))
        whole += [number if stays else 0] * len(span.text)
    return whole


def _losses(text: str, whole: list[int]) -> list[int]:
    """For every place in the text, what is lost when a line ends before it."""
    units = {match.end() for match in _UNIT.finditer(text)}
    losses = []
    last = 0  # the last character with ink before the place
    for place, char in enumerate(text):
        if not place or _spaces(char) or not _cells(char):
            losses.append(_NEVER)
        else:
            losses.append(_loss(text, last, place, place in units, whole))
        if not _spaces(char) and _cells(char):
            last = place
    return losses


def _loss(text: str, last: int, place: int, unit: bool, whole: list[int]) -> int:
    before, after = text[last], text[place]
    inside = whole[place] != 0 and whole[place] == whole[last]
    if after in CLOSING and (inside or not whole[place]):
        return _MARK
    if before in OPENING and (inside or not whole[last]):
        return _MARK
    if inside:
        return _CODE
    if unit:
        return _WORD
    if _spaces(text[place - 1]):
        return _FREE
    return _FREE if (wide(before) or wide(after)) and before not in _TIED and after not in _TIED else _WORD


def _cuts(text: str, losses: list[int], first: int, room: int) -> Iterator[tuple[int, int]]:
    """Where every line begins and ends, without the spaces around it; the first one has its own room."""
    start = _inked(text, 0)
    while start < len(text):
        end = _end(text, losses, start, first)
        following = _inked(text, end)
        while _spaces(text[end - 1]):
            end -= 1
        yield start, end
        start, first = following, room


def _inked(text: str, place: int) -> int:
    """The next place that is no space."""
    while place < len(text) and _spaces(text[place]):
        place += 1
    return place


def _end(text: str, losses: list[int], start: int, room: int) -> int:
    """Where the line that begins at `start` ends."""
    end, least, used = 0, _NEVER, 0
    for place in range(start, len(text)):
        if place > start and losses[place] < _NEVER and losses[place] <= least:
            end, least = place, losses[place]
        used += _cells(text[place])
        if used > room and not _spaces(text[place]):
            return end or _cluster(text, start)
    return len(text)


def _cluster(text: str, start: int) -> int:
    """Where one character with its combining marks ends."""
    place = start + 1
    while place < len(text) and not _cells(text[place]):
        place += 1
    return place
