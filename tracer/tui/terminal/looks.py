"""How a program wants its characters to look: colours and the like, as SGR sequences (`ESC [ … m`) say it."""

from functools import lru_cache
from typing import Any, NamedTuple

from rich.color import Color
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from ..marks import PLAIN

#: The sixteen colours that have no values of their own: each to be told from the others, and black from the ground.
SIXTEEN = TerminalTheme(
    (0x12, 0x12, 0x12),
    (0xE0, 0xE0, 0xE0),
    [(92, 92, 92), (224, 92, 92), (111, 191, 74), (217, 177, 59), (91, 155, 240), (198, 120, 221), (69, 184, 196), (200, 200, 200)],
    [(138, 138, 138), (255, 123, 114), (155, 228, 122), (245, 215, 110),
     (143, 193, 255), (229, 163, 245), (127, 227, 238), (255, 255, 255)],
)  # fmt: skip

#: Parameter -> attribute, and what it becomes.
_SWITCHES = {
    1: ("bold", True), 2: ("dim", True), 3: ("italic", True), 4: ("underline", True), 7: ("reverse", True), 9: ("strike", True),
    21: ("underline", True), 23: ("italic", False), 24: ("underline", False), 27: ("reverse", False), 29: ("strike", False),
}  # fmt: skip


class Look(NamedTuple):
    """A look. Blinking is left out, for nothing on this screen flashes; what is concealed is shown."""

    color: str = ""  # as Rich has it; "" for the terminal's own
    bgcolor: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


@lru_cache(maxsize=1024)
def style_of(look: Look) -> Style:
    """The style that draws it."""
    if not any(look):
        return PLAIN
    flags: dict[str, Any] = {name: value or None for name, value in look._asdict().items()}
    return Style(**flags)


@lru_cache(maxsize=1024)
def look_after(look: Look, parameters: str) -> Look:
    """The look after an SGR sequence with these parameters, as `1;38;5;208`; what is not known changes nothing."""
    items = parameters.split(";")
    while items:
        head, *sub = items.pop(0).split(":")
        code = int(head) if head.isdecimal() else 0 if not head else -1
        if code in (38, 48, 58):
            colour = _colour_of(sub) if sub else _colour_in(items)
            if colour and code != 58:  # of underlines: not drawn
                look = _with(look, "color" if code == 38 else "bgcolor", colour)
        else:
            look = _switched(look, code, off=code == 4 and sub == ["0"])
    return look


def _switched(look: Look, code: int, off: bool) -> Look:
    if code == 0:
        return Look()
    if code == 22:
        return look._replace(bold=False, dim=False)
    if code in _SWITCHES:
        name, value = _SWITCHES[code]
        return _with(look, name, value and not off)
    for begin, bright, name in ((30, 90, "color"), (40, 100, "bgcolor")):
        if code == begin + 9:
            return _with(look, name, "")
        if begin <= code < begin + 8:
            return _with(look, name, _numbered(code - begin))
        if bright <= code < bright + 8:
            return _with(look, name, _numbered(code - bright + 8))
    return look


def _with(look: Look, name: str, value: str | bool) -> Look:
    fields: dict[str, Any] = {name: value}
    return look._replace(**fields)


def _colour_in(items: list[str]) -> str:
    """The colour that the next parameters name, which are taken away: 5;n or 2;r;g;b."""
    count = {"5": 2, "2": 4}.get(items[0] if items else "", 1)
    taken, items[:] = items[:count], items[count:]
    return _colour_of(taken)


def _colour_of(parts: list[str]) -> str:
    """The colour that 5:n, 2:r:g:b or 2:space:r:g:b names; "" if it is none."""
    numbers = [int(part) if part.isdecimal() else 0 if not part else -1 for part in parts]
    if len(parts) > 4 and parts[0] == "2":
        del numbers[1]
    match numbers:
        case [5, number] if 0 <= number < 256:
            return _numbered(number)
        case [2, red, green, blue, *_] if all(0 <= one < 256 for one in (red, green, blue)):
            return f"#{red:02x}{green:02x}{blue:02x}"
    return ""


def _numbered(number: int) -> str:
    return Color.from_ansi(number).name
