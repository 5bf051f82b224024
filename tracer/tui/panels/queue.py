"""The accept queue: who is connected and waits to be accepted."""

from textwrap import wrap

from tracer.timeline.moment import Queue
from tracer.timeline.units import age, clock_time

from ..lines import Line, line
from ..marks import BAD, BOLD, DIM, ROOM, WAITING, WARN
from ..view import View
from .panel import Panel

_BOXES = 20  # a longer gauge is scaled


class QueuePanel(Panel, can_focus=True):
    """The kernel's accept queue of the watched server."""

    NAME = "Queue"
    HELP_TEXT = (
        "Clients that the kernel has connected and that the server has not accepted yet (get_request takes them). "
        "The limit is what listen() was given: request_queue_size; the kernel lets one more in, shown as (+1). "
        "When it is full, new clients wait in connect() and the kernel counts drops. A client that has left again "
        "stays in the queue until it is accepted.\n\n"
        "A UDP socket counts bytes of memory, not datagrams. What the kernel does not tell is n/a, with the reason."
    )

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        if view.server is None:
            return [line(("no server yet", DIM))]
        queue = view.server.queue
        if queue is None:
            return [line(("n/a (no sample yet)", DIM))]
        return [*_waiting(queue, width), *_more(view, queue, width), line((f"asked {age(view.now - queue.end)} ago", DIM))]


def _waiting(queue: Queue, width: int) -> list[Line]:
    if queue.depth is None:
        if queue.bytes is not None:
            style = BOLD if queue.bytes else DIM
            return [line("receive  ", (f"{queue.bytes:,} bytes held by datagrams that wait", style))]
        return _not_known("waiting", queue, "depth", width)
    if queue.limit is None:
        return [line("accept   ", (f"{queue.depth} waiting", BOLD))]
    full = queue.depth > queue.limit
    words = f"{queue.depth} waiting of {queue.limit} (+1)"
    style = BAD if full else WARN if queue.depth else DIM
    return [line("accept ", (_gauge(queue.depth, queue.limit), style), "  ", (words + (", full" if full else ""), style))]


def _gauge(depth: int, limit: int) -> str:
    if limit + 1 > _BOXES:  # ten boxes; one that is begun is drawn
        taken = min(10, -(-depth * 10 // (limit + 1)))
        return WAITING * taken + ROOM * (10 - taken)
    boxes = [WAITING if place < depth else ROOM for place in range(limit + 1)]
    return f"{''.join(boxes[:-1])}({boxes[-1]})"


def _more(view: View, queue: Queue, width: int) -> list[Line]:
    pieces = []
    if view.peak is not None and view.peak[0]:
        pieces.append(f"most {view.peak[0]} at {clock_time(view.peak[1] - view.start)[:5]}")
    if queue.drops is None:
        known = [line(" · ".join(pieces))] * bool(pieces)
        told = queue.depth is None and queue.bytes is None and _why(queue, "depth") == _why(queue, "drops")
        return known if told else known + _not_known("dropped", queue, "drops", width)
    dropped = f"{queue.drops:,} dropped"
    if queue.drops:
        return [line(" · ".join([*pieces, ""]), (dropped, BAD))]
    return [line((" · ".join([*pieces, dropped]), DIM))]


def _not_known(what: str, queue: Queue, field: str, width: int) -> list[Line]:
    return [line((part, DIM)) for part in wrap(f"{what} n/a ({_why(queue, field)})", max(20, width))]


def _why(queue: Queue, field: str) -> str:
    return queue.why.get(field, "the sample does not say")
