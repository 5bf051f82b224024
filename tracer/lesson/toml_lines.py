"""At which line of a TOML text everything stands: tomllib tells no lines.

It goes over a text that tomllib has read already, so it looks for ends and says nothing of mistakes.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import count
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys, and places in arrays: ("step", 0, "do", 1)."""

_SPACE = re.compile(r"(?:[ \t]|#[^\n]*)*")
_SPACES = re.compile(r"(?:[\s,]|#[^\n]*)*")  # between elements
_KEYS = re.compile(r"""(?:[\w.\- \t]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+""")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' "|" r"'''.*?'''(?:'{0,2})" "|" r'"(?:[^"\\\n]|\\.)*"' "|" r"'[^'\n]*'",
    re.DOTALL,
)
_WORD = re.compile(r"[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?")  # a number, true, or a date, which may have a space before its time


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, of each table, key and element of an array in a text that is TOML."""
    return _Scanner(text.replace("\r\n", "\n")).lines


class _Scanner:
    """Goes over one text. `place` is where it has come to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.lines: dict[Path, int] = {(): 1}
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self._tables: dict[Path, int] = {}  # arrays of tables, and how many there are by now
        self._whole()

    def _whole(self) -> None:
        table: Path = ()
        self._go(_SPACES)
        while self.place < len(self.text):
            if self.text[self.place] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._go(_SPACES)

    def _header(self) -> Path:
        """`[table]` or `[[table]]`: its path."""
        start, several = self.place, self.text.startswith("[[", self.place)
        self.place += 2 if several else 1
        *keys, last = self._keys()
        self.place += 2 if several else 1
        path = (*self._path(keys), last)
        if several:
            self._tables[path] = self._tables.get(path, 0) + 1
        path = self._path([last], path[:-1])
        self._note(path, start)
        return path

    def _path(self, keys: list[str], path: Path = ()) -> Path:
        """Where a header's keys lead: in an array of tables, to the newest."""
        for key in keys:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        """`key = value`, in that table."""
        start = self.place
        path = (*table, *self._keys())
        self._note(path, start)
        self.place += 1  # the =
        self._go(_SPACE)
        self._value(path)

    def _keys(self) -> list[str]:
        """The keys with dots between them that come next, without quotation marks."""
        start = self.place
        self._go(_KEYS)
        found = tomllib.loads(f"{self.text[start : self.place]}=0")
        keys = []
        while isinstance(found, dict):
            ((key, found),) = found.items()
            keys.append(key)
        return keys

    def _value(self, path: Path) -> None:
        self._note(path, self.place)
        if self.text[self.place] == "[":
            for element in self._elements("]"):
                self._value((*path, element))
        elif self.text[self.place] == "{":
            for _ in self._elements("}"):
                self._pair(path)
        elif not self._go(_STRING):
            self._go(_WORD)

    def _elements(self, end: str) -> Iterator[int]:
        """The place of each element in its array, as we stand before it, up to the sign that ends them."""
        self.place += 1
        self._go(_SPACES)
        for element in count():
            if self.text[self.place] == end:
                break
            yield element
            self._go(_SPACES)
        self.place += 1

    def _note(self, path: Path, place: int) -> None:
        """That something stands there, and so does all that it begins."""
        line = bisect_right(self._newlines, place - 1) + 1
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                break
            self.lines[path[:length]] = line

    def _go(self, pattern: re.Pattern[str]) -> bool:
        """Go to the end of what matches here; whether anything does."""
        found = pattern.match(self.text, self.place)
        if found is None or found.end() == self.place:
            return False
        self.place = found.end()
        return True
