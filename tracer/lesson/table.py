"""One table of a lesson.toml, asked for its keys one after the other. What is wrong with them is told, at its line.

What is wrong has no value (None), or is left out of several: whoever asks goes on, so that all that is wrong is told at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from .problems import nearest
from .toml_lines import Path

Tell: TypeAlias = Callable[[int, str], None]
"""Is told a line, and what is wrong there."""

T = TypeVar("T")

EXAMPLES = {
    "minutes": "10",
    "builds_on": '["01-one-request"]',
    "title": '{ en = "One request", zh = "一次请求" }',
    "title.en": '"One request, hook by hook"',
    "title.zh": '"一次请求，逐个钩子"',
    "goals": '{ en = ["Say which hook comes next"], zh = ["说出接下来是哪个钩子"] }',
    "goals.en": '["Say which hook comes next"]',
    "goals.zh": '["说出接下来是哪个钩子"]',
    "id": '"accept"',
    "do": '["client one", "wait connections = 1"]',
    "stop": '"after get_request"',
    "look": '"queue"',
    "check": '["queue = 0"]',
    "ask": '"queue"',
    "choices": '["handle", "finish"]',
    "change": '"request_queue_size"',
    "to": '["1", "16"]',
}
"""Every key that has a value -> how one is written."""


class Text(NamedTuple):
    """A text, and where it stands."""

    text: str
    line: int


class Table:
    """A table, in an error called by `name`: "a step". `prefix` is what its keys begin with in one: "title."."""

    def __init__(
        self, values: Mapping[str, Any], path: Path, lines: Mapping[Path, int], tell: Tell, name: str, prefix: str = ""
    ) -> None:
        self.line = lines.get(path, 1)
        self.lines = lines  # of the whole file
        self._values = values
        self._path = path
        self._tell = tell
        self._name = name
        self._prefix = prefix
        self._asked: list[str] = []

    def line_of(self, key: str) -> int:
        """Where a key stands; where the table does, if it is not there."""
        return self.lines.get((*self._path, key), self.line)

    def has(self, key: str) -> bool:
        """Whether anything stands at a key."""
        return key in self._values

    def text(self, key: str, needed: bool = True) -> Text | None:
        """The text of a key."""
        value = self._value(key, needed)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, "is one text")
            return None
        return Text(value, self.line_of(key))

    def number(self, key: str, least: int, most: int) -> int | None:
        """The whole number of a key."""
        value = self._value(key, needed=True)
        if value is None:
            return None
        if type(value) is not int or not least <= value <= most:
            self._wrong(key, f"is a whole number from {least} to {most}")
            return None
        return value

    def texts(self, key: str, needed: bool = False) -> tuple[Text, ...]:
        """The texts of a key; () if it is not there. If it is `needed` there is one text at least."""
        values = self._value(key, needed)
        if values is None:
            return ()
        if not isinstance(values, list) or (needed and not values) or not all(isinstance(one, str) for one in values):
            self._wrong(key, "is a list of texts")
            return ()
        line = self.line_of(key)
        found = [Text(one, self.lines.get((*self._path, key, place), line)) for place, one in enumerate(values)]
        for empty in (one for one in found if not one.text.strip()):
            self._tell(empty.line, f"{self._prefix}{key}: there is an empty text")
        return tuple(one for one in found if one.text.strip())

    def parsed(self, key: str, parse: Callable[[str], T], needed: bool = True) -> T | None:
        """What `parse` makes of the text of a key; it raises ValueError where that is wrong."""
        found = self.text(key, needed)
        return next(self.each(key, parse, (found,)), None) if found is not None else None

    def all_parsed(self, key: str, parse: Callable[[str], T], needed: bool = False) -> tuple[T, ...]:
        """What `parse` makes of each text of a key."""
        return tuple(self.each(key, parse, self.texts(key, needed)))

    def each(self, key: str, parse: Callable[[str], T], found: Iterable[Text]) -> Iterator[T]:
        """The same of texts that were found there."""
        for text, line in found:
            try:
                yield parse(text)
            except ValueError as error:
                self._tell(line, f"{self._prefix}{key}: {error}")

    def table(self, key: str) -> "Table":
        """The table of a key, with a key for each language; an empty one if it is not there, or none: nothing more is told of that."""
        values = self._value(key, needed=False)
        good = values is None or isinstance(values, dict)
        if not good:
            self._wrong(key, "is given in each language")
        tell = self._tell if good else lambda line, words: None
        return Table(values if isinstance(values, dict) else {}, (*self._path, key), self.lines, tell, self._name, f"{key}.")

    def tables(self, key: str, name: str, needed: bool = False) -> list["Table"] | None:
        """The tables of an array of tables; [] if it is not there; None: it is wrong. `name` is what one is called: "a step"."""
        values = self._value(key, needed=False)
        if values is None and not needed:
            return []
        if not isinstance(values, list) or not all(isinstance(one, dict) for one in values) or (needed and not values):
            header = ".".join(one for one in (*self._path, key) if isinstance(one, str))
            there = f"{self._name} has {name} at least" if values in (None, []) else f"{name} is a table of its own"
            self._tell(self.line_of(key), f"{there}: write [[{header}]], and its keys below")
            return None
        return [Table(one, (*self._path, key, place), self.lines, self._tell, name) for place, one in enumerate(values)]

    def end(self) -> None:
        """Nothing more is asked: whatever else stands there is told."""
        for key in self._values:
            if key not in self._asked:
                known = [self._prefix + one for one in self._asked]
                name = self._prefix + key
                self._tell(self.line_of(key), f"{self._name} has no key {name!r}: {nearest(name, known)}")

    def tell(self, key: str, words: str) -> None:
        """That something is wrong with what stands at a key."""
        self._tell(self.line_of(key), f"{self._prefix}{key}: {words}")

    def _value(self, key: str, needed: bool) -> Any:
        """What stands at a key; None: nothing does."""
        self._asked.append(key)
        value = self._values.get(key)  # TOML has nothing that is None
        if value is None and needed:
            name = self._prefix + key
            self._tell(self.line, f"{self._name} needs {name}: write {name} = {EXAMPLES[name]}")
        return value

    def _wrong(self, key: str, what: str) -> None:
        """That something else should stand at a key."""
        name = self._prefix + key
        self._tell(self.line_of(key), f"{name} {what}: write {name} = {EXAMPLES[name]}")
