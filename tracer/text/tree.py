"""The call trees as text, a call a line: time, context, call, connection, duration, class."""

from collections.abc import Iterable, Iterator

from tracer.recording.text import harmless
from tracer.timeline.row import Row
from tracer.timeline.units import clock_time, duration

CALL = 58  # cells for indentation, hook and what it carries: most lines then align
_ENDS = {
    "lost": "end not recorded",
    "gone": "gone without a word",
    "replaced": "another program took the process over",
    "exited": "never ended: its process exited",
}


def tree(rows: Iterable[Row], start: int) -> Iterator[str]:
    """The lines of the call trees; times count from `start` (nanoseconds, of the recording's clock)."""
    for row in rows:
        yield tree_line(row, start)


def tree_line(row: Row, start: int, width: int = CALL) -> str:
    """One row as a line; `width`: cells for indentation, hook and what it carries."""
    owner = f"{'↑ ' if row.super_level else ''}{row.owner}"
    call, held = f"{'  ' * row.depth}{_call(row)}", _held(row)
    if held:
        call = f"{call:<{max(0, width - len(held) - 2)}}  {held}"
    return columns(row.begin - start, row.label, call, row.connection, _time(row), owner, width)


def columns(t: int, label: str, call: str, connection: int | None = None, time: str = "", owner: str = "", width: int = CALL) -> str:
    """A line of the tree; `t` counts from the recording's start."""
    number = f"#{connection}" if connection is not None else ""
    return harmless(f"{clock_time(t)}  {label:<7} {call:<{width}} {number:>5} {time:>9}  {owner}").rstrip()


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
        case "exited" if row.hook == "_exit":  # it does not return
            return words
    return f"{words}  ({_ENDS[row.outcome]})" if row.outcome in _ENDS else words


def _held(row: Row) -> str:
    """Where the context is held now, how much of the call's time it was, and how long right after the call."""
    lasted, after = duration(row.held) if row.held else "", duration(row.held_after) if row.held_after else ""
    if row.stopped == "before":
        return f"held before it{' for ' * bool(lasted)}{lasted}"
    said = [f"held {lasted}{' by slow motion' * row.slowed}"] if lasted else []
    if row.stopped == "after":
        said.append(f"held after it{' for ' * bool(after)}{after}")
    elif after:
        said.append(f"after it {after}" if lasted else f"held {after} after it")
    return ", ".join(said)


def _time(row: Row) -> str:
    if row.open:
        return "▶" if row.current else "▸"
    if row.end is None or row.outcome in ("lost", "gone") or (row.outcome == "exited" and row.hook == "_exit"):
        return ""
    return duration(row.end - row.begin)
