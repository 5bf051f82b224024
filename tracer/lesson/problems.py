"""What is wrong with a lesson: each problem with its file and line."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from tracer.recording.text import harmless

_MOST_LETTERS = 300  # of all that there is to choose from
_NEAREST = 5  # that are named where there is more
_LONGEST = 500  # letters of what is wrong: a lesson's own text stands in it


class Problem(NamedTuple):
    """One thing that is wrong, and its cure. As a string it is a line for a terminal."""

    file: Path
    line: int  # from 1
    words: str

    def __str__(self) -> str:
        words = self.words if len(self.words) <= _LONGEST else f"{self.words[:_LONGEST]}…"
        return harmless(f"{self.file}:{self.line}: {words}")


class Broken(Exception):  # noqa: N818 - it says what a folder is
    """A folder that is no lesson. As a string it has a line for each problem, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (str(one.file), one.line)))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(name: str, known: Collection[str]) -> str:
    """The cure for a word that is none of those known."""
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]}?"
    several = ", ".join(known)
    if len(several) <= _MOST_LETTERS:
        return f"choose one of {several}"
    return f"the nearest are {', '.join(get_close_matches(name, known, _NEAREST, 0))}"
