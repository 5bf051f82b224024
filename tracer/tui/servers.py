"""Which server the screen is about, and what is said of each: its place among all, how it stands, its class and settings.

Rule of this file: what a server is, it has told itself; whether its socket is there, the kernel says.
"""

from collections.abc import Mapping, Sequence

from tracer.kernel.queues import CLOSED
from tracer.probe.hooks import LOOPS
from tracer.recording.text import harmless
from tracer.timeline.moment import ContextMoment, Moment, OpenSpan, Queue, ServerMoment

from .lines import Line, line
from .marks import DIM
from .view import View


class Choice:
    """Which server is watched: the one that the person has chosen, also when it ends; until then the one where most happens.

    That is one whose loop runs; else one that is open; else the newest that has accepted anything. The one that was watched before
    stays as long as no other is better. Where a program calls handle_request again and again, its loop runs between two calls, too.
    """

    def __init__(self) -> None:
        self._chosen: int | None = None
        self._before: int | None = None
        self._turns: set[int] = set()  # servers that were seen in handle_request

    def of(self, moment: Moment, loops: Mapping[int, OpenSpan]) -> ServerMoment | None:
        """The server to watch. `loops` has the span of each loop that runs, by server."""
        self._turns.update(server for server, span in loops.items() if span.hook == "handle_request")
        found = next((one for one in moment.servers if one.server == self._chosen), None) or self._automatic(moment, loops)
        self._before = found.server if found is not None else None
        return found

    def _automatic(self, moment: Moment, loops: Mapping[int, object]) -> ServerMoment | None:
        alive = {process.process for process in moment.processes}
        open_ones = [one for one in moment.servers if one.process in alive and one.descriptor is not None and not is_shut(one)]
        looping = [one for one in moment.servers if one.server in loops or (one.server in self._turns and one in open_ones)]
        for good in (looping, open_ones):
            if good:
                return next((one for one in good if one.server == self._before), good[0])
        served = [one for one in moment.servers if one.accepted] or moment.servers
        return served[-1] if served else None

    def next(self, view: View) -> ServerMoment | None:
        """The person wants the one behind the one that `view` watches: that one; None if there is no other.

        Behind the last that was chosen, it is again the one where most happens.
        """
        servers = view.moment.servers
        if len(servers) < 2:
            return None
        if self._chosen is not None and view.place == len(servers):
            self._chosen = self._before = None
            return self._automatic(view.moment, view.loops)
        chosen = servers[view.place % len(servers)]
        self._chosen = chosen.server
        return chosen


def loop_of(context: ContextMoment) -> OpenSpan | None:
    """The loop that the context runs."""
    return next((span for span in context.stack if span.hook in LOOPS), None)


def has_socket(queue: Queue) -> bool:
    """Whether the kernel knew the server's socket when it was asked."""
    return CLOSED.why not in queue.why.values()


def is_shut(server: ServerMoment) -> bool:
    """Whether the kernel knows no such socket."""
    return server.queue is not None and not has_socket(server.queue)


def state(view: View, server: ServerMoment) -> str:
    """How a server stands, where that is not as one expects: `closed`, `its process has ended`, `not seen listening`; else ""."""
    if view.finished:
        return ""  # everything has ended
    if all(process.process != server.process for process in view.moment.processes):
        return "its process has ended"
    if server.server in view.closed:
        return "closed"
    return "not seen listening" if is_shut(server) else ""


def no_server(view: View) -> str:
    """What a panel says where there is no server."""
    return "no server was seen" if view.finished else "no server yet"


def why_no_server(view: View) -> str:
    """The same where there is more room."""
    if not view.finished:
        return "no server yet: the rail appears when the program builds one"
    return "the program ended; it built no server that was seen" if view.complete else "no server was recorded"


def is_a(server: ServerMoment, mixin: str) -> bool:
    """Whether the server's class has that mix-in of the framework's."""
    return any(name.rpartition(".")[2] == mixin for name in server.mro)


def alike(view: View, mixin: str) -> list[ServerMoment]:
    """The servers in the watched one's process that have that mix-in: what the process tells of them is told for all together."""
    process = view.server.process if view.server is not None else None
    return [one for one in view.moment.servers if one.process == process and is_a(one, mixin)]


def kept_threads(view: View) -> str:
    """How many threads the watched server keeps to join; "n/a" where others of its process do, too; "" where it keeps none."""
    process = view.process
    if process is None or process.believed_threads is None or view.server is None or not is_a(view.server, "ThreadingMixIn"):
        return ""
    return "n/a" if len(alike(view, "ThreadingMixIn")) > 1 else str(process.believed_threads)


def of_process(view: View) -> list[Line]:
    """A line for panels that show a whole process, if it has other servers beside the watched one."""
    process = view.server.process if view.server is not None else None
    count = sum(one.process == process for one in view.moment.servers)
    return [line((f"of the whole process, which has {count} servers", DIM))] if count > 1 else []


def details(view: View) -> str:
    """Every server in full: class, address, state, MRO, settings."""
    if not view.moment.servers:
        return no_server(view)
    return "\n\n".join(_details(view, number, one) for number, one in enumerate(view.moment.servers, 1))


def _details(view: View, number: int, server: ServerMoment) -> str:
    watched = " (watched)" if view.server is not None and view.server.server == server.server and len(view.moment.servers) > 1 else ""
    how = state(view, server)
    lines = [
        f"server {number} of {len(view.moment.servers)}{watched}: {server.class_name} {server.address}{', ' * bool(how)}{how}",
        f"  process   pid {server.pid}",
        f"  socket    {server.family or 'n/a'}, {server.kind or 'n/a'}",
        f"  handler   {server.handler or 'n/a'}",
        f"  accepted  {server.accepted:,}",
        *_column("MRO", server.mro),
        *_column("settings", [f"{name} = {value}" for name, value in server.settings.items()]),
    ]
    return "\n".join(map(harmless, lines))


def _column(name: str, items: Sequence[str]) -> list[str]:
    return [f"  {'' if place else name:10}{item}" for place, item in enumerate(items or ["n/a"])]
