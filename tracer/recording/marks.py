"""A person's marks in a recording: times with a note, kept in a file beside it (`x.tracer.marks`).

Rules of this file:
1. Times are nanoseconds since the recording's start, so that they mean the same wherever it is opened.
2. What is beside a recording may be anybody's. Only a file of marks is ever read as one, written over or removed.
3. Marks that cannot be kept live as long as whoever set them looks on, and `why` says so.
"""

import json
import os
from bisect import bisect_left, bisect_right, insort
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tracer.recording.private import read, write

_VERSION = 1
_BEGIN = b'{"tracer": "marks", '
_LARGEST = 1 << 20  # bytes of a file that is read
MOST = 1000
LONGEST_NOTE = 200  # letters


class Bookmark(NamedTuple):
    """A mark: a time, from the recording's start, and what is worth to be noted there."""

    t: int
    note: str


class NoMarks(Exception):  # noqa: N818 - it says what is there instead
    """What is beside the recording is no file of marks."""


def marks_path(recording: str | os.PathLike[str]) -> Path:
    """Where the marks of a recording are: beside the file itself, should there be a link on the way."""
    path = Path(recording).resolve()
    return path.with_name(path.name + ".marks")


def forget(recording: str | os.PathLike[str]) -> None:
    """Remove the marks of a recording that is no more; what is no file of marks stays."""
    path = marks_path(recording)
    with suppress(OSError, NoMarks):
        _read(path)
        path.unlink()


class Marks:
    """The marks of one recording. Two viewers of it do not lose each other's: what stands in the file counts."""

    def __init__(self, recording: str | os.PathLike[str]) -> None:
        self.why = ""  # why marks are not kept; "": they are
        self._path = marks_path(recording)
        self._marks: list[Bookmark] = []
        self._load()

    @property
    def all(self) -> tuple[Bookmark, ...]:
        """All marks, by time."""
        return tuple(self._marks)

    def add(self, t: int, note: str) -> bool:
        """Set a mark at `t`, in the place of one that is there; False if there are too many."""
        self._load()
        rest = [mark for mark in self._marks if mark.t != t]
        if len(rest) >= MOST:
            return False
        insort(rest, Bookmark(t, note[:LONGEST_NOTE]))
        self._keep(rest)
        return True

    def remove(self, t: int) -> bool:
        """Remove the mark at `t`; False if there is none."""
        self._load()
        rest = [mark for mark in self._marks if mark.t != t]
        if len(rest) == len(self._marks):
            return False
        self._keep(rest)
        return True

    def next(self, t: int) -> Bookmark | None:
        """The first mark after `t`; None: there is none."""
        place = bisect_right(self._marks, t, key=lambda mark: mark.t)
        return self._marks[place] if place < len(self._marks) else None

    def previous(self, t: int) -> Bookmark | None:
        """The last mark before `t`; None: there is none."""
        place = bisect_left(self._marks, t, key=lambda mark: mark.t)
        return self._marks[place - 1] if place else None

    def _load(self) -> None:
        """Take what stands in the file, unless marks are not kept there."""
        if self.why:
            return
        try:
            self._marks = _read(self._path)
        except FileNotFoundError:
            self._marks = []
        except (OSError, NoMarks) as error:
            self._give_up(error)

    def _keep(self, marks: list[Bookmark]) -> None:
        self._marks = marks
        if self.why:
            return
        try:
            _write(self._path, marks)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self.why = f"marks are not kept: {self._path.name}: {reason}"


def _read(path: Path) -> list[Bookmark]:
    """The marks in that file, by time. Raises OSError and NoMarks."""
    content = read(path, _LARGEST + 1)
    if not content.startswith(_BEGIN) or len(content) > _LARGEST:
        raise NoMarks("it is something else")
    try:
        known = json.loads(content)
    except (ValueError, RecursionError):
        raise NoMarks("it is damaged") from None
    if known.get("version") != _VERSION:
        raise NoMarks("it is of another version")
    return _marks(known.get("marks"))


def _marks(entries: object) -> list[Bookmark]:
    """What was written as a list of marks. Raises NoMarks."""
    found: dict[int, str] = {}
    for entry in entries if isinstance(entries, list) else [None]:
        match entry:
            case [int(t), str(note)] if 0 <= t < 1 << 63 and not isinstance(t, bool) and len(note) <= LONGEST_NOTE:
                found[t] = note
            case _:
                raise NoMarks("it is damaged")
    if len(found) > MOST:
        raise NoMarks("it has too many marks")
    return [Bookmark(t, note) for t, note in sorted(found.items())]


def _write(path: Path, marks: list[Bookmark]) -> None:
    """Put a file of these marks there, at once and for its owner alone; none where there are no marks. Raises OSError."""
    if not marks:
        path.unlink(missing_ok=True)
        return
    content = json.dumps({"tracer": "marks", "version": _VERSION, "marks": marks}).encode()
    write(path, content)
