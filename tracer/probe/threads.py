"""Threads that the framework starts: each is a context, whose id its starter draws so that both can name it."""

from .gate import inherit
from .process import process
from .writer import enter, local, new_id, thread_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNKNOWN = (0, 0)  # run() was called without start()


def begun(thread: "Any") -> int:
    """The id of the context that `thread`, about to be started here, will be."""
    identity = new_id()
    thread._tracer = (identity, local.context.id if local.context else process.id)  # kept on the Thread object: it is gone when that is
    return identity


def awaited(thread: "Any") -> int:
    """The id of the context that `thread` is; 0 if it never was started under the tracer."""
    found: int = thread.__dict__.get("_tracer", _UNKNOWN)[0]
    return found


def begin_thread(thread: "Any") -> None:
    """The calling thread is `thread` and begins now."""
    identity, parent, *step = thread.__dict__.get("_tracer", _UNKNOWN)
    local.context = thread_context(identity or new_id(), parent, started=True)
    if step:
        inherit(*step)
    enter()
