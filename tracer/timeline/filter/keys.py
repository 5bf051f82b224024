"""What can be asked of a call beside its hook: one row for each key of the language.

The parser, the evaluation and the texts of errors read them; a fact about a key stands nowhere else.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .call import Call

Test = Callable[[Any, Any], bool]

BARE = re.compile(r'[^\s()&|!"<>]+')  # a value that needs no quotation marks
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)  # and one that has them

_UNITS = {"m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "µs": 1_000, "ns": 1}  # the largest first
_SPELLINGS = {"us": "µs", "\u03bcs": "µs"}  # the second has the Greek letter
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(\w*)")


def quoted(text: str) -> str:
    """Text as a value: in quotation marks if it needs them."""
    return text if BARE.fullmatch(text) else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def unquoted(text: str) -> str:
    """The value that is written so."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text.startswith('"') else text


def _whole(text: str) -> int:
    if not re.fullmatch("[0-9]+", text) or not int(text):
        raise ValueError("a whole number from 1 on belongs here")
    return int(text)


def _number(text: str) -> int:
    return _whole(text.removeprefix("#"))


def _nanoseconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("a number with a unit belongs here")
    unit = _SPELLINGS.get(found[2], found[2])
    if unit not in _UNITS:
        raise ValueError(f"{'this unit is not known' if unit else 'a unit is missing'}: ns, µs (or us), ms, s or m")
    value = Fraction(found[1]) * _UNITS[unit]
    if value.denominator != 1:
        raise ValueError("this is no whole number of nanoseconds")
    return int(value)


def _duration(nanoseconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS.items() if nanoseconds % size == 0)
    return f"{nanoseconds // size}{unit}"


def _is_address(address: str, text: str) -> bool:
    """Whether `text` is the whole address, its host or its port."""
    host, colon, port = address.rpartition(":")
    return text == address or (bool(colon) and text in (port, host, host.strip("[]")))


def _is_server(server: tuple[str, ...], text: str) -> bool:
    return any(_is_address(one, text) for one in server)


def _is_error(error: str, text: str) -> bool:
    kind, _, message = error.partition(": ")
    return text == kind or text in message


_ORDER: dict[str, Test] = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
_NUMBERS: dict[str, Test] = {":": operator.eq, **_ORDER}


@dataclass(frozen=True, eq=False, slots=True)
class Key:
    """One row of the table."""

    example: str
    read: Callable[[Call], Any]  # what the call has; None: not known
    tests: Mapping[str, Test]  # operator -> whether what the call has stands so to the value
    value: Callable[[str], str | int] = str  # the value that a text means; raises ValueError with what is wrong
    text: Callable[[Any], str] = field(default=str)  # and the text of a value
    optional: bool = False  # a call may have none: the key alone says that it has
    late: bool = False  # known after the call only


KEYS: dict[str, Key] = {
    "owner": Key("owner:EchoHandler", lambda call: call.owner, {":": operator.eq}, text=quoted),
    "server": Key("server:8000", lambda call: call.server, {":": _is_server}, text=quoted, optional=True),
    "context": Key("context:main", lambda call: call.context, {":": operator.eq}, text=quoted),
    "connection": Key("connection:7", lambda call: call.connection, _NUMBERS, _number, optional=True),
    "peer": Key("peer:53122", lambda call: call.peer, {":": _is_address}, text=quoted, optional=True),
    "open": Key("open", lambda call: call.open, {}, optional=True),
    "duration": Key("duration>5ms", lambda call: call.duration, _ORDER, _nanoseconds, _duration, late=True),
    "raised": Key("raised:ValueError", lambda call: call.raised, {":": _is_error}, text=quoted, optional=True, late=True),
    "request": Key("request:/index", lambda call: call.request, {":": operator.contains}, text=quoted, optional=True),
    "reply": Key("reply:404", lambda call: call.reply, _NUMBERS, _whole, optional=True),
    "nth": Key("nth:3", lambda call: call.nth, _NUMBERS, _whole),
}
