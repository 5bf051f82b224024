"""A few rows of the call tree around any place of it, for a screen that stands there."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from .calls import Rows
from .contexts import Context
from .lifetimes import FOREVER
from .matches import Matches
from .matching import MatchingTree
from .row import Row
from .timeline import Timeline
from .tree import Call, Tree


@dataclass(frozen=True, slots=True)
class Window:
    """Rows that follow each other."""

    rows: tuple[Row, ...]
    place: int | None  # the row that was asked for: its call's, or the idle turns' that it is part of; None: the end was
    above: bool  # there are more rows above them
    below: bool


def window(
    timeline: Timeline,
    until: int | None,
    anchor: tuple[int, int] | None,
    above: int,
    below: int,
    folded: Collection[tuple[int, int]] = frozenset(),
    matches: Matches | None = None,
) -> Window:
    """The row of the call `anchor` (context id, span) and at most so many above and below it, as `rows` has them at `until`.

    None, or a call of which nothing is known at `until`: the newest rows, as many as that is together. One that has not begun by then:
    the newest of its context that has. What is inside of `folded` calls is left out; if the anchor is, the outermost of those around it
    is meant. With `matches` only calls that match are rows, folded or not; if the anchor does not, the next one that does is meant.

    It takes time in proportion to the rows, not to the recording.
    """
    until = FOREVER if until is None else until
    if matches is not None:
        tree: Tree = MatchingTree(timeline, until, matches)
    else:
        tree = Tree(timeline, until, folded)
    start = _start(tree, anchor)
    if start is None:
        return _tail(tree, above + 1 + below)
    if matches is not None:
        return _matching(tree, start, above, below)
    found, place, more = Rows(tree).around(above, start, below)
    first, end = max(0, place - above), place + below + 1
    return Window(tuple(found[first:end]), place - first, more or first > 0, len(found) > end)


def _start(tree: Tree, anchor: tuple[int, int] | None) -> tuple[Context, int] | None:
    """The call in the tree that is meant; None: its end."""
    context = tree.timeline.contexts.get(anchor[0]) if anchor is not None else None
    if anchor is None or context is None or not tree.is_begun(context):
        return None
    return tree.visible(context, max(0, min(anchor[1], tree.count(context) - 1)))


def _tail(tree: Tree, count: int) -> Window:
    """The last rows."""
    if isinstance(tree, MatchingTree):
        return _matching(tree, None, count, -1)
    found, _, more = Rows(tree).around(count)
    return Window(tuple(found[-count:]), None, more or len(found) > count, False)


def _matching(tree: Tree, start: tuple[Context, int] | None, above: int, below: int) -> Window:
    """Rows of a tree in which nothing is folded away."""
    ahead = list(islice(tree.forward(start), below + 2)) if start is not None else []
    if start is not None and not ahead:  # nothing that matches comes behind it
        found = _matching(tree, None, above + 1, -1)
        return Window(found.rows, len(found.rows) - 1 if found.rows else None, found.above, False)
    before = list(islice(tree.backward(start), above + 1))
    rows = Rows(tree)
    shown = tuple(rows.row(item) for item in [*before[:above][::-1], *ahead[: below + 1]] if isinstance(item, Call))
    place = min(above, len(before)) if start is not None else None
    return Window(shown, place, len(before) > above, len(ahead) > below + 1)
