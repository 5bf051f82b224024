"""The call trees as text, a call a line: time, context, call, connection, duration, class."""

from collections.abc import Iterable, Iterator

from tracer.recording.text import harmless
from tracer.timeline.row import Row
from tracer.timeline.units import clock_time, duration

_CALL = 58  # cells for indentation, hook and what it carries: most lines then align
_ENDS = {
    "lost": "end not recorded",
    "gone": "gone without a word",
    "replaced": "another program took the process over",
    "exited": "",
}


def tree(rows: Iterable[Row], start: int) -> Iterator[str]:
    """The lines of the call trees; times count from `start` (nanoseconds, of the recording's clock)."""
    for row in rows:
        yield tree_line(row, start)


def tree_line(row: Row, start: int) -> str:
    """One row as a line."""
    number = f"#{row.connection}" if row.connection is not None else ""
    owner = f"{'↑ ' if row.super_level else ''}{row.owner}"
    call = f"{'  ' * row.depth}{_call(row)}"
    line = f"{clock_time(row.begin - start)}  {row.label:<7} {call:<{_CALL}} {number:>5} {_time(row):>9}  {owner}"
    return harmless(line).rstrip()


def _call(row: Row) -> str:
    if row.folded:
        return f"{row.hook} ×{row.folded}  idle"
    said = row.about if row.outcome in ("raised", "killed") else row.payload
    words = f"{row.hook}  {said}" if said else row.hook
    match row.outcome:
        case "raised":
            return f"{words}  ✗ {row.payload or 'an exception'}"
        case "killed":
            return f"{words}  ☓ {row.payload or 'killed'}"
        case "lost" | "gone" | "replaced":
            return f"{words}  ({_ENDS[row.outcome]})"
    return words


def _time(row: Row) -> str:
    if row.open:
        return "▶" if row.current else "▸"
    if row.end is None or row.outcome in ("lost", "gone") or (row.outcome == "exited" and row.hook == "_exit"):
        return ""
    return duration(row.end - row.begin)
