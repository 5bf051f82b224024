"""What a lesson has done: `client silent`, `hold before handle`, `wait queue = 2`. See ACTIONS for all of them."""

import re
import signal
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from tracer.lab.clients import KINDS
from tracer.lesson.facts import Check, FactError, parse_check
from tracer.lesson.problems import nearest
from tracer.timeline.filter import Filter, FilterError, parse_hold

MOST_PAUSE = 5.0  # seconds
MOST_CLIENTS = 50
SIGNALS = ("INT", "TERM", "USR1")


class ActionError(ValueError):
    """Why a text is no action, and what would be."""


@dataclass(frozen=True, slots=True)
class Send:
    """Clients of a kind, one after the other."""

    kind: str
    count: int | None = None  # None: as many as is usual
    server: str = ""  # class of the server they go to; "": the first

    def __str__(self) -> str:
        return f"client {self.kind}{f' {self.count}' if self.count is not None else ''}{f' to {self.server}' if self.server else ''}"


@dataclass(frozen=True, slots=True)
class Dismiss:
    """All clients are ended."""

    def __str__(self) -> str:
        return "clients leave"


@dataclass(frozen=True, slots=True)
class HoldAt:
    """Whoever comes there is held."""

    filter: Filter

    def __str__(self) -> str:
        return f"hold {self.filter}"


@dataclass(frozen=True, slots=True)
class Release:
    """A context runs on; without a label everybody does, and nobody is held any more."""

    label: str = ""

    def __str__(self) -> str:
        return f"release {self.label}".rstrip()


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal to the program's first process."""

    name: str

    @property
    def number(self) -> signal.Signals:
        """Which one."""
        return signal.Signals[f"SIG{self.name}"]

    def __str__(self) -> str:
        return f"signal {self.name}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing more is done until it is so."""

    check: Check

    def __str__(self) -> str:
        return f"wait {self.check}"


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing more is done for so many seconds."""

    seconds: float

    def __str__(self) -> str:
        return f"pause {self.seconds:g}"


Action: TypeAlias = Send | Dismiss | HoldAt | Release | Signal | Wait | Pause

#: The first word of an action -> how it is written.
ACTIONS = {
    "client": "client KIND [COUNT] [to SERVER]",
    "clients": "clients leave",
    "hold": "hold FILTER",
    "release": "release [LABEL]",
    "signal": f"signal {'|'.join(SIGNALS)}",
    "wait": "wait CHECK",
    "pause": "pause SECONDS",
}

_CLIENT = re.compile(r"([\w-]+)(?:\s+(\d+))?(?:\s+to\s+(\w+))?")


def parse_action(text: str) -> Action:
    """The action that a text means. Raises ActionError."""
    word, _, rest = text.strip().partition(" ")
    if word not in ACTIONS:
        raise ActionError(f"there is no action {word!r}: {nearest(word, ACTIONS)}")
    found = _Parse.BY_WORD[word](rest.strip())
    if found is None:
        raise ActionError(f"{text!r} is not understood: it is written as {ACTIONS[word]}")
    return found


class _Parse:
    """What stands behind the first word; None: it is not understood."""

    @staticmethod
    def client(rest: str) -> Action | None:
        found = _CLIENT.fullmatch(rest)
        if found is None:
            return None
        if found[1] not in KINDS:
            raise ActionError(f"there is no client {found[1]!r}: {nearest(found[1], KINDS)}")
        count = int(found[2]) if found[2] else None
        if count is not None and not 0 < count <= MOST_CLIENTS:
            raise ActionError(f"{count} clients are too many or too few: from 1 to {MOST_CLIENTS}")
        return Send(found[1], count, found[3] or "")

    @staticmethod
    def clients(rest: str) -> Action | None:
        return Dismiss() if rest == "leave" else None

    @staticmethod
    def hold(rest: str) -> Action | None:
        try:
            return HoldAt(parse_hold(rest))
        except FilterError as error:
            raise ActionError(f"in the filter {rest!r}: {error}") from None

    @staticmethod
    def release(rest: str) -> Action | None:
        return Release(rest) if " " not in rest else None

    @staticmethod
    def signal(rest: str) -> Action | None:
        return Signal(rest) if rest in SIGNALS else None

    @staticmethod
    def wait(rest: str) -> Action | None:
        try:
            return Wait(parse_check(rest))
        except FactError as error:
            raise ActionError(str(error)) from None

    @staticmethod
    def pause(rest: str) -> Action | None:
        if not re.fullmatch(r"\d+(\.\d+)?", rest):
            return None
        if float(rest) > MOST_PAUSE:
            raise ActionError(f"a pause of {rest} s is too long: at most {MOST_PAUSE:g} s; wait for what is to come instead")
        return Pause(float(rest))

    BY_WORD: ClassVar = {
        "client": client, "clients": clients, "hold": hold, "release": release, "signal": signal, "wait": wait, "pause": pause,
    }  # fmt: skip
