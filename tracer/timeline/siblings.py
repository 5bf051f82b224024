"""The calls that one call has made, and those that came before another in the same caller."""

from .contexts import Context
from .spans import Spans


def made_by(spans: Spans, context: Context, parent: int, before: int, most: int) -> tuple[list[int], bool]:
    """(the newest `most` calls that span `parent` made itself, of those with numbers below `before`, in order; whether these are all).

    -1 as parent means the context's outermost calls. It costs what these calls cost, however many there are within them.
    """
    found: list[int] = []
    at = before - 1
    while at > parent:
        if len(found) == most:
            return found[::-1], False
        around = spans.parent(context, at)
        while around > parent:
            at, around = around, spans.parent(context, around)
        if around == parent:
            found.append(at)
        at -= 1  # else it began when the parent had ended
    return found[::-1], True
