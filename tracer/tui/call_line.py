"""One row of the call tree as a line: label, indentation, hook and payload, connection, duration, class."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style

from tracer.recording.text import harmless
from tracer.timeline.row import Row
from tracer.timeline.units import duration, ticking

from .cells import clip, fill
from .lines import Line, cells, ends, fit, line
from .marks import (
    BAD,
    BOLD,
    BORN,
    CURRENT,
    DIM,
    HANDLED,
    HELD,
    IDLE,
    KILLED,
    OPEN,
    PLAIN,
    RAISED,
    REFUSED,
    SHUT,
    STOPPED,
    SUPER,
    WARN,
    context_style,
)
from .view import Errors

_QUICK = 1_000_000  # nanoseconds: what is faster is dim
_CURSOR = Style(bold=True, reverse=True)


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells each part of a line has."""

    label: int
    call: int
    connection: int
    time: int
    owner: int
    indent: int  # a level


def columns_for(width: int, labels: Iterable[str], owners: Iterable[str], most_connections: int) -> Columns:
    """The columns of a panel that is `width` cells wide; no wider than what stands in them needs."""
    widest = 0 if width < 54 else 13 if width < 68 else 14 if width < 80 else 26
    owner = min(widest, max(map(cell_len, owners), default=0))
    label = max(5, *map(len, labels), 0) + 1
    connection = max(3, len(f"#{most_connections}")) + 1
    time = 8
    call = max(8, width - label - connection - time - owner - bool(owner))
    return Columns(label, call, connection, time, owner, 1 if width < 90 else 2)


class Look(NamedTuple):
    """How one row is shown, beside what it says itself."""

    labelled: bool = True
    cursor: bool = False
    stuck: bool = False  # its context is held now, wherever
    with_held: bool = True  # the time in which its context was held is part of the duration that is shown
    digits: int = 3  # of durations


def call_line(row: Row, now: int, columns: Columns, look: Look, errors: Errors) -> Line:
    """The line of one row; open spans last until `now`."""
    style = context_style(row.label)
    label = line((row.label, style + _CURSOR) if look.cursor else (row.label if look.labelled else "", style))
    time, time_style = _time(row, now, style, look)
    time = f"{time:>{columns.time}}"
    # What lasts for minutes takes more room than others, from what stands to its left.
    room = columns.call + columns.connection - (len(time) - columns.time)
    number = fill(f"#{row.connection}", columns.connection) if row.connection is not None else ""
    width = room - len(number) - 1
    call, held = _call(row, style, columns, look, errors, width), _held(row, look)
    if row.stopped and cells(call) + cells(held) >= width:
        held = []  # that it is held says more than for how long it was
    call = fit(ends(call, held, width), width, pad=True)
    found = line(*fit(label, columns.label, pad=True), *call, " ", number, (time, time_style))
    return line(*found, " ", *fit(_owner(row), columns.owner, pad=True)) if columns.owner else found


def owner_words(row: Row) -> str:
    """Who supplied the hook."""
    return f"{SUPER} {row.owner}" if row.super_level else row.owner


def _call(row: Row, style: Style, columns: Columns, look: Look, errors: Errors, room: int) -> Line:
    """Indentation, hook, payload and how it ended; in `room` cells the most important of it."""
    born = row.label != "main" and row.depth > 0
    space = " " * (row.depth * columns.indent - born)
    head = line(space, (BORN, style) if born else "")
    if row.folded:
        times = f" {IDLE}{row.folded}" if row.folded > 1 else ""
        return line(*head, (f"{row.hook}{times}  idle", DIM))
    head = line(*head, (SHUT, BOLD)) if row.shut else head
    name = Style(bold=True, reverse=True) if row.current and not look.stuck else BOLD if row.open else PLAIN
    pieces = line(*head, (row.hook, style + name))
    if row.stopped:
        pieces = line(*pieces, " ", (f" {HELD} held {row.stopped} it ", STOPPED + Style(reverse=True)))
    pieces = line(*pieces, (f"  {row.about}" if row.about else "", PLAIN))
    if row.outcome == "raised":
        place = (row.context, row.span)
        mark = HANDLED if place in errors.handled else RAISED
        # Its text stands once, where it was raised: there is little room.
        words = row.payload or "an exception"
        if place in errors.passed:
            words = "caught" if mark == HANDLED else ""
        return line(*pieces, "  ", (f"{mark} {words}".rstrip(), BAD))
    if row.outcome == "killed":
        return line(*pieces, "  ", (f"{KILLED} {row.payload or 'killed'}", BAD))
    if row.outcome in _ENDS and not _is_exit(row):
        return line(*pieces, "  ", (row.payload, PLAIN), (f"  {_ENDS[row.outcome]}", WARN))
    if row.hook == "verify_request" and row.payload == "False":
        return line(*pieces, "  ", (f"{REFUSED} False: refused", WARN))
    return line(*pieces, "  ", (_short(row.payload, room - cells(pieces) - 2), PLAIN)) if row.payload else pieces


def _short(payload: str, room: int) -> str:
    """What came of a call stays where there is too little room for both: `GET /a/long… → 404`."""
    asked, arrow, came = payload.rpartition(" → ")
    if not arrow or cell_len(harmless(payload)) <= room:
        return payload
    return f"{clip(harmless(asked), max(4, room - cell_len(came) - 3))}{arrow}{came}"


_ENDS = {
    "lost": "end n/a (not recorded)",
    "gone": "end n/a (gone without a word)",
    "replaced": "never ended: another program took the process over",
    "exited": "never ended: its process exited",
}


def _is_exit(row: Row) -> bool:
    """Whether it is the call by which the process exited: it does not return."""
    return row.outcome == "exited" and row.hook == "_exit"


def _held(row: Row, look: Look) -> Line:
    """How much of the time the context was held; where it is held before the call, that is all there is."""
    if not row.held or not look.with_held or (row.open and row.stopped == "before"):
        return []
    return line((f"{HELD} {ticking(row.held) if row.open else duration(row.held, look.digits)}", STOPPED))


def _time(row: Row, now: int, style: Style, look: Look) -> tuple[str, Style]:
    if row.open and row.stopped == "before":
        return f"{HELD} {ticking(now - row.begin)}", STOPPED
    unseen = 0 if look.with_held else row.held
    if row.folded and row.end is not None:
        return ticking(row.end - row.begin - unseen), DIM
    if row.open:
        mark = CURRENT if row.current and not look.stuck else OPEN
        return f"{mark} {ticking(now - row.begin - unseen)}", style + BOLD
    if row.end is None or row.outcome in ("lost", "gone"):
        return "n/a", DIM
    if _is_exit(row):
        return "", PLAIN  # there is nothing to measure
    lasted = row.end - row.begin - unseen
    return duration(lasted, look.digits), DIM if lasted < _QUICK else PLAIN


def _owner(row: Row) -> Line:
    level = line((f"{SUPER} ", DIM)) if row.super_level else []
    return line(*level, (row.owner, DIM if row.framework else BOLD))
