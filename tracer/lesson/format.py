"""A lesson as its folder has it: lesson.toml, a page in each language, and server.py. lessons/README.md describes them.

`load` reads on behind what is wrong, so that a teacher is told everything at once.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tracer.probe.hooks import HOOKS
from tracer.recording.text import harmless
from tracer.timeline.filter import Filter, parse

from .actions import Action, Send, Wait, parse_action
from .changes import CannotChange, value_of, with_value
from .facts import Ask, Check, Fact, First, NextHook, parse_ask, parse_check, parse_fact
from .folder import SERVER, Folder, page_name
from .kinds import KINDS
from .languages import differences, unequal
from .problems import Broken as Broken
from .problems import Problem as Problem
from .problems import nearest
from .prose import Page
from .syllabus import names, names_in
from .table import Table
from .toml_lines import Path as Keys

LANGUAGES = ("en", "zh")
LOOKS = ("calls", "queue", "children", "threads", "connections", "source", "inspector", "waiting", "output", "held", "timeline")
"""The panels that a step may show."""

_MOST_MINUTES = 240
T = TypeVar("T")

_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at a stop; the run answers."""

    id: str
    ask: Ask
    do: tuple[Action, ...]  # after the answer was given, and before the truth is found
    choices: tuple[str, ...]  # answers that tempt
    line: int  # in lesson.toml


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, where the run is looked at then, and what is asked there."""

    id: str
    do: tuple[Action, ...]
    stop: Filter | None  # the first call after the last stop that matches; None: when all is done
    look: str
    checks: tuple[Check, ...]
    questions: tuple[Question, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """A change of server.py, and what to ask of the run before it and the run after."""

    id: str
    change: str
    present: str  # what that is in the lesson's server.py; "" where the student edits
    to: tuple[str, ...]  # what it may be changed to; () where the student edits
    do: tuple[Action, ...]
    ask: Fact
    choices: tuple[str, ...]  # what may come of it, beside what the lesson's own run says
    look: str
    line: int

    def changed(self, value: str) -> str:
        """The change to that value as code says it."""
        if self.change == SERVER:
            return SERVER
        return f"{self.change}({value})" if self.change.startswith("class ") else f"{self.change} = {value}"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson that can be played."""

    name: str
    folder: Path
    minutes: int
    builds_on: tuple[str, ...]
    titles: Mapping[str, str]  # by language, as are all of these
    goals: Mapping[str, tuple[str, ...]]
    steps: tuple[Step, ...]
    experiments: tuple[Experiment, ...]
    pages: Mapping[str, Page]
    lines: Mapping[Keys, int]  # of lesson.toml

    def line(self, *keys: str | int) -> int:
        """Where that stands in lesson.toml: `"step", 0, "do", 1`; what is left out there stands where its table does."""
        return next((self.lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in self.lines), 1)

    @property
    def server(self) -> Path:
        """The program that it runs."""
        return self.folder / SERVER


def load(folder: Path) -> Lesson:
    """The lesson in that folder. Raises Broken."""
    files = Folder(folder)
    lesson = _read(files) if files.exists() else None
    if lesson is None or files.problems:
        raise Broken(files.problems)
    return lesson


def _read(files: Folder) -> Lesson | None:
    """The lesson in a folder, as far as it can be read: the folder's problems tell whether that is all of it."""
    reader = _Reader(files.program())
    found = {language: files.page(language, f"every lesson is in {' and '.join(LANGUAGES)}") for language in LANGUAGES}
    pages = {language: page for language, (page, _) in found.items() if page is not None}
    table = files.table()
    lesson = reader.lesson(table, files.path, pages) if table is not None else None
    titles = lesson.titles if lesson is not None else {}
    for language, page in pages.items():
        title = titles.get(language, page.title)
        if title != page.title:
            files.tell(page_name(language))(
                page.line, f"the title is {title!r} in lesson.toml, and another one here: one title in both"
            )
    for language, page in pages.items() if table is not None and reader.has_ids else ():
        for line, words in differences(reader.outline, page, found[language][1]):
            files.tell(page_name(language))(line, words)
    for language, line, words in unequal(pages):
        files.tell(page_name(language))(line, words)
    return lesson


class _Reader:
    """Reads a lesson.toml, beside the program that it is about (None: it is not known)."""

    def __init__(self, program: str | None) -> None:
        self.program = program
        self.outline: dict[str, list[str]] = {}  # ids of steps and experiments, in order -> those of their questions
        self.has_ids = True  # so has everything

    def lesson(self, table: Table, folder: Path, pages: Mapping[str, Page]) -> Lesson | None:
        """All of it; None: there is too little."""
        minutes = table.number("minutes", 1, _MOST_MINUTES)
        builds_on = table.all_parsed("builds_on", _once(lambda name: _other(name, folder.resolve())))
        title, goal = table.table("title"), table.table("goals")
        titles = {language: found for language in LANGUAGES if (found := title.parsed(language, _line))}
        found_goals = {language: goal.texts(language, needed=True) for language in LANGUAGES}
        goals = {language: tuple(goal.each(language, _line, ones)) for language, ones in found_goals.items()}
        counts = [len(ones) for ones in found_goals.values()]
        if 0 not in counts and len(set(counts)) > 1:
            goal.tell(LANGUAGES[-1], f"there are {' and '.join(map(str, counts))} goals: as many in each language")
        steps = [self._step(one) for one in self._tables(table, "step", "a step", needed=True)]
        experiments = [self._experiment(one) for one in self._tables(table, "experiment", "an experiment")]
        for one in (title, goal, table):
            one.end()
        if minutes is None:
            return None
        name, lines = folder.resolve().name, table.lines
        return Lesson(name, folder, minutes, builds_on, titles, goals, _whole(steps), _whole(experiments), pages, lines)

    def _step(self, table: Table) -> Step | None:
        identity = self._id(table, self.outline)
        do = table.all_parsed("do", self._known(parse_action))
        stop = table.parsed("stop", _stop, needed=False)
        look = table.parsed("look", _look, needed=False) or LOOKS[0]
        checks = table.all_parsed("check", self._known(parse_check))
        taken: list[str] = []
        questions = [self._question(one, taken, table.has("stop")) for one in self._tables(table, "question", "a question")]
        table.end()
        if identity is None:
            return None
        self.outline[identity] = taken
        return Step(identity, do, stop, look, checks, _whole(questions), table.line)

    def _question(self, table: Table, taken: list[str], stops: bool) -> Question | None:
        """A question of a step that `stops` at a call; its id is added to those taken."""
        identity = self._id(table, taken)
        ask = table.parsed("ask", self._known(parse_ask))
        do = table.all_parsed("do", self._known(parse_action))
        choices = self._choices(table, ask)
        table.end()
        if do and isinstance(ask, NextHook | First):
            table.tell("do", f"{ask} is about the run as it goes on by itself: take this away, or ask a fact")
        if isinstance(ask, NextHook) and ask.here and not stops:
            table.tell("ask", "next here is about the call where the step stops: give the step a stop, or ask next")
        if identity is None:
            return None
        taken.append(identity)
        return Question(identity, ask, do, choices, table.line) if ask is not None else None

    def _experiment(self, table: Table) -> Experiment | None:
        identity = self._id(table, self.outline)
        change = table.parsed("change", self._change)
        to = table.all_parsed("to", _once(lambda value: self._value(change, value)), needed=change not in (None, SERVER))
        do = table.all_parsed("do", self._known(parse_action))
        ask = table.parsed("ask", self._known(parse_fact))
        choices = self._choices(table, ask)
        look = table.parsed("look", _look, needed=False) or LOOKS[0]
        table.end()
        if change == SERVER and to:
            table.tell("to", f"the student edits {SERVER}, so there is nothing to choose from: take this away")
        if identity is None:
            return None
        self.outline[identity] = []
        if change is None or ask is None:
            return None
        return Experiment(identity, change, self._present(change), to, do, ask, choices, look, table.line)

    def _tables(self, table: Table, key: str, name: str, needed: bool = False) -> list[Table]:
        """The tables of an array of tables."""
        found = table.tables(key, name, needed)
        self.has_ids = self.has_ids and found is not None
        return found or []

    def _choices(self, table: Table, ask: Ask | None) -> tuple[str, ...]:
        """What tempts where that is asked."""
        choices = table.all_parsed("choices", _once(_hook if isinstance(ask, NextHook) else str))
        why = _offers(ask) if choices and ask is not None else ""
        if why:
            table.tell("choices", f"{why}: take this away")
        return choices

    def _known(self, parse: Callable[[str], T]) -> Callable[[str], T]:
        """The same parser, of what goes to, or asks about, no server that the program does not speak of."""

        def parsed(text: str) -> T:
            found = parse(text)
            server, words = _server_of(found), re.findall(r"\w+", self.program or "")
            if server and words and server not in words:
                names = {word: None for word in words if word.endswith("Server")}
                raise ValueError(f"{SERVER} has no {server}" + (f": {nearest(server, names)}" if names else ""))
            return found

        return parsed

    def _id(self, table: Table, taken: Collection[str]) -> str | None:
        """The id of something, which is none of those taken."""

        def check(text: str) -> str:
            if not _ID.fullmatch(text):
                raise ValueError(f"{text!r} is no id: it has small letters (a to z), digits and hyphens only, 40 at most")
            if text in taken:
                raise ValueError(f"{text!r} is taken already: each has its own")
            return text

        found = table.parsed("id", check)
        self.has_ids = self.has_ids and found is not None
        return found

    def _change(self, text: str) -> str:
        """What an experiment changes, which the program has. Raises ValueError."""
        try:
            self._present(text)
        except CannotChange as error:
            raise ValueError(str(error)) from None
        return text

    def _present(self, change: str) -> str:
        """What the program has in that place; "": all of it, or there is no program. Raises CannotChange."""
        return value_of(self.program, change) if self.program is not None and change != SERVER else ""

    def _value(self, change: str | None, text: str) -> str:
        """What that can be changed to. Raises ValueError."""
        if self.program is None or change in (None, SERVER):
            return text
        try:
            if text.strip() == self._present(change):
                raise ValueError(f"{text!r} is what {SERVER} has already: nothing would change")
            with_value(self.program, change, text)
        except CannotChange as error:
            raise ValueError(str(error)) from None
        return text


def _whole(found: list[T | None]) -> tuple[T, ...]:
    """Those that were read."""
    return tuple(one for one in found if one is not None)


def _server_of(found: object) -> str:
    """The class of the server that an action, a check or a fact names; "": none."""
    match found:
        case Send(server=server):
            return server
        case Wait(check=Check(fact=fact)) | Check(fact=fact) | (Fact() as fact) if fact.filter is None:
            return fact.argument
    return ""


def _offers(ask: Ask) -> str:
    """What is offered where that is asked, and nothing beside it; "": choices are, too."""
    match ask:
        case First():
            return "its two calls are offered"
        case Fact(name=name) if ask.is_number:
            return f"{name} is a number, which is typed"
        case Fact(name=name) if KINDS[name].words:
            return f"all that {name} can be is offered"
    return ""


# What stands in a text of lesson.toml. Each raises ValueError where it is wrong.


def _once(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The same parser, which takes no text twice."""
    taken = set()

    def parsed(text: str) -> T:
        if text.strip() in taken:
            raise ValueError(f"{text!r} stands there twice")
        taken.add(text.strip())
        return parse(text)

    return parsed


def _line(text: str) -> str:
    if harmless(text) != text:
        raise ValueError(f"{text!r} has more than letters in it: no line breaks, no control characters")
    return text


def _look(text: str) -> str:
    if text not in LOOKS:
        raise ValueError(f"there is no panel {text!r}: {nearest(text, LOOKS)}")
    return text


def _stop(text: str) -> Filter:
    found = parse(text)
    if found.hooks() == set():
        raise ValueError("no call can ever be that (how one ends is known only after it)")
    return found


def _hook(text: str) -> str:
    if text not in HOOKS and "." not in text:  # a hook of the program's own has a dot
        raise ValueError(f"there is no hook {text!r}: {nearest(text, HOOKS)}")
    return text


def _other(name: str, folder: Path) -> str:
    """The name of another lesson, which is there if any lie beside this one."""
    if name == folder.name:
        raise ValueError("a lesson does not build on itself: take this away")
    beside = [one for one in names_in(folder.parent) if one != folder.name]
    if beside and name not in {*beside, *names()}:
        raise ValueError(f"there is no other lesson {name!r}" + (f": {nearest(name, beside)}" if beside else ""))
    return name
