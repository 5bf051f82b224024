"""The list of lessons, a line each."""

from collections.abc import Iterator, Sequence

from tracer.lesson.overview import Entry
from tracer.lesson.wrap import cells
from tracer.recording.text import harmless


def lesson_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Name, length, title, how far the student is, what it builds on."""
    name, minutes = (max(map(cells, words), default=0) for words in ([one.name for one in entries], [one.minutes for one in entries]))
    for one in entries:
        pad = " " * (minutes - cells(one.minutes))
        yield harmless(f"{one.name:<{name}}  {pad}{one.minutes}  {one.sentence}")
