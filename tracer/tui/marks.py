"""The marks of the screen: shape first, colour second. This table is the legend, too.

Everything is drawn with the Unicode marks; a terminal that cannot show them gets `ascii_only` of the whole line, character for
character, so that no column moves.
"""

import zlib
from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style


class Mark(NamedTuple):
    """One mark."""

    shape: str
    ascii: str
    means: str


OPEN = "▸"
CURRENT = "▶"
RAISED = "✗"
HANDLED = "✗→"
REFUSED = "⊘"
KILLED = "☓"
HELD = "‖"
ZOMBIE = "Z"
SUPER = "↑"
PERSON = "☞"
LIVE = "●"
REPLAY = "◀"
STILL = "■"  # the picture stands still: frozen, or its run has ended
MORE = "…"
BORN = "┊"
WAITING, ROOM = "▮", "▯"
IDLE = "×"
ARROW = "→"
FOCUS = "║"
SHUT = "[+] "  # in front of a call whose inside is folded away
NEVER = "–"
NOTED = "◆"
RIGHT = "✓"  # an answer that is right
CHOICE = "›"  # the one of several that Enter takes
BIRTH, DEATH = "├", "┤"
TAKEN = "┬"
LEVELS = "▁▂▃▄▅▆▇█"  # how much there was, over time

LEGEND: tuple[Mark, ...] = (
    Mark(CURRENT, "*", "control is right here; the time still runs"),
    Mark(OPEN, ">", "control is inside, in a hook further down"),
    Mark(RAISED, "!", "an exception left this hook"),
    Mark(HANDLED, "!>", "an exception left this hook, and the hook around it went on"),
    Mark(REFUSED, "/", "verify_request said no"),
    Mark(KILLED, "X", "a signal killed the process in here"),
    Mark(HELD, "|", "held: in front of a hook before it, behind a hook after it; at a time: how much of that its context was held"),
    Mark(NEVER, "-", "in front of a hook on the rail: it was not called and will not be"),
    Mark(ZOMBIE, "Z", "a child that has ended and has not been waited for"),
    Mark(SUPER, "^", "one level of a super() chain"),
    Mark(BORN, ":", "inside a child or a thread that was born in the call above"),
    Mark(IDLE, "x", "idle turns of the loop, folded into one line"),
    Mark(NOTED, "M", "a mark that somebody has set, with a note"),
    Mark(PERSON, "@", "somebody's doing: a client that was sent"),
    Mark(ARROW, ">", "in front of words: what came of it"),
    Mark(WAITING, "#", "a place in the queue, taken by one that waits"),
    Mark(ROOM, ".", "a place in the queue, free"),
    Mark(LIVE, "o", "the recording grows, and the picture with it"),
    Mark(REPLAY, "<", "a recording that is finished"),
    Mark(STILL, "%", "the picture stands still: it is frozen, or its run has ended"),
    Mark(MORE, "~", "something was cut off here"),
)

_OTHERS = {
    "·": "-",
    "←": "<",
    "µ": "u",
    "─": "-",
    "│": "|",
    FOCUS: "|",
    BIRTH: "[",
    DEATH: "]",
    TAKEN: "+",
    RIGHT: "+",
    CHOICE: ">",
    **dict(zip(LEVELS, "_.-:=+*%", strict=True)),
}  # no marks: signs between words
_TABLE = str.maketrans({mark.shape: mark.ascii for mark in LEGEND if len(mark.shape) == 1} | _OTHERS)
_LONG = [mark for mark in LEGEND if len(mark.shape) > 1]


def ascii_only(text: str) -> str:
    """`text` with every mark of this screen as its ASCII fall-back; the same number of cells."""
    for mark in _LONG:
        text = text.replace(mark.shape, mark.ascii)
    return text.translate(_TABLE)


def needs_ascii(environment: Mapping[str, str], encoding: str) -> bool:
    """Whether the terminal lacks the marks: the Linux console has no such font, and some encodings have no such characters."""
    return environment.get("TERM") == "linux" or not encoding.lower().replace("-", "").startswith("utf8")


# Safe for the colour-blind (after Okabe and Ito), all light enough for a dark ground.
PALETTE = ("#56b4e9", "#e69f00", "#2fc293", "#f0e442", "#cc79a7", "#f27a3d", "#93a8ff", "#c8c8c8")

PLAIN = Style()
DIM = Style(dim=True)
BOLD = Style(bold=True)
BAD = Style(color="#ff6b5e", bold=True)
WARN = Style(color="#f0e442", bold=True)
STOPPED = Style(color="#e879f9", bold=True)
DONE_BY_A_PERSON = Style(color="#5fd7d7")


def context_style(label: str) -> Style:
    """The colour of a context, from its label alone: the same in every panel and in every run of the viewer."""
    if label == "main":
        return Style(color=PALETTE[0])
    number = int(label[1:]) if label[1:].isdecimal() else zlib.crc32(label.encode("utf-8", "replace"))
    return Style(color=PALETTE[1 + (number - 1) % (len(PALETTE) - 1)])
