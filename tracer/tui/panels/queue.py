"""The accept queue: who is connected and waits to be accepted."""

from textwrap import wrap

from tracer.timeline.moment import Queue, ServerMoment
from tracer.timeline.units import clock_time, count

from ..lines import Line, first, line
from ..marks import BAD, BOLD, DIM, ROOM, WAITING, WARN
from ..servers import no_server
from ..times import asked
from ..view import View
from .panel import Panel

_BOXES = 20  # a longer gauge is scaled


class QueuePanel(Panel, can_focus=True):
    """The kernel's accept queue of the watched server."""

    NAME = "Queue"
    HELP_TEXT = (
        "Clients that the kernel has connected and that the server has not accepted yet (get_request takes them). "
        "The limit is what listen() was given: request_queue_size; the kernel lets one more in, so 6 may wait where the limit is "
        "5 + 1. When it is full, new clients wait in connect(): the kernel drops their SYNs and counts them, and each client "
        "sends its SYN again after a second, then two, then four: several drops may be one client's, and none need be lost. "
        "A client that has left again stays in the queue until it is accepted.\n\n"
        "A UDP socket counts bytes of memory, not datagrams; a datagram that is dropped is lost. What the kernel does not tell "
        "is n/a, with the reason."
    )

    def title(self, view: View) -> str:
        if view.server is None:
            return self.NAME
        return f"{self.NAME} ─ {'to be received' if view.server.kind == 'datagram' else 'to be accepted'}"

    def needs(self, view: View, width: int) -> int:
        """How many lines it takes to say all."""
        return len(self._lines(view, width))

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        return first(self._lines(view, width), height)

    def _lines(self, view: View, width: int) -> list[Line]:
        if view.server is None:
            return [line((no_server(view), DIM))]
        queue = view.server.queue
        if queue is None:
            return [line(("n/a (no sample yet)", DIM))]
        last = asked(view, queue.end)
        if view.peak is not None and view.peak[0]:
            last += f" · most {view.peak[0]} at {clock_time(view.peak[1] - view.start)[:5]}"
        return [*_waiting(queue, width), *_dropped(view.server, queue, width), line((last, DIM))]


def _waiting(queue: Queue, width: int) -> list[Line]:
    if queue.depth is None:
        if queue.bytes is not None:
            return [line((f"{queue.bytes:,} bytes held by datagrams that wait", BOLD if queue.bytes else DIM))]
        return _not_known("waiting", queue, "depth", width)
    if queue.limit is None:
        return [line((f"{queue.depth} waiting", BOLD))]
    full = queue.depth > queue.limit
    words = f"{queue.depth} waiting, limit {queue.limit} + 1{': full' if full else ''}"
    style = BAD if full else WARN if queue.depth else DIM
    return [line((_gauge(queue.depth, queue.limit), style), " ", (words, style))]


def _gauge(depth: int, limit: int) -> str:
    if limit + 1 > _BOXES:  # ten boxes; one that is begun is drawn
        taken = min(10, -(-depth * 10 // (limit + 1)))
        return WAITING * taken + ROOM * (10 - taken)
    boxes = [WAITING if place < depth else ROOM for place in range(limit + 1)]
    return f"{''.join(boxes[:-1])}({boxes[-1]})"


def _dropped(server: ServerMoment, queue: Queue, width: int) -> list[Line]:
    if queue.drops is None:
        told = queue.depth is None and queue.bytes is None and _why(queue, "depth") == _why(queue, "drops")
        return [] if told else _not_known("dropped", queue, "drops", width)
    # For TCP they are no clients: each repeats its SYN until it gets in or gives up.
    noun = "datagram" if server.kind == "datagram" else "SYN" if server.family.startswith("inet") else "time"
    words = f"{count(queue.drops, noun)} dropped"
    if not queue.drops:
        return [line((words, DIM))]
    return [line((words, BAD), " (clients try again)" if noun == "SYN" else "")]


def _not_known(what: str, queue: Queue, field: str, width: int) -> list[Line]:
    return [line((part, DIM)) for part in wrap(f"{what} n/a ({_why(queue, field)})", max(20, width))]


def _why(queue: Queue, field: str) -> str:
    return queue.why.get(field, "the sample does not say")
