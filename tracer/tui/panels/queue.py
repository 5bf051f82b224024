"""The accept queue: who is connected and waits to be accepted."""

from tracer.timeline.moment import Queue, ServerMoment
from tracer.timeline.units import age, clock_time, count

from ..gauges import scaled
from ..lines import Line, first, line, wrapped
from ..marks import BAD, BOLD, DIM, LEVELS, ROOM, WAITING, WARN
from ..servers import no_server
from ..times import asked
from ..view import View
from .panel import Panel

_BOXES = 20  # a longer gauge is scaled
_LEAST_LEVELS, _MOST_LEVELS = 8, 24  # how long the line of levels is


class QueuePanel(Panel, can_focus=True):
    """The kernel's accept queue of the watched server."""

    NAME = "Queue"
    HELP_TEXT = (
        "Clients that the kernel has connected and that the server has not accepted yet (get_request takes them). "
        "The limit is what listen() was given: request_queue_size; the kernel lets one more in, so 6 may wait where the limit is "
        "5 + 1. When it is full, new clients wait in connect(): the kernel drops their SYNs and counts them, and each client "
        "sends its SYN again after a second, then two, then four: several drops may be one client's, and none need be lost. "
        "A client that has left again stays in the queue until it is accepted.\n\n"
        "The line of levels is how many waited in the newest samples, from empty (▁) to full (█), with the time that it covers.\n\n"
        "A UDP socket counts bytes of memory, of the receive buffer's, not datagrams; a datagram that is dropped is lost. Of a Unix "
        "datagram socket only the size of the next datagram is shown. What the kernel does not tell is n/a, with the reason."
    )

    def title(self, view: View) -> str:
        if view.server is None:
            return self.NAME
        return f"{self.NAME} ─ {'to be received' if view.server.kind == 'datagram' else 'to be accepted'}"

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        return first(self._lines(view, width), height)

    def _lines(self, view: View, width: int) -> list[Line]:
        if view.server is None:
            return [line((no_server(view), DIM))]
        queue = view.server.queue
        if view.process is None and view.mode in ("ended", "replay"):
            return [line(("the server's process has ended", DIM))]
        if queue is None:
            return [line(("n/a (no sample yet)", DIM))]
        last = asked(view, queue.end)
        peak = ""
        if view.peak is not None and view.peak[0]:
            peak = f" · peak {view.peak[0]} at {clock_time(view.peak[1] - view.start)[:5]}"
        before = _history(view.server.history, peak, width)
        last += "" if before else peak
        return [*_waiting(queue, width), *before, *_dropped(view.server, queue, width), line((last, DIM))]


def _history(samples: tuple[Queue, ...], peak: str, width: int) -> list[Line]:
    """What waited in the newest samples, as a line of levels, and how much time that is; nothing if there is no telling."""
    known = [(one.end, amount) for one in samples if (amount := one.depth if one.depth is not None else one.bytes) is not None]
    if len(known) < 2 or known[-1][0] != samples[-1].end or known[-1][0] == known[0][0]:
        return []
    words = f" last {age(known[-1][0] - known[0][0])}{peak}"
    newest = samples[-1]
    room = newest.limit + 1 if newest.limit is not None else newest.bytes_limit
    levels = _levels(known, room or max(amount for _, amount in known), min(_MOST_LEVELS, max(_LEAST_LEVELS, width - len(words))))
    return [line((levels, WARN if any(amount for _, amount in known) else DIM), (words, DIM))]


def _levels(known: list[tuple[int, int]], room: int, width: int) -> str:
    """The most that waited in each of so many equal parts of the time; what was seen holds until the next sample."""
    begin, end = known[0][0], known[-1][0]
    found = []
    place = 0
    for part in range(width):
        until = begin + (end - begin) * (part + 1) // width
        most = known[max(0, place - 1)][1]
        while place < len(known) and known[place][0] <= until:
            most = max(most, known[place][1])
            place += 1
        found.append(LEVELS[min(len(LEVELS) - 1, -(-most * (len(LEVELS) - 1) // max(1, room)))])
    return "".join(found)


def _waiting(queue: Queue, width: int) -> list[Line]:
    if queue.depth is None:
        if queue.bytes is not None:
            return [_held_bytes(queue, queue.bytes)]
        if queue.next_bytes is not None:
            following = (
                f"next datagram: {count(queue.next_bytes, 'byte')}" if queue.next_bytes else "no datagram waits, or an empty one"
            )
            return [line((following, BOLD if queue.next_bytes else DIM)), *_not_known("waiting", queue, "depth", width)]
        return _not_known("waiting", queue, "depth", width)
    if queue.limit is None:
        return [line((f"{queue.depth} waiting", BOLD))]
    full = queue.depth > queue.limit
    words = f"{queue.depth} waiting, limit {queue.limit} + 1{': full' if full else ''}"
    style = BAD if full else WARN if queue.depth else DIM
    return [line((_gauge(queue.depth, queue.limit), style), " ", (words, style))]


def _held_bytes(queue: Queue, held: int) -> Line:
    """The memory that datagrams hold, of the receive buffer's where that is known."""
    if not queue.bytes_limit:
        return line((f"{held:,} bytes held by datagrams that wait", BOLD if held else DIM))
    return line(
        (scaled(held, queue.bytes_limit), WARN if held else DIM),
        (f" {held:,} of {queue.bytes_limit:,} bytes wait", BOLD if held else DIM),
    )


def _gauge(depth: int, limit: int) -> str:
    if limit + 1 > _BOXES:
        return scaled(depth, limit + 1)
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
    return [line((part, DIM)) for part in wrapped(f"{what} n/a ({_why(queue, field)})", max(20, width))]


def _why(queue: Queue, field: str) -> str:
    return queue.why.get(field, "the sample does not say")
