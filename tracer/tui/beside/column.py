"""How one server is drawn in its column: what stands above its requests, and each of their lines."""

from collections.abc import Iterator
from dataclasses import replace

from rich.style import Style

from tracer.timeline.served import Served
from tracer.timeline.units import duration, ticking

from ..call_line import Look, call_line, columns_for, owner_words
from ..lines import Line, cells, ends, fit, line
from ..marks import BAD, BOLD, CURRENT, DIM, PLAIN, REFUSED, STILL, WARN, ZOMBIE
from ..panels.children import forks
from ..panels.header import MODES
from ..panels.queue import QueuePanel
from ..panels.rail import Rail
from ..servers import kept_threads, no_server
from ..times import when
from ..view import View, errors_in
from .aligned import Place
from .view import BesideView, Column

MOST = 4  # servers
NARROWEST = 38  # cells of a column in which a call, its context and its time can still be read
RULE = "│"
_CURSOR = Style(bold=True, reverse=True)


def widths(columns: int, width: int) -> list[int]:
    """How wide each column is, a rule between two of them taken off."""
    room = width - (columns - 1)
    return [room // columns + (place < room % columns) for place in range(columns)]


def needs(columns: int) -> int:
    """How wide a terminal must be for so many columns."""
    return columns * NARROWEST + columns - 1


class Heads:
    """What stands above the requests. The panels of the watch screen say it: there is one way to say each thing."""

    def __init__(self) -> None:
        self._rail, self._queue = Rail(), QueuePanel()

    def height(self, view: BesideView) -> int:
        """How many lines there are."""
        return 3 + _rails(view)

    def lines(self, view: BesideView, width: int) -> list[Line]:
        """The lines of all columns."""
        wide, rails = widths(len(view.columns), width), _rails(view)
        heads = [
            list(self._head(view.leading, number, *one, rails)) for number, one in enumerate(zip(view.columns, wide, strict=True), 1)
        ]
        return [beside(list(row), wide) for row in zip(*heads, strict=True)]

    def _head(self, leading: View, number: int, column: Column, width: int, rails: int) -> Iterator[Line]:
        view = column.view
        yield _name(number, column, leading, width)
        rail = self._rail.draw(view, width, rails)
        yield from rail + [line()] * (rails - len(rail))
        queue = self._queue.draw(view, width, 9)[0]
        taken = view.server.queue.end if view.server is not None and view.server.queue is not None else None
        yield _aged(line(" ", *queue), view, taken, width)
        yield _aged(line(" ", *_workers(view)), view, view.process.taken if view.process is not None else None, width)


def _rails(view: BesideView) -> int:
    """How many lines the longest rail has."""
    return max(2 if column.view.path is not None and column.view.path.branch else 1 for column in view.columns)


def _name(number: int, column: Column, leading: View, width: int) -> Line:
    """Which server it is, and that it has ended where others have not."""
    view = column.view
    head = line(" ", (f"{number} ", DIM), (column.name, BOLD))
    mode = line((f"{STILL} ENDED", MODES["ended"]), " ") if view.finished and leading.look != view.look else []
    if view.server is None:
        return ends(line(*head, (f" · {no_server(view)}", DIM)), mode, width)
    named = line(*head, " · ", view.server.class_name)
    full = line(*named, " ", view.server.address)
    return ends(full if cells(full) + cells(mode) < width else named, mode, width)


def _aged(words: Line, view: View, taken: int | None, width: int) -> Line:
    """The words, and how old they are, where there is room for both."""
    age = line((when(view, taken), DIM)) if taken is not None else []
    return ends(words, age, width) if cells(words) + cells(age) < width else words


def _workers(view: View) -> Line:
    """Belief beside truth: children of a server that forks, else threads."""
    process = view.process
    if process is None:
        return line(("no server process now", DIM))
    if not forks(view):
        keeps = f"keeps {kept} · " if (kept := kept_threads(view)) else ""
        return line(f"threads: {keeps}kernel {len(process.threads) if process.threads else 'n/a'}")
    zombies = sum(child.state == "zombie" and child.reaped is None for child in process.children)
    believes = "n/a" if process.believed_children is None else process.believed_children
    listed = sum(child.state is not None for child in process.children) if process.taken is not None else "n/a"
    return line(f"children: believes {believes} · kernel {listed}", (f", {zombies} {ZOMBIE}" if zombies else "", WARN))


# ---- requests


def requests(view: BesideView, width: int) -> list[Line]:
    """The lines of the requests that are seen, each beside those of the other servers."""
    wide = widths(len(view.columns), width)
    drawn = [_Drawn(column, each) for column, each in zip(view.columns, wide, strict=True)]
    return [beside([one.line(place, place == view.cursor) for one in drawn], wide) for place in view.lines]


class _Drawn:
    """One column's lines."""

    def __init__(self, column: Column, width: int) -> None:
        self._column, self._width = column, width
        view = column.view
        rows = [row for one in column.served.values() for row in one.rows]
        found = columns_for(width - 1, {row.label for row in rows}, {owner_words(row) for row in rows}, 0)
        # The request's own line says the number.
        self._columns = replace(found, call=found.call + found.connection, connection=0)
        self._stuck = {held.context for held in view.moment.held}
        self._errors = {number: errors_in(one.rows) for number, one in column.served.items()}

    def line(self, place: Place, cursor: bool) -> Line:
        """What this server has to say on that line."""
        one = self._column.served.get(place.request)
        if not place.line:
            return _request(place.request, one, self._column.view, self._width, cursor)
        if one is None or place.line > len(one.rows):
            return line()
        row = one.rows[place.line - 1]
        before = one.rows[place.line - 2] if place.line > 1 else None
        look = Look(before is None or before.context != row.context, cursor, row.context in self._stuck)
        errors = self._errors[place.request]
        return line(" ", *call_line(replace(row, connection=None), self._column.view.now, self._columns, look, errors))


def _request(number: int, one: Served | None, view: View, width: int, cursor: bool) -> Line:
    """A request's own line: who it is, and how long the server has had it."""
    head = line((f" #{number} ", _CURSOR if cursor else BOLD), " ")
    if one is None:
        return _ruled(line(*head, ("not accepted", DIM)), [], width)
    found = one.connection
    ended = {"refused": (f" {REFUSED} refused", WARN), "failed": (" failed", BAD), "killed": (" killed", BAD)}.get(
        found.state, ("", PLAIN)
    )
    words = line(*head, found.peer, ended)
    if found.ended is None:
        return _ruled(words, line((f"{CURRENT} {ticking(view.now - found.accepted)}", BOLD)), width)
    return _ruled(words, line((duration(found.ended - found.accepted), PLAIN)), width)


def _ruled(left: Line, right: Line, width: int) -> Line:
    """Both ends with a rule between them."""
    room = width - cells(left) - cells(right) - 2
    if room < 1:
        return ends(left, right, width)
    return line(*left, (f" {'─' * room}{' ' * bool(right)}", DIM), *right)


def beside(found: list[Line], wide: list[int]) -> Line:
    """One line of each column, as one line."""
    whole: Line = []
    for place, (one, width) in enumerate(zip(found, wide, strict=True)):
        whole += line((RULE, DIM)) * bool(place)
        whole += fit(one, width, pad=True)
    return whole
