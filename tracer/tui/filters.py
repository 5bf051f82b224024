"""What is typed where contexts are to be held."""

from collections.abc import Collection

from tracer.timeline.filter import Filter, FilterError, parse


def place_of(text: str, own: Collection[str] | None) -> Filter:
    """The filter that a text means, where calls may be held. Raises FilterError, also for one that no call can ever match."""
    found = parse(text, own)
    if found.hooks() == set():
        raise FilterError("no call can ever be that (how one ends is known only after it)", text, 0)
    return found
