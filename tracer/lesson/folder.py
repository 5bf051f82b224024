"""The files of one lesson as they are read; what is wrong with each is kept."""

import re
import tomllib
from pathlib import Path
from stat import S_ISREG

from .problems import Problem
from .program import problems_of
from .prose import Page, ProseError, read
from .syllabus import LESSON
from .table import Table, Tell
from .toml_lines import lines_of

SERVER = "server.py"

_TABLES = ("step", "step.question", "experiment")
_WORD = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"^[ \t]*\[*[ \t]*({_WORD}(?:[ \t]*\.[ \t]*{_WORD})*)[ \t]*[\]=]", re.MULTILINE)
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")  # of tomllib


def page_name(language: str) -> str:
    """The file of a page."""
    return f"lesson.{language}.md"


class Folder:
    """One folder, and its problems by now. What cannot be read is None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def tell(self, name: str) -> Tell:
        """What is told of a file goes there."""
        return lambda line, words: self.problems.append(Problem(self.path / name, line, words))

    def exists(self) -> bool:
        """Whether it is a folder at all."""
        try:
            why = "" if self.path.is_dir() else f"there is no such folder: a lesson is a folder with {LESSON} in it"
        except OSError as error:
            why = f"this cannot be read: {error.strerror}"
        if why:
            self.problems.append(Problem(self.path, 1, why))
        return not why

    def program(self) -> str | None:
        """The source of server.py, if it is a program."""
        data = self._data(SERVER, "it is the program that the lesson runs")
        if data is None:
            return None
        found = list(problems_of(self.path / SERVER))
        for line, words in found:
            self.tell(SERVER)(line, words)
        return self._decoded(SERVER, data) if not found else None

    def page(self, language: str, purpose: str) -> tuple[Page | None, int]:
        """The page in a language, and how many lines it has."""
        name = page_name(language)
        text = self._text(name, purpose)
        try:
            return (read(text), len(text.splitlines())) if text is not None else (None, 0)
        except ProseError as error:
            self.tell(name)(error.line, error.words)
            return None, 0

    def table(self) -> Table | None:
        """All of lesson.toml."""
        text = self._text(LESSON, "it says what the steps are (lessons/README.md describes it)")
        if text is None:
            return None
        try:
            return Table(tomllib.loads(text), (), lines_of(text), self.tell(LESSON), "a lesson")
        except RecursionError:
            self.tell(LESSON)(1, "this is nested too deeply")
        except ValueError as error:
            self._tell_toml(str(error), text)
        return None

    def _tell_toml(self, error: str, text: str) -> None:
        """Tell what tomllib said, which has the place at its end."""
        where, said = _WHERE.search(error), _WHERE.sub("", error)
        line = 1 if where is None else int(where[1]) if where[1] else max(1, len(text.splitlines()))
        column = f", at column {where[2]}" if where is not None and where[2] else ""
        if "\r" in text.replace("\r\n", ""):
            said, column = "its lines end in CR alone: have your editor save the file with LF", ""
        elif said.startswith("Exceeds the limit"):
            said = "a number in it has too many digits"
        elif said == "Invalid value":
            column += ': texts stand in quotation marks, as in id = "accept"'
        elif said.startswith(("Cannot declare", "Cannot overwrite")):
            said, column = _twice("\n".join(text.split("\n")[:line])), ""
        self.tell(LESSON)(line, f"this is not TOML: {said}{column}")

    def _text(self, name: str, purpose: str) -> str | None:
        data = self._data(name, purpose)
        return self._decoded(name, data) if data is not None else None

    def _decoded(self, name: str, data: bytes) -> str | None:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.tell(name)(data.count(b"\n", 0, error.start) + 1, "this is not UTF-8: have your editor save the file as UTF-8")
            return None

    def _data(self, name: str, purpose: str) -> bytes | None:
        """What is in a file; `purpose`: why it must be there."""
        path = self.path / name
        try:
            if S_ISREG(path.stat().st_mode):  # is_file() is silent about a link that leads to itself
                return path.read_bytes()
            why = f"{name} is no file: {purpose}"
        except FileNotFoundError:
            why = f"{name} is missing: {purpose}"
        except OSError as error:
            why = f"{name} cannot be read: {error.strerror}"
        self.tell(name)(1, why)
        return None


def _twice(text: str) -> str:
    """That the last key of a text stands there a second time, and the cure where that is a table's name."""
    keys = _KEY.findall(text)
    if not keys or keys[-1] not in keys[:-1]:
        return "what is set here has a value already"
    key = keys[-1]
    return f"{key} stands there twice" + (f": each begins with [[{key}]], before all that is in it" if key in _TABLES else "")
