"""Threads that the framework starts: each is a context, whose id its starter draws so that both can name it."""

from .writer import enter, local, new_id, process, thread_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Kept on the Thread object: the id of its context, and of the context that started it.
_NAMES = ("_tracer_context", "_tracer_parent")


def begun(thread: "Any") -> int:
    """The id of the context that `thread`, about to be started here, will be."""
    identity = new_id()
    first = local.context or process.first
    thread.__dict__.update(zip(_NAMES, (identity, first.id if first else 0), strict=True))
    return identity


def awaited(thread: "Any") -> int:
    """The id of the context that `thread` is; 0 if it never was started under the tracer."""
    found: int = thread.__dict__.get(_NAMES[0], 0)
    return found


def begin_thread(thread: "Any") -> None:
    """The calling thread is `thread` and begins now."""
    identity, parent = (thread.__dict__.get(name, 0) for name in _NAMES)
    local.context = thread_context(identity or new_id(), parent)
    enter()
